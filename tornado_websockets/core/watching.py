"""Who is told what becomes of events, besides those who handle them: nobody, as a rule."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a handler has ended."""

    HANDLED = "handled"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Are called when a handler has ended, with its client, the event, the seconds that it took, and how it ended.
on_handled: list[Callable[[Any, str, float, Outcome], object]] = []

#: Are called when an event was refused, with its client, the event, ``None`` where it was not read, and the code.
on_refused: list[Callable[[Any, str | None, str], object]] = []
