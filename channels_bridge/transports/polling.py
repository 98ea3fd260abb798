"""Looking at many connections every so often: a timer for each would cost more than most messages do."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")


class Poll(Generic[T]):
    """Looks at everything it was given, on the event loop that gave it.

    :param interval: seconds between two looks.
    :param look: called with each.
    """

    def __init__(self, interval: float, look: Callable[[T], None]) -> None:
        self._interval = interval
        self._look = look
        self._members: dict[asyncio.AbstractEventLoop, set[T]] = {}  # where a timer runs

    def add(self, thing: T) -> None:
        """Look at ``thing`` from now on. Pairs with :meth:`remove`."""
        loop = asyncio.get_running_loop()
        members = self._members.get(loop)
        if members is None:
            members = self._members[loop] = set()
            # Of nobody: the timer outlives whoever was here first.
            loop.call_later(self._interval, self._tick, loop, members, context=Context())
        members.add(thing)

    def remove(self, thing: T) -> None:
        """Look at it no more."""
        members = self._members.get(asyncio.get_running_loop())
        if members is not None:
            members.discard(thing)

    @property
    def is_resting(self) -> bool:
        """Whether no timer runs."""
        return not self._members

    def _tick(self, loop: asyncio.AbstractEventLoop, members: set[T]) -> None:
        if not members:
            del self._members[loop]
            return
        loop.call_later(self._interval, self._tick, loop, members)  # first: a look may fail
        for thing in list(members):
            self._look(thing)
