"""Those who have more to do, and those who connect together, go on a few at a time: turns of the loop stay short."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

#: Seconds that a turn of the event loop should take while somebody waits here.
SECONDS: Final = 0.005

#: How many are let through in one turn of the event loop at most.
MOST: Final = 64

#: How many are let in in one turn of the event loop: a handshake takes half a millisecond of a core and more.
MOST_IN: Final = 16

#: How many are called in one turn, those included who have left: they only end.
MOST_WOKEN: Final = 10 * MOST_IN


class Turnstile:
    """Lets those who have more to do go on, first come first served, as many at a time as keep the loop's turns short.

    Used on its event loop's thread only.

    :param most: how many are let through in one turn of the loop at most.
    """

    __slots__ = ("_batch", "_is_scheduled", "_last", "_loop", "_most", "_owed", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int = MOST) -> None:
        self._loop = loop
        self._most = most
        self._waiting: deque[Callable[[], int]] = deque()
        self._batch = 1  # let through in one turn
        self._owed = 0  # let through beyond that, since some count as many
        self._last: float | None = None  # when the turn before began, while some wait
        self._is_scheduled = False

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def queue(self, go_on: Callable[[], int]) -> None:
        """Call ``go_on`` when it is its turn, which may be queued again for the next one.

        :param go_on: returns whether somebody goes on: whoever waited may have left; or as how many that counts.
        """
        self._waiting.append(go_on)
        self._schedule()

    async def wait(self, weight: int = 1) -> None:
        """Return when it is the caller's turn.

        :param weight: as how many the caller counts: for as many turns as these would have taken, nobody else is let
            through, so that between two who take a turn or more each, there are some for those who do not wait here.
        """
        turn = self._loop.create_future()
        self.queue(lambda: _wake(turn) * weight)
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
            for _ in range(len(self._waiting)):  # who queues itself again waits for another turn
                if self._owed >= self._batch:
                    break
                self._owed += self._waiting.popleft()()
        finally:  # what one raises is for the event loop to report, and no reason for the others to wait
            self._owed = max(0, self._owed - self._batch)
            if self._waiting or self._owed:
                self._last = now
                self._schedule()
            else:  # those who come next may have more to do than these
                self._last, self._batch = None, 1


class Door:
    """Lets those in who connect, first come first served: so many in each turn of the event loop.

    Unlike a turnstile's, their number is fixed: most of a turn may be what others are told of them, so that its length
    says little of how many handshakes it has room for. Used on its event loop's thread only.

    :param most: how many are let in in one turn.
    :ivar came: how many have come so far.
    """

    __slots__ = ("_called", "_is_scheduled", "_loop", "_most", "_room", "_waiting", "came")

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int = MOST_IN) -> None:
        self._loop = loop
        self._most = most
        self._room = most  # for how many this turn still has
        self._called = 0  # how many of those who have waited come in with the next one
        self._waiting: deque[Callable[[], bool]] = deque()
        self._is_scheduled = False
        self.came = 0

    @property
    def has_waiting(self) -> bool:
        """Whether somebody has come and is not in yet."""
        return bool(self._called or self._waiting)

    async def enter(self, has_left: Callable[[], bool] = lambda: False) -> None:
        """Return when it is the caller's turn: at once, where few come.

        :param has_left: whether the caller's client has, which takes no place of others then.
        """
        turn = self.come(has_left)
        if turn is not None:
            await turn

    def come(self, has_left: Callable[[], bool]) -> "asyncio.Future[None] | None":
        """Come in at once, where few come; see :meth:`enter`.

        :returns: what is done when it is the caller's turn, where many come; else ``None``.
        """
        if self.lets_in():
            return None
        turn = self._loop.create_future()
        self.queue(lambda: _wake(turn) and not has_left())
        return turn

    def lets_in(self) -> bool:
        """Whether one who has come may come in at once. Who may not has to :meth:`queue`."""
        self.came += 1
        self._schedule()
        if not self._room or self.has_waiting:
            return False
        self._room -= 1
        return True

    def queue(self, come_in: Callable[[], bool]) -> None:
        """Call ``come_in`` when it is its turn.

        :param come_in: returns whether somebody comes in: whoever waited may have left.
        """
        self._waiting.append(come_in)

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._room, self._called, self._is_scheduled = self._most - self._called, 0, False
        try:
            for _ in range(min(len(self._waiting), MOST_WOKEN)):
                self._called += self._waiting.popleft()()
                if self._called == self._most:
                    break
        finally:  # what one raises is for the event loop to report, and no reason for the others to wait
            if self._called or self._waiting or self._room < self._most:
                self._schedule()


def _wake(turn: "asyncio.Future[None]") -> bool:
    """Let whoever waits go on. Returns whether somebody still did."""
    if turn.done():  # who waited may have been cancelled
        return False
    turn.set_result(None)
    return True
