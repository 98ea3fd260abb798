"""What sending returns: something that has begun, and may be awaited."""

from abc import abstractmethod
from collections.abc import Coroutine, Generator, Hashable
from typing import Any

from .lane import Lane
from .outbox import Outbox


class Begun(Coroutine[Any, Any, None]):
    """Something that goes on whether or not it is awaited; a coroutine, so that ``asyncio.create_task`` takes it."""

    __slots__ = ("_steps",)

    _steps: Generator[Any, Any, None]

    @abstractmethod
    def __await__(self) -> Generator[Any, Any, None]: ...

    def send(self, value: Any) -> Any:
        return self._begin().send(value)

    def throw(self, *error: Any) -> Any:
        return self._begin().throw(*error)

    def close(self) -> None:
        self._begin().close()

    def _begin(self) -> Generator[Any, Any, None]:
        if not hasattr(self, "_steps"):
            self._steps = self.__await__()
        return self._steps


class Sent(Begun):
    """What sending returns. Awaiting it is optional, and gives a slow client time to catch up."""

    __slots__ = ("_lane", "_outbox", "_sender")

    def __init__(self, lane: Lane | None, sender: Hashable = None, outbox: Outbox | None = None) -> None:
        self._lane = lane
        self._sender = sender
        self._outbox = outbox

    def __await__(self) -> Generator[Any, Any, None]:
        if self._lane is not None and self._lane.is_here:
            yield from self._lane.settle(self._sender).__await__()
            if self._outbox is not None:
                yield from self._outbox.room().__await__()
