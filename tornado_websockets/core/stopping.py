"""How a process stops: not ready, no new clients, those that are there told, handlers and ``close`` handlers ended."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from .conversation.threads import threads
from .delivery.shard import Shard
from .draining import drain_seconds, farewell, pause, tell
from .forking import after_fork
from .handlers.executor import end_by
from .handlers.workers import overtake
from .logger import logger
from .protocol.closing import GOING_AWAY, Close

#: Seconds that handlers get to end; then they are cancelled.
HANDLER_SECONDS: Final = 5.0

#: Seconds that they get at least after the last client was told.
LEAST_HANDLER_SECONDS: Final = 1.0

#: Seconds that ``close`` handlers get after that.
CLOSE_HANDLER_SECONDS: Final = 2.0

#: Seconds that it may take to end what goes on without clients, before they are told.
BACKGROUND_SECONDS: Final = 0.5

#: Seconds for which a server that closes connections by itself is held back for a client that takes nothing.
STANDSTILL_SECONDS: Final = 1.0

#: Seconds that calls of a store, or whatever else is in a thread then, get after that.
EXIT_SECONDS: Final = 1.0

#: Seconds between two looks at who is still there.
_LOOK_INTERVAL: Final = 0.02


class Stopping:
    """Whether this process is about to stop.

    :ivar has_begun: it is set once, by the signal, before anything else happens.
    """

    def __init__(self) -> None:
        self.has_begun = False
        after_fork(self.forget)

    def begin(self) -> None:
        """The process is about to stop. From any thread, and from handlers of signals."""
        self.has_begun = True

    def forget(self) -> None:
        """A forked process has a life of its own."""
        self.has_begun = False


#: That of this process.
stopping = Stopping()


@dataclass(frozen=True, slots=True)
class StopTimes:
    """How long a stop takes; in seconds.

    :ivar delay: for which everything is still served, though the process says that it is not ready.
    :ivar drain: over which clients are told, at most five; ``None`` for as long as needed.
    :ivar handlers: for handlers to end, from when no new clients come.
    :ivar close_handlers: for ``close`` handlers after that.
    :ivar echo: within which another signal is the first one, said again: systemd tells all processes of a unit, and the
        parent of workers tells them once more.
    """

    delay: float = 0.0
    drain: float | None = None
    handlers: float = HANDLER_SECONDS
    close_handlers: float = CLOSE_HANDLER_SECONDS
    echo: float = 1.0


class Stop:
    """The stop of one event loop's connections: :meth:`tell` everybody, then :meth:`end`.

    :param code: for the clients, of RFC 6455 or registered beside it, such as 1001.
    :param close_port: has the server take no new connections.
    """

    def __init__(
        self, shard: Shard, code: int, close_port: Callable[[], object], times: StopTimes = StopTimes()
    ) -> None:
        stopping.begin()
        self._shard = shard
        self._code = code
        self._close_port = close_port
        self._times = times
        self._began = shard.loop.time()
        self._now = asyncio.Event()
        self._close = Close(code)
        self._deadline = 0.0

    def hurry(self) -> None:
        """Another signal: tell everybody at once, and cancel handlers. ``close`` handlers still get their time."""
        if self._shard.loop.time() - self._began >= self._times.echo:
            self._now.set()

    async def tell(self) -> None:
        """Serve on for a while; close the port; then tell the clients, a few at a time."""
        await pause(self._times.delay, self._now)
        try:
            self._close_port()
        except Exception:
            logger.exception("Stopping, although the port cannot be closed")
        await _end_background(self._shard)
        now = self._shard.loop.time
        members = self._shard.members()
        seconds = drain_seconds(len(members), self._times.drain)
        self._deadline = now() + self._times.handlers
        self._close = farewell(len(members), seconds, self._code)
        await tell(members, self._close, seconds, self._now)
        self._deadline = max(self._deadline, now() + LEAST_HANDLER_SECONDS)

    async def heard(self) -> None:
        """Return when every close frame is out, behind what was sent before, and nobody is about to connect any more.

        For servers that then close what is open by themselves, without a reason. It ends with the time that handlers
        have, or when only those are left who take nothing.
        """
        shard, now = self._shard, self._shard.loop.time
        began = moved = now()
        before: list[int] = []
        while self.patience > 0 or now() < began + STANDSTILL_SECONDS:
            shard.close_all(*self._close)
            backlogs = [member.backlog for member in shard.members()]
            left = [len(shard.arriving), *(backlog for backlog in backlogs if backlog is not None)]
            if left == [0] and not shard.is_closing:
                return
            if left != before or shard.is_closing:
                before, moved = left, now()
            elif now() >= moved + STANDSTILL_SECONDS:
                break
            await asyncio.sleep(_LOOK_INTERVAL)
        shard.refuse_arriving(self._close)

    @property
    def patience(self) -> float:
        """Seconds that handlers still have, once :meth:`tell` has returned."""
        return 0.0 if self._now.is_set() else max(0.0, self._deadline - self._shard.loop.time())

    async def end(self, patience: float | None = None) -> bool:
        """Return when all connections have gone, and their ``close`` handlers are through.

        :param patience: seconds for handlers to end by themselves; by default what they still have.
        :returns: whether all have gone.
        """
        left = self.patience if patience is None else patience
        return await stop(self._shard, left, self._times.close_handlers, self._close, self._now)


async def stop(
    shard: Shard,
    patience: float = HANDLER_SECONDS,
    last: float = CLOSE_HANDLER_SECONDS,
    close: Close = Close(GOING_AWAY),  # noqa: B008 it is frozen
    now: asyncio.Event | None = None,
) -> bool:
    """Close every connection, and return when all have gone and their ``close`` handlers are through.

    :param patience: seconds for handlers to end by themselves.
    :param last: seconds for ``close`` handlers after that.
    :param close: what those clients are told that were not told before.
    :param now: patience is over once it is set.
    :returns: whether all have gone.
    """
    end_by(monotonic() + patience + last + EXIT_SECONDS)
    await _end_background(shard)
    if await _is_left(shard, patience, close, now):
        return True
    logger.warning("Stopping, although handlers are still running after %.2g seconds", patience)
    shard.refuse_arriving(close)
    shard.cancel_handlers()
    overtake()
    threads.abandon_threads()
    return await _is_left(shard, last, close)


async def _end_background(shard: Shard) -> None:
    """End what goes on without clients; what would have begun it when they leave does not, once the stop has begun."""
    with suppress(TimeoutError):
        async with asyncio.timeout(BACKGROUND_SECONDS):
            while shard.endings:
                endings = [shard.endings.pop()() for _ in range(len(shard.endings))]
                await asyncio.gather(*endings)


async def _is_left(shard: Shard, seconds: float, close: Close, now: asyncio.Event | None = None) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not shard.is_empty and not (now and now.is_set()):
                shard.close_all(*close)  # those, too, whose handshake was on its way
                await asyncio.sleep(_LOOK_INTERVAL)
    return shard.is_empty
