"""The way out: gives the channel layer what other processes shall get, in order, in batches."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tornado_websockets.core.breaker import Breaker, BreakerTiming
from tornado_websockets.core.control import CONTROL
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.handlers.greenlets import new_lock
from tornado_websockets.core.logger import logger
from tornado_websockets.exceptions import TextTooLong
from tornado_websockets.paths import group_of

from .batching import Kind, Outgoing, OutgoingQueues, QueueBounds, places_of
from .messages import MAX_TEXT, Batch, Notes
from .numbering import Numbering, NumberingBounds
from .receivers import RedisReceivers, receivers_of

#: Stands in the name of a sender before the epoch, for each series of numbers.
_SERIES = {Kind.PLAIN: "", Kind.NARROW: "narrow."}


@dataclass(frozen=True, slots=True)
class SendTiming:
    """How long sending may take, in seconds.

    :ivar call_timeout: for one batch. Redis may hang rather than refuse.
    :ivar batch_interval: from one batch to the next for the same topic, on layers that drop what is above a capacity.
        The core layer of channels_redis keeps 100 messages for a process, whose receiver takes 500 a second at best:
        each costs four exchanges with Redis.
    :ivar room: that whoever waits for room waits at most.
    :ivar breaker: when the layer counts as hanging.
    """

    call_timeout: float = 2.0
    batch_interval: float = 0.005
    room: float = 2.0
    breaker: BreakerTiming = field(default_factory=BreakerTiming)


class Sender:
    """Sends through ``layer`` on ``loop``. Its task runs only while something waits.

    A layer that fails at once is asked twice for each batch, which costs little: a connection that Redis has ended,
    when it was restarted, shows that only where it is used. Receivers know messages by their numbers, and orders by
    their ids, if they come twice. One that hangs would cost :attr:`SendTiming.call_timeout` each time, so from then on
    messages are rejected at once, until it takes a batch without texts.

    :param is_here: whether a topic has clients in this process.
    :param queue: bounds of what waits.
    :param numbering: bounds of what is remembered of the topics.

    :ivar name: by which receivers know whose messages they count.
    """

    def __init__(
        self,
        layer: Any,
        loop: asyncio.AbstractEventLoop,
        name: str,
        is_here: Callable[[str], bool],
        *,
        timing: SendTiming = SendTiming(),
        queue: QueueBounds = QueueBounds(),  # noqa: B008 it is frozen
        numbering: NumberingBounds = NumberingBounds(),  # noqa: B008 it is frozen
    ) -> None:
        self.layer = layer
        self.loop = loop
        self.name = name
        self._timing = timing
        self._lock = new_lock()  # for the next three
        # What is for some clients has numbers of its own: earlier versions, which drop it, miss nothing by theirs.
        self._numberings = {kind: Numbering(is_here, numbering) for kind in (Kind.PLAIN, Kind.NARROW)}
        self._queues = OutgoingQueues(queue)
        self._receivers = receivers_of(layer)
        self._breaker = Breaker(timing.breaker)
        self._sending: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None
        self._resting: dict[str, float] = {}  # when topics get their next batch at the earliest, in that order
        self._unsent = 0  # since the layer took something last

    def put(self, outgoing: Outgoing) -> None:
        """Queue a message, from any thread; reject it when too much waits, or the layer hangs. The outcome tells."""
        with self._lock:
            error = self._breaker.error or _why_too_long(outgoing.message.text)
            is_rejected = error is not None or not self._queues.put(outgoing)
        if is_rejected:
            self._reject([outgoing], error)
        elif self._sending is None:
            try:
                self.loop.call_soon_threadsafe(self._start)
            except RuntimeError as error:  # the loop is closed
                self._reject_all(error)

    def is_congested(self, topic: str) -> bool:
        """Whether much waits for ``topic``, of a layer that works. May be asked from any thread."""
        return self._queues.is_congested(topic) and not self._breaker.has_failed

    async def room(self, topic: str) -> None:
        """Return when that is no longer so, or after :attr:`SendTiming.room` seconds. On any event loop."""
        with self._lock:
            room = None if self._breaker.has_failed else self._queues.room(topic)
        if room is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.room):
                    await asyncio.wrap_future(room)

    def forget(self, topic: str) -> None:
        """Forget the numbers of ``topic``, whose last client here has gone, unless something waits for it."""
        with self._lock:
            if topic not in self._queues:
                for numbering in self._numberings.values():
                    numbering.forget(topic)

    async def drain(self) -> None:
        """Return when nothing waits. Whatever comes next finds out afresh whether the layer hangs."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        self._start()
        while self._sending is not None:
            await asyncio.wait([self._sending])

    def _start(self) -> None:
        if self._sending is None and self._queues:
            self._sending = self.loop.create_task(self._send_all())
            self._sending.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Called back, since a task that is cancelled before its first step runs nothing of its own."""
        self._sending = None
        if task.cancelled():  # the loop ends: let nobody wait for what cannot be sent
            self._reject_all(RuntimeError("the event loop has ended"))
        else:
            self._start()

    async def _send_all(self) -> None:
        while self._queues:
            topic = await self._next_topic()
            if self._receivers is None or await self._has_room(topic, self._receivers):
                await self._send(self._next())

    async def _next_topic(self) -> str:
        """The topic whose turn it is; messages gather while every topic that they are for has had a batch just now.

        One that comes in meanwhile waits as well.
        """
        while True:
            now = self.loop.time()
            for rested in [topic for topic, end in self._resting.items() if end <= now]:
                del self._resting[rested]
            with self._lock:
                topic = self._queues.first_outside(self._resting)
            if topic is not None:
                return topic
            await asyncio.sleep(next(iter(self._resting.values())) - now)

    async def _has_room(self, topic: str, receivers: RedisReceivers) -> bool:
        """Whether the processes that listen to ``topic`` can take a batch; else its turn comes later."""
        started = self.loop.time()
        try:
            async with asyncio.timeout(self._timing.call_timeout):
                has_room = await receivers.have_room(group_of(topic))
        except Exception as error:
            self._record_failure(error, started)
            self._reject(self._next(), error)
            if not self._breaker.is_closed:
                self._begin_to_probe(topic, error)
            return False
        if not has_room:
            self._rest(topic)
            await asyncio.sleep(self._timing.batch_interval)  # they need Redis to themselves
        return has_room

    def _rest(self, topic: str) -> None:
        self._resting.pop(topic, None)
        self._resting[topic] = self.loop.time() + self._timing.batch_interval

    def _next(self) -> list[Outgoing]:
        with self._lock:
            return self._queues.take(self._resting)

    async def _send(self, batch: list[Outgoing]) -> None:
        topic = batch[0].topic
        if hasattr(self.layer, "capacity"):
            self._rest(topic)
        written = self._write(topic, batch)
        try:
            error = await self._call(*written, self._timing.call_timeout)
            if error is not None and self._breaker.is_closed:  # at once, as on a connection that Redis has ended
                error = await self._call(*written, self._timing.call_timeout)
        except asyncio.CancelledError as error:
            self._fail(batch, error)
            raise
        if error is not None:
            self._fail(batch, error)
            if not self._breaker.is_closed:
                self._begin_to_probe(topic, error)
            return
        for outgoing in batch:
            outgoing.succeed()
        self._report_recovery()

    async def _call(self, topic: str, message: dict[str, Any], seconds: float) -> Exception | None:
        """Give the layer a message, and tell the breaker how it went; the error, if there was one."""
        started = self.loop.time()
        try:
            async with asyncio.timeout(seconds):
                await self.layer.group_send(group_of(topic), message)
        except Exception as error:
            self._record_failure(error, started)
            return error
        self._breaker.record_success()
        return None

    def _write(self, topic: str, batch: list[Outgoing]) -> tuple[str, dict[str, Any]]:
        """The message of the layer for a batch, which is of one kind, and the topic of the group that gets it."""
        kind = batch[0].kind if batch else Kind.PLAIN
        contents = [each.message for each in batch]
        if kind is Kind.NOTE:
            texts = [content.text for content in contents]
            return CONTROL, Notes(self.name, [content.event for content in contents], texts).to_message()
        messages = [content for content in contents if isinstance(content, Message)]
        with self._lock:
            epoch, first = self._numberings[kind].take(topic, len(batch))
            began = self._numberings[kind].began(topic)
        written = Batch(
            f"{self.name}.{_SERIES[kind]}{epoch}",
            topic,
            first,
            [message.text for message in messages],
            [message.key for message in messages],
            began,
            [message.audience or Audience() for message in messages] if kind is Kind.NARROW else None,
            places_of(batch),
        )
        return topic, written.to_message()

    def _record_failure(self, error: Exception, started: float) -> None:
        with self._lock:
            self._breaker.record_failure(error, self.loop.time() - started)
            self._queues.release()

    def _begin_to_probe(self, topic: str, error: Exception) -> None:
        """The layer hangs: reject what waits for it, and find out when it takes something."""
        self._reject_all(error)
        self._probing = self.loop.create_task(self._probe(topic))
        self._probing.add_done_callback(self._end_probing)

    async def _probe(self, topic: str) -> None:
        breaker, timing = self._breaker, self._timing.breaker
        while not breaker.is_closed:
            await asyncio.sleep(timing.probe_interval)
            breaker.begin_probe()
            await self._call(*self._write(topic, []), timing.probe_timeout)
        self._report_recovery()

    def _end_probing(self, _: asyncio.Task[None]) -> None:
        self._probing = None
        self._breaker.close()

    def _reject_all(self, error: BaseException) -> None:
        while batch := self._next():
            self._reject(batch, error)

    def _reject(self, batch: list[Outgoing], error: BaseException | None) -> None:
        """Fail messages that the layer is not given."""
        numbering = self._numberings.get(batch[0].kind)
        if numbering is not None:
            with self._lock:
                numbering.take(batch[0].topic, len(batch))  # receivers shall see that something is missing
        self._fail(batch, error)

    def _fail(self, batch: list[Outgoing], error: BaseException | None) -> None:
        """Count messages that other processes miss, and tell the log, once, and those who wait for the outcomes."""
        lost = [outgoing for outgoing in batch if outgoing.is_loss]
        if lost and not self._unsent:
            reason = "too much is waiting for it" if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
            logger.error(
                "The channel layer takes no messages, clients of other processes miss them: %s (path %.64r)",
                reason,
                lost[0].topic,
            )
        self._unsent += len(lost)
        counters.messages_unsent += len(lost)
        for outgoing in batch:
            outgoing.fail(error)

    def _report_recovery(self) -> None:
        if self._unsent:
            logger.warning("The channel layer takes messages again; it took %d less than were sent", self._unsent)
            self._unsent = 0


def _why_too_long(text: str) -> TextTooLong | None:
    if len(text) <= MAX_TEXT:
        return None
    return TextTooLong(f"Expected a text of at most {MAX_TEXT} characters, got {len(text)}.")
