"""What sending returns."""

from collections.abc import Generator
from typing import Any

from .lane import Lane
from .outbox import Outbox


class Sent:
    """What sending returns. Awaiting it is optional, and gives a slow client time to catch up."""

    __slots__ = ("_lane", "_outbox")

    def __init__(self, lane: Lane | None, outbox: Outbox | None = None) -> None:
        self._lane = lane
        self._outbox = outbox

    def __await__(self) -> Generator[Any, Any, None]:
        if self._lane is not None and self._lane.is_here:
            yield from self._lane.settle().__await__()
            if self._outbox is not None:
                yield from self._outbox.room().__await__()
