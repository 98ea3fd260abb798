"""What a server writes, read while it is being written."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

#: Seconds for anything that a test waits for.
DEADLINE = 10.0

#: What a healthy server never writes.
TROUBLE = re.compile(r"Traceback|never awaited|never retrieved|was destroyed")

_TRACEBACK = r"Traceback \(most recent call last\):\n(?: .*\n)+\S.*\n"
_LINK = r"\n(?:During handling of the above exception|The above exception was the direct cause).*\n\n"
_CHAIN = rf"{_TRACEBACK}(?:{_LINK}{_TRACEBACK})*"
_TASK = r"future: .*\n(?:source_traceback: .*\n(?: .*\n)+)?"
_RECORD = re.compile(rf"^.*\n(?:{_TASK})?(?P<chain>{_CHAIN})", re.MULTILINE)

#: Where our own code lies; what passes through none of it is a library's own affair.
_OURS = ("/tornado_websockets/", "/channels_bridge/", "/tests/")


class Log:
    """The output of one process, of which a test sees what was written since the last :meth:`check`.

    :ivar forgiven: a library whose own tracebacks are no trouble, where a test makes trouble for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.forgiven = ""
        self._start = 0
        self._expected: list[tuple[str, int]] = []

    @property
    def text(self) -> str:
        """What was written since the last check."""
        return self._read().decode(errors="replace")

    def count(self, pattern: str) -> int:
        """How often it was written since the last check."""
        return len(re.findall(pattern, self.text, re.MULTILINE))

    def notes(self, key: str) -> list[str]:
        """What the handlers of the project noted under ``key``, in order."""
        return re.findall(rf"^note {re.escape(key)} (.*)$", self.text, re.MULTILINE)

    async def wait_for(self, pattern: str, within: float = DEADLINE) -> re.Match[str]:
        """The first thing of that kind written since the last check."""
        return await _until(lambda: re.search(pattern, self.text, re.MULTILINE), within)

    async def wait_for_notes(self, key: str, count: int) -> list[str]:
        """The notes under ``key``, once there are that many."""
        return await _until(lambda: self.notes(key) if len(self.notes(key)) >= count else None, DEADLINE)

    async def wait_for_error(self, message: str) -> str:
        """A record with a traceback, which is one that :meth:`check` will not complain of."""
        pattern = rf"^.*{re.escape(message)}.*\n{_CHAIN}"
        found = await self.wait_for(pattern)
        self._expected.append((pattern, 1))
        return found[0]

    async def wait_for_errors(self, message: str, count: int) -> None:
        """So many records with a traceback, of which :meth:`check` will not complain."""
        pattern = rf"^.*{re.escape(message)}.*\n{_CHAIN}"
        await _until(lambda: self.count(pattern) >= count or None, DEADLINE)
        self._expected.append((pattern, count))

    def check(self) -> None:
        """Fail if there is trouble that was not waited for; what comes now is looked at next time."""
        written = self._read()
        self._start += len(written)
        text = written.decode(errors="replace")
        expected, self._expected = self._expected, []
        for pattern, count in expected:
            text = re.sub(pattern, "", text, count=count, flags=re.MULTILINE)
        text = _RECORD.sub(self._forgive, text)
        assert not TROUBLE.search(text), text

    def _read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._start)
            return file.read()

    def _forgive(self, record: re.Match[str]) -> str:
        chain = record["chain"]
        is_forgiven = self.forgiven and f"/{self.forgiven}/" in chain and not any(part in chain for part in _OURS)
        return "" if is_forgiven else record[0]


async def _until(look: Callable[[], T | None], within: float) -> T:
    """What there is to be seen, once it is there."""
    async with asyncio.timeout(within):
        while (seen := look()) is None:  # noqa: ASYNC110 nobody tells when another process writes
            await asyncio.sleep(0.01)
    return seen
