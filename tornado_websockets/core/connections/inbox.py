"""What one client has sent and is not handled yet: one message at a time, in order, and when to read on meanwhile."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Work = Callable[[], Awaitable[None]]

#: Messages that may be at work, or wait, while the server reads on. With one, a client that sends the next message when
#: it has the answer to the last is never waited for, which would take the server two more turns of the event loop.
AHEAD = 1

#: Seconds between two looks at whether the same handler keeps the server from reading. Then it reads on, so that pings
#: are answered, and a client that leaves is noticed: a handler may run for minutes. Two such times must be less than
#: the two seconds within which a ``tws.ping`` is answered.
READ_ON_AFTER = 0.8

#: Messages, and bytes of them, that may wait then.
MAX_WAITING, MAX_WAITING_BYTES = 100, 1_000_000

#: Pieces begun within the caller's turn of the event loop, before others get theirs.
BEGUN_IN_A_ROW = 32


class _Piece:
    """Some work, and a future for whoever waits for it."""

    __slots__ = ("done", "size", "work")

    def __init__(self, work: Work, size: int) -> None:
        self.work = work
        self.size = size
        self.done: asyncio.Future[None] | None = None

    def finish(self) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(None)


class Inbox:
    """A client's incoming messages, handled in order; says when the server should pause reading.

    A task does the work, one piece after the other, and lives while there is some.

    :param fail: called with the error of one that failed.
    :param has_client: asked before more is read while the same piece is at work, and every :data:`READ_ON_AFTER`
        seconds for as long as nothing can be: a client that leaves is noticed by no other means then.
    """

    def __init__(self, fail: Callable[[Exception], None], has_client: Callable[[], bool] = lambda: True) -> None:
        self._fail = fail
        self._has_client = has_client
        self._pieces: deque[_Piece] = deque()  # that of which the turn is included
        self._size = self._begun = 0
        self._last: _Piece | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_running = self._is_at_work = self._is_long = self._is_cancelling = self._reads_on = False
        self._reading: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, work: Work, size: int = 0) -> asyncio.Future[None] | None:
        """Do ``work`` after all that was begun before.

        :param size: in bytes.
        :returns: what to wait for before more is read; ``None`` if for nothing.
        """
        piece = self._begin(work, size)
        if len(self._pieces) <= AHEAD or ((self._is_long or self._reads_on) and self._has_room):
            return None
        piece.done = self._reading = asyncio.get_running_loop().create_future()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(READ_ON_AFTER, self._look, piece.done)
        return piece.done

    def end(self, work: Work, seconds: float) -> asyncio.Future[None]:
        """Do ``work`` last.

        :param seconds: until what is not begun by then is dropped, though the piece that is at work may take longer.
        :returns: what to wait for until it is done.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._last = piece = self._begin(work, 0)
        if len(self._pieces) > 2:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.drop)
        piece.done = asyncio.get_running_loop().create_future()
        if not self._pieces:
            piece.finish()
        return piece.done

    def drop(self) -> None:
        """Drop what waits, though not the piece that is at work, nor what is to be done last."""
        for piece in list(self._pieces)[1:]:
            if piece is not self._last:
                self._pieces.remove(piece)
                self._size -= piece.size
                piece.finish()

    def read_on(self) -> None:
        """Let the server read, from now on, while some work is not done, as long as little waits."""
        self._reads_on = True
        if self._reading is not None and not self._reading.done() and self._has_room:
            self._reading.set_result(None)

    def cancel_current(self) -> None:
        """Cancel the piece of which the turn is, and go on to the next."""
        if self._task is None or self._task.done() or self._is_cancelling:
            return
        if self._is_at_work:
            self._is_cancelling = True
            self._task.cancel()
        else:  # a task that is cancelled before its first step runs nothing
            asyncio.get_running_loop().call_soon(self.cancel_current)

    @property
    def is_busy(self) -> bool:
        """Whether some work is not done yet."""
        return bool(self._pieces)

    @property
    def is_holding(self) -> bool:
        """Whether the server reads nothing until some work is done."""
        return self._reading is not None and not self._reading.done()

    @property
    def _has_room(self) -> bool:
        return len(self._pieces) <= MAX_WAITING and self._size <= MAX_WAITING_BYTES

    def _begin(self, work: Work, size: int) -> _Piece:
        piece = _Piece(work, size)
        self._pieces.append(piece)
        self._size += size
        if not self._is_running:
            self._is_running = True
            self._begun += 1
            self._task = _start(self._run(), is_eager=self._begun % BEGUN_IN_A_ROW != 0)
        return piece

    async def _run(self) -> None:
        self._is_at_work = True
        try:
            while self._pieces:
                await self._do(self._pieces[0])
        finally:
            self._is_running = self._is_at_work = self._is_long = False

    async def _do(self, piece: _Piece) -> None:
        try:
            await piece.work()
        except Exception as error:
            self._fail(error)
        except asyncio.CancelledError:
            if not self._is_cancelling or self._task is None or self._task.uncancel() > 0:
                raise
        finally:
            self._is_cancelling = False
            self._pieces.popleft()
            self._size -= piece.size
            piece.finish()

    def _look(self, before: asyncio.Future[None] | None) -> None:
        """Let the server read on if it has been waiting for the same piece of work since the last look."""
        self._timer = None
        reading = self._reading
        if reading is None or reading.done():
            return
        if reading is before:
            self._is_long = True
            if self._has_client() and self._has_room:
                reading.set_result(None)
        self._timer = asyncio.get_running_loop().call_later(READ_ON_AFTER, self._look, reading)


def _start(work: Coroutine[Any, Any, None], *, is_eager: bool) -> asyncio.Task[None]:
    """Start a task, in the caller's turn of the event loop if Python can: most messages need no more."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=is_eager)
    return loop.create_task(work)
