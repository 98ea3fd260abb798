"""Looking at many connections every so often: a timer for each would cost more than most messages do."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Clock(Generic[T]):
    """Looks at everything it was given, on the event loop that gave it.

    :param interval: seconds between two looks.
    :param look: called with each.
    """

    def __init__(self, interval: float, look: Callable[[T], None]) -> None:
        self._interval = interval
        self._look = look
        self._watched: dict[asyncio.AbstractEventLoop, set[T]] = {}  # where a timer runs

    def add(self, thing: T) -> None:
        """Look at ``thing`` from now on. Pairs with :meth:`remove`."""
        loop = asyncio.get_running_loop()
        watched = self._watched.get(loop)
        if watched is None:
            watched = self._watched[loop] = set()
            loop.call_later(self._interval, self._tick, loop, watched)
        watched.add(thing)

    def remove(self, thing: T) -> None:
        """Look at it no more."""
        watched = self._watched.get(asyncio.get_running_loop())
        if watched is not None:
            watched.discard(thing)

    def _tick(self, loop: asyncio.AbstractEventLoop, watched: set[T]) -> None:
        if not watched:
            del self._watched[loop]
            return
        loop.call_later(self._interval, self._tick, loop, watched)  # first: a look may fail
        for thing in list(watched):
            self._look(thing)
