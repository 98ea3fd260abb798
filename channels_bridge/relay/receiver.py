"""The way in: one channel for the process, in the group of every topic that somebody here listens to."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from tornado_websockets.core.complaints import Complaints
from tornado_websockets.core.counters import counters
from tornado_websockets.core.logger import logger
from tornado_websockets.paths import group_of

from .redis_groups import OWN, membership_in


@dataclass(frozen=True, slots=True)
class ReceiveTiming:
    """How long a layer may take, and how often it is asked. In seconds, where nothing else is said.

    :ivar call_timeout: for one call of the layer.
    :ivar wait_timeout: that a client's handshake waits for its topic to be joined.
    :ivar rejoin_interval: from one join of the same groups to the next: Redis forgets them when it restarts, is flushed
        or lets them expire.
    :ivar rejoin_pace: by which each topic lengthens that, so that many topics do not keep the layer busy.
    :ivar rejoin_share: of the time after which the layer lets groups expire, the part within which they are joined
        again in any case.
    :ivar first_pause: before the layer is tried again after an error; each time it is twice as long, up to
        ``longest_pause``.
    :ivar failures: to receive, in a row, that mean trouble when each comes within ``quickly`` seconds: an idle
        connection that times out takes longer.
    :ivar in_a_row: messages that are taken before other tasks get their turn.
    :ivar breath: to wait after as many that cannot be read: a layer that is broken in a way that looks like that shall
        not take all of the processor. What comes after a thousand of them is held up by less than a tenth of a second.
    """

    call_timeout: float = 2.0
    wait_timeout: float = 2.0
    rejoin_interval: float = 5.0
    rejoin_pace: float = 0.005
    rejoin_share: float = 1 / 3
    first_pause: float = 0.1
    longest_pause: float = 0.5
    failures: int = 10
    quickly: float = 1.0
    in_a_row: int = 16
    breath: float = 0.001


#: What layers raise for a message that cannot be decoded, besides the errors of these libraries.
_UNREADABLE = (ValueError, TypeError, LookupError)
_DECODERS = frozenset({"cryptography", "msgpack"})


def is_unreadable(error: Exception) -> bool:
    """Whether ``receive`` of a layer failed by what is in the message, and not by the layer."""
    return isinstance(error, _UNREADABLE) or type(error).__module__.partition(".")[0] in _DECODERS


#: Numbers of the times without a break in which everything is heard, of all receivers.
_stretches = count(1)


class _Silence:
    """Failures to receive in a row, with no message in between."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.quick = 0  # failures in a row that came quickly
        self.is_logged = False


class Receiver:
    """Receives from ``layer`` on the event loop it was made on, for as long as some topic is wanted.

    A topic is any name that :func:`~tornado_websockets.paths.group_of` knows a group of; topics are
    the ones that begin with a slash. Two tasks: one keeps the channel in the groups of the wanted topics, one takes
    what arrives. Neither ends by an error of the layer, or of a message; both end when the last topic is left.

    :param take: called with each message, which may be anything.
    :param forget: called with each topic that is left.
    :param topics: wanted from the beginning.
    :param listen: called with each topic that was joined, the first time.
    :param resume: called when everything is heard again, after something may have been missed.
    """

    def __init__(
        self,
        layer: Any,
        take: Callable[[dict[str, Any]], None],
        forget: Callable[[str], None],
        topics: Iterable[str] = (),
        *,
        timing: ReceiveTiming = ReceiveTiming(),
        listen: Callable[[str], object] | None = None,
        resume: Callable[[], object] | None = None,
    ) -> None:
        self.layer = layer
        self.loop = asyncio.get_running_loop()
        self.is_stopped = False
        self._take = take
        self._forget = forget
        self._listen = listen
        self._resume = resume
        self._timing = timing
        self._wanted = set(topics)
        self._leaving = 0  # who waits for a group to be left
        self._joined: dict[str, int] = {}  # and in which stretch of hearing everything
        self._pending: dict[str, None] = {}  # to be joined or left, first come first served
        self._refresh = dict.fromkeys(topics)  # to be joined once more, when nothing is pending
        self._refreshed = self.loop.time()
        self._waiters: dict[str, asyncio.Future[None]] = {}
        self._membership = membership_in(layer, self._break_all)
        self._work = asyncio.Event()
        self._is_down = self._is_deaf = self._has_missed = False
        self._channel: str | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._complaints = Complaints()
        self._delays = Complaints(level=logging.WARNING)
        self._unreadable = 0
        self._joining = self.loop.create_task(self._keep_joined())

    @property
    def is_alive(self) -> bool:
        """Whether its loop runs and it has topics."""
        return not self.is_stopped and self.loop.is_running()

    def stretch(self, topic: str) -> int:
        """The number of the time without a break since when all of ``topic`` is heard; 0 while it is not."""
        return 0 if self._is_deaf or not self.is_alive else self._joined.get(topic, 0)

    async def join(self, topic: str, *others: str) -> None:
        """Want ``topic``; returns when its group is joined, or cannot be joined soon.

        :param others: wanted too, and joined before, but not waited for.
        """
        self._wanted.update((topic, *others))
        for other in others:
            if other not in self._joined:
                self._pending[other] = None
                self._work.set()
        if topic not in self._joined:
            await self._attend(topic)

    async def leave(self, topic: str) -> None:
        """Want ``topic`` no more; returns when its group is left, or cannot be left soon."""
        self._wanted.discard(topic)
        self._leaving += 1
        try:
            await self._attend(topic)
        finally:
            self._leaving -= 1
        if topic not in self._wanted:
            self._forget(topic)
        if not self._wanted and not self._leaving and not self.is_stopped:
            await self._stop()

    async def _attend(self, topic: str) -> None:
        self._pending[topic] = None
        self._work.set()
        if self._is_down:
            return
        waiter = self._waiters.get(topic)
        if waiter is None:
            waiter = self._waiters[topic] = self.loop.create_future()
        either = waiter, self._joining  # which ends with its loop, and nothing is joined or left any more
        done, _ = await asyncio.wait(either, timeout=self._timing.wait_timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            message = "The channel layer takes long to join or leave the group of %.64r"
            self._delays.add("long", message, topic)  # which a stranger may have made up, and the next ones

    async def _keep_joined(self) -> None:
        pause = self._timing.first_pause
        while True:
            try:
                await self._do_pending()
            except Exception as error:
                self._report_down(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._timing.longest_pause)
                self._refresh_all()
            else:
                self._hear_again()
                self._report_up()
                pause = self._timing.first_pause
                await self._wait_for_work()

    async def _do_pending(self) -> None:
        channel = self._channel
        if channel is None:
            async with asyncio.timeout(self._timing.call_timeout):
                channel = self._channel = await self.layer.new_channel(OWN)
            self._receiving = self.loop.create_task(self._receive(channel))
        while queue := self._pending or self._refresh:
            topics = list(islice(queue, self._membership.at_once))
            for topic in topics:
                del queue[topic]
            try:
                async with asyncio.timeout(self._timing.call_timeout):
                    await self._do(topics, channel)
            except BaseException:
                self._pending.update(dict.fromkeys(topics))
                raise
            for topic in topics:
                if topic not in self._pending:  # nobody has changed their mind meanwhile
                    self._release(topic)

    async def _do(self, topics: Sequence[str], channel: str) -> None:
        """Bring the layer's view of ``topics`` in line with ours."""
        wanted = [topic for topic in topics if topic in self._wanted]
        if wanted:
            groups = {group_of(topic): topic for topic in wanted}
            for group in await self._membership.renew(list(groups), channel):
                self._break(groups[group])
            for topic in wanted:
                self._note_joined(topic)
        for topic in topics:
            if topic in self._joined and topic not in self._wanted:
                await self._discard(topic, channel)

    def _note_joined(self, topic: str) -> None:
        if topic not in self._joined:
            self._joined[topic] = next(_stretches)
            if self._listen is not None:
                self._listen(topic)

    def _break(self, topic: str) -> None:
        """Something of ``topic`` may have been missed."""
        if topic in self._joined:
            self._joined[topic] = next(_stretches)
            self._has_missed = True

    def _break_all(self) -> None:
        """What carries the groups was connected anew."""
        for topic in self._joined:
            self._break(topic)
        self._work.set()

    def _hear_again(self) -> None:
        """Everything is joined: what was missed before belongs to no stretch."""
        if self._is_deaf:
            self._is_deaf = False
            for topic in self._joined:
                self._break(topic)
        if self._has_missed:
            self._has_missed = False
            if self._resume is not None:
                self._resume()

    async def _discard(self, topic: str, channel: str) -> None:
        stretch = self._joined.pop(topic)  # first: who joins meanwhile must not take it for joined
        try:
            await self.layer.group_discard(group_of(topic), channel)
        except BaseException:
            self._joined[topic] = stretch
            raise

    async def _wait_for_work(self) -> None:
        interval = max(self._timing.rejoin_interval, len(self._wanted) * self._timing.rejoin_pace)
        if self._membership.lifetime is not None:
            interval = min(interval, self._membership.lifetime * self._timing.rejoin_share)
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
        taken, silence, timing = 0, _Silence(self._timing.first_pause), self._timing
        while True:
            asked = self.loop.time()
            try:
                message = await self.layer.receive(channel)
            except Exception as error:
                if is_unreadable(error):
                    await self._skip(error)
                else:
                    await self._sit_out(error, silence, is_quick=self.loop.time() < asked + timing.quickly)
            else:
                silence = _Silence(timing.first_pause)
                self._take(message)
                taken += 1
                if taken % timing.in_a_row == 0:  # a layer that always has a message would never let others run
                    await asyncio.sleep(0)

    async def _skip(self, error: Exception) -> None:
        """Count and log a message that cannot be read; the next one shall not wait for that."""
        counters.messages_invalid += 1
        message = "A message of the channel layer cannot be read, perhaps it is not ours: %s: %r"
        self._complaints.add("unreadable", message, type(error).__name__, str(error)[:200])
        self._unreadable += 1
        await asyncio.sleep(0 if self._unreadable % self._timing.in_a_row else self._timing.breath)

    async def _sit_out(self, error: Exception, silence: _Silence, *, is_quick: bool) -> None:
        """Wait before receiving again: an idle connection has timed out, or the layer has gone down."""
        is_idle = not is_quick and type(error).__name__ == "TimeoutError"  # redis-py's is not Python's
        self._is_deaf = self._is_deaf or not is_idle
        silence.quick = silence.quick + 1 if is_quick else 0
        if silence.quick >= self._timing.failures and not self._is_down and not silence.is_logged:
            silence.is_logged = True
            text = "Cannot receive from the channel layer; clients of this process miss messages of other processes: %r"
            logger.error(text, error)
        logger.debug("Receiving from the channel layer failed, trying again: %r", error)
        self._refresh_all()
        self._work.set()
        await asyncio.sleep(silence.pause)
        silence.pause = min(2 * silence.pause, self._timing.longest_pause)

    def _report_down(self, error: Exception) -> None:
        if not self._is_down:
            logger.error("The channel layer is down, clients here miss what other processes send: %r", error)
        self._is_down = self._is_deaf = True
        for topic in list(self._waiters):
            self._release(topic)
        if isinstance(error, RuntimeError):  # a layer that was flushed no longer knows the channel
            self._drop_channel()

    def _report_up(self) -> None:
        if self._is_down:
            logger.warning("The channel layer is up again; what other processes sent meanwhile did not get here")
        self._is_down = False

    def _release(self, topic: str) -> None:
        waiter = self._waiters.pop(topic, None)
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
