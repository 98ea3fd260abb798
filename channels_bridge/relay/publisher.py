"""The relay: connects the clients of this process with those of the others, over a channel layer."""

import asyncio
import os
import uuid
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

from tornado_websockets.core.complaints import Complaints
from tornado_websockets.core.control import CONTROL, Note
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.delivery.keeper import Place, PlacedMessage
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.forking import ForkGuard
from tornado_websockets.core.handlers.greenlets import new_lock, settled_here
from tornado_websockets.core.logger import logger
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.tasks import keep
from tornado_websockets.processes.survey import ANSWERS

from .batching import Outgoing, QueueBounds
from .loop_thread import ExitTiming, LoopThread
from .messages import EVENT, NARROW, NOTES, RELAY, Batch, Event, InvalidMessage, Notes, glimpse, is_frame
from .numbering import NumberingBounds, Tally
from .receiver import Receiver, ReceiveTiming
from .sender import Sender, SendTiming


@dataclass(frozen=True, slots=True)
class Tuning:
    """Every time and bound of a relay, by what it is of."""

    sending: SendTiming = field(default_factory=SendTiming)
    receiving: ReceiveTiming = field(default_factory=ReceiveTiming)
    queue: QueueBounds = field(default_factory=QueueBounds)
    numbering: NumberingBounds = field(default_factory=NumberingBounds)
    exit: ExitTiming = field(default_factory=ExitTiming)


class Relay:
    """Publishes to, and receives from, the groups of the default channel layer.

    It receives on the event loop of the first client, and sends from there too; where no clients are served, it sends
    from a thread of its own. Without ``CHANNEL_LAYERS`` it does nothing.

    :param hub: whose clients get what arrives.
    :param encoder: writes what other programs send as event and data.
    """

    def __init__(self, hub: Hub, encoder: Encoder, tuning: Tuning = Tuning()) -> None:
        self._hub = hub
        self._encoder = encoder
        self._tuning = tuning
        self._thread = LoopThread(tuning.exit)
        self.forget()
        self._fork = ForkGuard(self._start_anew)

    def forget(self) -> None:
        """Start anew, as a forked process must: with its parent's name, others would take its messages for doubles."""
        self._name = uuid.uuid4().hex
        self._senders = 0
        self._tally = Tally(self._tuning.numbering)
        self._complaints = Complaints()
        self._lock = new_lock()
        self._receiver: Receiver | None = None
        self._sender: Sender | None = None
        self._has_no_loop = False
        self._looking: asyncio.Task[None] | None = None
        self._tests = 0
        self._tested_layer: Any = None
        self._replaced_layer: Any = None

    def _start_anew(self) -> None:
        """In a forked process, which must not receive under its parent's name: one would get what is for the other."""
        channel_layers.backends = {}
        self.forget()

    @property
    def is_listening(self) -> bool:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        return self._receiver is not None

    async def join(self, topic: str) -> None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        receiver = self._current_receiver()
        while receiver is not None:
            # Notes may just have been left by another client.
            others = (CONTROL,) if self._hub.has_clients(CONTROL) else ()
            await _on_loop_of(receiver, receiver.join(topic, *others))
            receiver = self._current_receiver() if receiver.is_stopped else None  # its last topic was left meanwhile

    def _current_receiver(self) -> Receiver | None:
        self._fork.check()
        with self._lock:
            layer = get_channel_layer()
            if layer is None:
                return None
            receiver = self._receiver
            if receiver is None or not receiver.is_alive or receiver.layer is not layer:
                topics, timing = self._hub.topics(), self._tuning.receiving
                tally = self._tally
                receiver = Receiver(
                    layer,
                    self._take,
                    tally.forget,
                    topics,
                    timing=timing,
                    listen=tally.listen,
                    resume=self._look_for_losses,
                )
                self._receiver = receiver
            return receiver

    async def leave(self, topic: str) -> None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        sender, receiver = self._sender, self._receiver
        if sender is not None and not self._hub.has_clients(topic):
            sender.forget(topic)
        if receiver is not None and receiver.is_alive:
            await _on_loop_of(receiver, self._leave(receiver, topic))

    async def _leave(self, receiver: Receiver, topic: str) -> None:
        if self._hub.has_clients(topic):
            return  # one has come meanwhile, on another loop
        await receiver.leave(topic)
        sender = self._sender
        is_over = receiver.is_stopped or self._hub.is_empty
        if is_over and sender is not None and sender.loop is receiver.loop:
            await sender.drain()  # the server may be about to stop this loop

    def stretch(self, topic: str) -> int | None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        self._fork.check()
        with self._lock:
            layer, receiver = get_channel_layer(), self._receiver
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            return None
        return receiver.stretch(topic) if receiver is not None and receiver.layer is layer else 0

    def publish(self, message: Message | Note, outcome: "Future[None] | None" = None) -> None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        outcome = None if outcome is None else settled_here(outcome)
        try:
            sender = self._current_sender()
        except (RuntimeError, OSError) as error:  # the system has no thread, or no file, for another loop
            if not self._has_no_loop:
                logger.error("Nothing can be sent to other processes: %s (path %.64r)", error, message.topic)
            self._has_no_loop = True
            outgoing = Outgoing(message, outcome)
            counters.messages_unsent += outgoing.is_loss
            outgoing.fail(error)
        else:
            self._has_no_loop = False
            if sender is not None:
                sender.put(Outgoing(message, outcome))
                return
            if isinstance(message, Message) and outcome is not None:  # an emit is on everybody's way
                self._hub.note_unheard(message)
            if outcome is not None:
                outcome.set_result(None)

    def begin_test(self) -> None:
        """Put a layer in memory in the place of the default one."""
        with self._lock:
            self._tests += 1
            layer = get_channel_layer()
            if layer is not None and not isinstance(layer, InMemoryChannelLayer):
                self._tested_layer = InMemoryChannelLayer()
                self._replaced_layer = channel_layers.set(DEFAULT_CHANNEL_LAYER, self._tested_layer)

    def end_test(self) -> None:
        """Put it back when the last one ends, unless ``CHANNEL_LAYERS`` has changed meanwhile."""
        with self._lock:
            self._tests -= 1
            if self._tests or self._tested_layer is None:
                return
            if channel_layers.backends.get(DEFAULT_CHANNEL_LAYER) is self._tested_layer:
                channel_layers.set(DEFAULT_CHANNEL_LAYER, self._replaced_layer)
            self._tested_layer = self._replaced_layer = None

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        try:
            sender = self._current_sender()
        except (RuntimeError, OSError):  # which is logged when something is published
            return None
        return None if sender is None else sender.loop

    def is_congested(self, topic: str) -> bool:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        return self._sender is not None and self._sender.is_congested(topic)

    async def room(self, topic: str) -> None:
        """See :class:`~tornado_websockets.core.delivery.publisher.Publisher`."""
        if self._sender is not None:
            await self._sender.room(topic)

    def _current_sender(self) -> Sender | None:
        """The sender for the layer and the loop of now; ``None`` where nobody could hear."""
        if self._fork.pid != os.getpid():
            self._fork.check()
        with self._lock:
            layer = get_channel_layer()  # of which Channels would make one for each of several threads that ask first
            if layer is None:
                return None
            receiver = self._receiver
            is_receiving = receiver is not None and receiver.is_alive and receiver.layer is layer
            if not is_receiving and isinstance(layer, InMemoryChannelLayer):
                return None  # nobody is outside of this process, and the layer is not thread-safe
            loop = receiver.loop if receiver is not None and is_receiving else self._thread.loop()
            if self._sender is None or self._sender.loop is not loop or self._sender.layer is not layer:
                self._sender = self._new_sender(layer, loop)
            return self._sender

    def _new_sender(self, layer: Any, loop: asyncio.AbstractEventLoop) -> Sender:
        self._senders += 1  # each has numbers, and so a name, of its own
        name, tuning = f"{self._name}.{self._senders}", self._tuning
        return Sender(
            layer,
            loop,
            name,
            self._hub.has_clients,
            timing=tuning.sending,
            queue=tuning.queue,
            numbering=tuning.numbering,
        )

    def _look_for_losses(self) -> None:
        if self._looking is not None and self._looking.get_loop() is asyncio.get_running_loop():
            self._looking.cancel()  # what it would find, the next one finds
        if self._hub.keeper is not None:
            self._looking = keep(asyncio.ensure_future(self._hub.keeper.look()))
            self._looking.add_done_callback(_report_failure)

    def _take(self, message: Any) -> None:
        """Deliver what arrived. Whatever it is, the next message is received."""
        kind = message.get("type") if isinstance(message, dict) else None
        try:
            if kind in (RELAY, NARROW):
                self._take_batch(Batch.from_message(message))
            elif kind == NOTES:
                self._take_notes(Notes.from_message(message))
            elif kind == EVENT:
                self._take_event(Event.from_message(message))
            else:
                self._drop("type", "A message of the channel layer has an unknown type: %s", glimpse(kind))
        except InvalidMessage as error:
            self._drop(f"{kind} {error.field}", "A message of the channel layer is invalid (type %s): %s", kind, error)
        except Exception:
            logger.exception("A message of the channel layer cannot be delivered")

    def _take_batch(self, batch: Batch) -> None:
        if batch.sender.startswith(self._name):
            return  # these clients were served when it was sent
        if not self._hub.hears(batch.path):
            return  # the last one left while it was on its way
        lost, texts = self._tally.check(batch)
        if lost is None:
            self._complaints.add(
                "numbers",
                "The numbers of a sender do not follow those before, its losses go uncounted: %.64r at %d (path %.64r)",
                batch.sender,
                batch.first,
                batch.path,
            )
        elif lost and not self._is_found_otherwise(batch):
            counters.messages_lost += lost
            logger.warning("%d messages of another process were lost on the way (path %.64r)", lost, batch.path)
        if not texts:
            return  # it only said which number comes next, or has come before
        skipped = len(batch.texts) - len(texts)
        audiences = batch.audiences[skipped:] if batch.audiences else [None] * len(texts)
        if batch.places is not None and self._hub.keeper is not None:
            placed = zip(texts, batch.keys[skipped:], audiences, batch.places[skipped:], strict=True)
            self._hub.keeper.take([_placed(batch.path, *each) for each in placed])
            return
        for text, key, audience in zip(texts, batch.keys[skipped:], audiences, strict=True):
            self._hub.deliver(Message(batch.path, "", text, key, audience), batch.path)

    def _is_found_otherwise(self, batch: Batch) -> bool:
        """Whether others find what was lost before ``batch``: of a history the keeper, of answers whoever has asked."""
        keeper = self._hub.keeper
        is_announcement = not batch.texts and keeper is not None and keeper.finds_losses(batch.path)
        return batch.places is not None or is_announcement or batch.path.startswith(ANSWERS)

    def _take_notes(self, notes: Notes) -> None:
        if not notes.sender.startswith(self._name):  # what was done when it was sent
            for event, text in zip(notes.events, notes.texts, strict=True):
                self._hub.control.take(Note("", event, text))

    def _take_event(self, event: Event) -> None:
        try:
            text = self._encoder.event(event.event, event.data)
        except (TypeError, ValueError) as error:
            reason = str(error)[:200]
        else:
            if is_frame(text):
                self._hub.deliver(Message(event.path, event.event, text), event.path)
                return
            reason = f"it has {len(text)} characters"
        message = "An event of another program cannot be sent: %s (event %.64r, path %.64r)"
        self._drop("event", message, reason, event.event, event.path)

    def _drop(self, kind: str, message: str, *args: object) -> None:
        counters.messages_invalid += 1
        self._complaints.add(kind, message, *args)


def _report_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("Looking for lost events has failed", exc_info=task.exception())


def _placed(
    topic: str, text: str, key: str | None, audience: Audience | None, place: tuple[str, int, str] | None
) -> Message:
    if place is None:
        return Message(topic, "", text, key, audience)
    return PlacedMessage(topic, "", text, key, audience, Place(*place))


async def _on_loop_of(receiver: Receiver, waiting: Coroutine[Any, Any, None]) -> None:
    if receiver.loop is asyncio.get_running_loop():
        await waiting
    else:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(waiting, receiver.loop))
