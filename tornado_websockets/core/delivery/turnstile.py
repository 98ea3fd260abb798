"""Who has much to do goes on bit by bit, so that one turn of the event loop stays short for everybody."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

#: Seconds that a turn of the event loop should take while somebody waits here.
SECONDS: Final = 0.005

#: How many are let through in one turn of the event loop at most.
MOST: Final = 64


class Turnstile:
    """Lets those who have more to do go on, first come first served, as many at a time as keep the loop's turns short.

    Used on its event loop's thread only.

    :param most: how many are let through in one turn of the loop at most.
    """

    __slots__ = ("_batch", "_is_scheduled", "_last", "_loop", "_most", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int = MOST) -> None:
        self._loop = loop
        self._most = most
        self._waiting: deque[Callable[[], None]] = deque()
        self._batch = 1  # let through in one turn
        self._last: float | None = None  # when the turn before began, while some wait
        self._is_scheduled = False

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def queue(self, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` when it is its turn, which may be called again for the next one."""
        self._waiting.append(go_on)
        self._schedule()

    async def wait(self) -> None:
        """Return when it is the caller's turn."""
        turn = self._loop.create_future()
        self.queue(lambda: None if turn.done() else turn.set_result(None))  # who waited may have been cancelled
        await turn

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._let_through)

    def _let_through(self) -> None:
        self._is_scheduled = False
        now = monotonic()
        if self._last is not None:
            self._batch = max(1, self._batch // 2) if now - self._last > SECONDS else min(self._most, self._batch + 1)
        try:
            for _ in range(min(self._batch, len(self._waiting))):
                self._waiting.popleft()()
        finally:  # what one raises is for the event loop to report, and no reason for the others to wait
            self._last = now if self._waiting else None
            if self._waiting:
                self._schedule()
