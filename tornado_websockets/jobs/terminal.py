"""A bar on a terminal: the job of a command, for whoever has typed it."""

from __future__ import annotations

import shutil
import sys
import threading
from contextlib import suppress
from time import monotonic
from typing import Any, Final, TextIO

from ..core.delivery.shard import is_loop_running

#: Seconds from one drawing to the next, and characters of the bar.
INTERVAL: Final = 0.1
WIDTH: Final = 24


def terminal() -> TextIO | None:
    """Where a job prints: the terminal of standard error, for what its process does in the first place.

    What runs in a thread, or on an event loop, is a server's, whose terminal has lines of its own.
    """
    stream = sys.stderr
    is_of_a_command = threading.current_thread() is threading.main_thread() and not is_loop_running()
    return stream if is_of_a_command and stream is not None and stream.isatty() else None


class Drawing:
    """One line that is drawn anew, with lines of a log above it.

    :param stream: a terminal.
    :param name: of the job.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._drawn_at = 0.0

    def draw(self, data: dict[str, Any], *, is_last: bool = False) -> None:
        """Draw where the bar stands, unless that was done a moment ago."""
        now = monotonic()
        if is_last or now >= self._drawn_at + INTERVAL:
            self._drawn_at = now
            width = shutil.get_terminal_size().columns
            self._write(f"\r{line_of(self._name, data)[: width - 1]}\x1b[K" + ("\n" if is_last else ""))

    def log(self, line: str) -> None:
        """Print a line above the bar."""
        self._write(f"\r{_plain(line)}\x1b[K\n")
        self._drawn_at = 0.0

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # it was closed; the job goes on
            self._stream.write(text)
            self._stream.flush()


def line_of(name: str, data: dict[str, Any]) -> str:
    """Where a bar stands, in one line."""
    stage, outcome = data.get("stage"), data.get("outcome")
    parts = [name]
    if stage:
        of = f" of {stage['of']}" if stage["of"] else ""
        parts.append(f"{stage['name']} ({stage['index']}{of})")
    if not data["indeterminate"]:
        start, end, current = data["min"], data["max"], data["current"]
        share = min(1.0, max(0.0, (current - start) / (end - start))) if end > start else 1.0
        filled = int(share * WIDTH)
        parts.append(f"[{'#' * filled}{'.' * (WIDTH - filled)}] {int(share * 100):3}%")
    parts += [str(part) for part in (data.get("label"), outcome) if part]
    return _plain("  ".join(parts))


def _plain(text: str) -> str:
    """Text that moves no cursor: rows of a file come from strangers."""
    return "".join(character if character.isprintable() else " " for character in text)
