"""What somebody is told who wrote something wrong: what they may have meant, and in which line they wrote it."""

import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_PACKAGE: Final = __name__.partition(".")[0]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question, and a space behind it, for a sentence that says what is not there; empty where nothing is alike."""
    close = get_close_matches(name, list(names), n=1)
    return f"Did you mean {close[0]!r}? " if close else ""


def warn_writer(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the line of the project from which this package was called.

    It is looked for, since no number of frames holds for all: Python 3.12 has none for a comprehension, 3.11 has one.
    """
    frame, level = sys._getframe(), 1  # noqa: SLF001 as the module warnings itself does
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)
