"""The way in: one channel for the process, in the group of every path that has a client here."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from tornado_websockets.core.counters import counters
from tornado_websockets.core.groups import group_name

from .complaints import Complaints
from .membership import OWN, membership_in

logger = logging.getLogger("tornado_websockets")

#: Seconds one call of the layer may take.
CALL_TIMEOUT = 2.0

#: Seconds a client's handshake waits for its path to be joined.
WAIT_TIMEOUT = 2.0

#: Seconds between two joins of the same groups: Redis forgets them when it restarts, is flushed or lets them expire.
REJOIN_INTERVAL = 5.0

#: Seconds by which each path lengthens that, so that many paths do not keep the layer busy.
REJOIN_PACE = 0.005

#: Of the time after which the layer lets groups expire, the part within which they are joined again in any case.
REJOIN_SHARE = 1 / 3

#: Seconds before the layer is tried again after an error; the first time, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 0.5

#: Failures to receive in a row that mean trouble, when each comes within so many seconds: an idle connection that times
#: out takes longer.
OFTEN, QUICKLY = 10, 1.0

#: Messages taken in a row before other tasks get their turn.
BURST = 16

#: Seconds to wait after as many that cannot be read: a layer that is broken in a way that looks like that shall not
#: take all of the processor. What comes after a thousand of them is held up by less than a tenth of a second.
BREATH = 0.001

#: What layers raise for a message that cannot be decoded, besides the errors of these libraries.
_UNREADABLE = (ValueError, TypeError, LookupError)
_DECODERS = frozenset({"cryptography", "msgpack"})


def is_unreadable(error: Exception) -> bool:
    """Whether ``receive`` of a layer failed by what is in the message, and not by the layer."""
    return isinstance(error, _UNREADABLE) or type(error).__module__.partition(".")[0] in _DECODERS


class _Outage:
    """Failures to receive in a row, with no message in between."""

    def __init__(self) -> None:
        self.pause = FIRST_PAUSE
        self.failures = 0  # in a row that came quickly
        self.is_told = False


class Receiver:
    """Receives from ``layer`` on the event loop it was made on, for as long as some path is wanted.

    Two tasks: one keeps the channel in the groups of the wanted paths, one takes what arrives. Neither ends by an
    error of the layer, or of a message; both end when the last path is left.

    :param take: called with each message, which may be anything.
    :param forget: called with each path that is left.
    :param paths: wanted from the beginning.
    """

    def __init__(
        self,
        layer: Any,
        take: Callable[[dict[str, Any]], None],
        forget: Callable[[str], None],
        paths: Iterable[str] = (),
    ) -> None:
        self.layer = layer
        self.loop = asyncio.get_running_loop()
        self.is_stopped = False
        self._take = take
        self._forget = forget
        self._wanted = set(paths)
        self._leaving = 0  # who waits for a group to be left
        self._joined: set[str] = set()
        self._pending: dict[str, None] = {}  # to be joined or left, first come first served
        self._refresh = dict.fromkeys(paths)  # to be joined once more, when nothing is pending
        self._refreshed = self.loop.time()
        self._waiters: dict[str, asyncio.Future[None]] = {}
        self._membership = membership_in(layer)
        self._work = asyncio.Event()
        self._is_down = False
        self._channel: str | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._complaints = Complaints()
        self._unread = 0
        self._joining = self.loop.create_task(self._keep_joined())

    @property
    def is_alive(self) -> bool:
        """Whether its loop runs and it has paths."""
        return not self.is_stopped and self.loop.is_running()

    async def join(self, path: str) -> None:
        """Want ``path``; returns when its group is joined, or cannot be joined soon."""
        self._wanted.add(path)
        if path not in self._joined:
            await self._attend(path)

    async def leave(self, path: str) -> None:
        """Want ``path`` no more; returns when its group is left, or cannot be left soon."""
        self._wanted.discard(path)
        self._leaving += 1
        try:
            await self._attend(path)
        finally:
            self._leaving -= 1
        if path not in self._wanted:
            self._forget(path)
        if not self._wanted and not self._leaving and not self.is_stopped:
            await self._stop()

    async def _attend(self, path: str) -> None:
        self._pending[path] = None
        self._work.set()
        if self._is_down:
            return
        waiter = self._waiters.get(path)
        if waiter is None:
            waiter = self._waiters[path] = self.loop.create_future()
        either = waiter, self._joining  # which ends with its loop, and nothing is joined or left any more
        done, _ = await asyncio.wait(either, timeout=WAIT_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            logger.warning("The channel layer takes long to join or leave a group (path %.64r)", path)

    async def _keep_joined(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._do_pending()
            except Exception as error:
                self._report_down(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                self._refresh_all()
            else:
                self._report_up()
                pause = FIRST_PAUSE
                await self._wait_for_work()

    async def _do_pending(self) -> None:
        channel = self._channel
        if channel is None:
            async with asyncio.timeout(CALL_TIMEOUT):
                channel = self._channel = await self.layer.new_channel(OWN)
            self._receiving = self.loop.create_task(self._receive(channel))
        while queue := self._pending or self._refresh:
            paths = list(islice(queue, self._membership.at_once))
            for path in paths:
                del queue[path]
            try:
                async with asyncio.timeout(CALL_TIMEOUT):
                    await self._do(paths, channel)
            except BaseException:
                self._pending.update(dict.fromkeys(paths))
                raise
            for path in paths:
                if path not in self._pending:  # nobody has changed their mind meanwhile
                    self._release(path)

    async def _do(self, paths: Sequence[str], channel: str) -> None:
        """Bring the layer's view of ``paths`` in line with ours."""
        wanted = [path for path in paths if path in self._wanted]
        if wanted:
            await self._membership.renew([group_name(path) for path in wanted], channel)
            self._joined.update(wanted)
        for path in paths:
            if path in self._joined and path not in self._wanted:
                await self._discard(path, channel)

    async def _discard(self, path: str, channel: str) -> None:
        self._joined.discard(path)  # first: who joins meanwhile must not take it for joined
        try:
            await self.layer.group_discard(group_name(path), channel)
        except BaseException:
            self._joined.add(path)
            raise

    async def _wait_for_work(self) -> None:
        interval = max(REJOIN_INTERVAL, len(self._wanted) * REJOIN_PACE)
        if self._membership.lifetime is not None:
            interval = min(interval, self._membership.lifetime * REJOIN_SHARE)
        try:
            async with asyncio.timeout_at(self._refreshed + interval):  # however many come and go meanwhile
                await self._work.wait()
        except TimeoutError:
            self._refresh_all()
        self._work.clear()

    def _refresh_all(self) -> None:
        self._refresh = dict.fromkeys(self._wanted)
        self._refreshed = self.loop.time()

    async def _receive(self, channel: str) -> None:
        taken, outage = 0, _Outage()
        while True:
            asked = self.loop.time()
            try:
                message = await self.layer.receive(channel)
            except Exception as error:
                if is_unreadable(error):
                    await self._skip(error)
                else:
                    await self._sit_out(error, outage, is_quick=self.loop.time() < asked + QUICKLY)
            else:
                outage = _Outage()
                self._take(message)
                taken += 1
                if taken % BURST == 0:  # a layer that always has a message would never let others run
                    await asyncio.sleep(0)

    async def _skip(self, error: Exception) -> None:
        """Count and log a message that cannot be read; the next one shall not wait for that."""
        counters.messages_invalid += 1
        message = "A message of the channel layer cannot be read, perhaps it is not ours: %s: %r"
        self._complaints.add("unreadable", message, type(error).__name__, str(error)[:200])
        self._unread += 1
        await asyncio.sleep(0 if self._unread % BURST else BREATH)

    async def _sit_out(self, error: Exception, outage: "_Outage", *, is_quick: bool) -> None:
        """An idle connection has timed out, or the layer has gone down."""
        outage.failures = outage.failures + 1 if is_quick else 0
        if outage.failures >= OFTEN and not self._is_down and not outage.is_told:
            outage.is_told = True
            logger.error("The channel layer gives no messages, clients here miss them: %r", error)
        logger.debug("Receiving from the channel layer failed, trying again: %r", error)
        self._refresh_all()
        self._work.set()
        await asyncio.sleep(outage.pause)
        outage.pause = min(2 * outage.pause, LONGEST_PAUSE)

    def _report_down(self, error: Exception) -> None:
        if not self._is_down:
            logger.error("The channel layer is down, clients here miss what other processes send: %r", error)
        self._is_down = True
        for path in list(self._waiters):
            self._release(path)
        if isinstance(error, RuntimeError):  # a layer that was flushed no longer knows the channel
            self._drop_channel()

    def _report_up(self) -> None:
        if self._is_down:
            logger.warning("The channel layer is up again; what other processes sent meanwhile did not get here")
        self._is_down = False

    def _release(self, path: str) -> None:
        waiter = self._waiters.pop(path, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _drop_channel(self) -> None:
        self._channel = None
        if self._receiving is not None:
            self._receiving.cancel()

    async def _stop(self) -> None:
        self.is_stopped = True
        tasks = [task for task in (self._joining, self._receiving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
