"""The publisher over a channel layer: connects the clients of this process with those of the others."""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from tornado_websockets.core.counters import counters
from tornado_websockets.core.frames import Encoder
from tornado_websockets.core.hub import Hub

from .complaints import Complaints
from .messages import EVENT, RELAY, Batch, Event, InvalidMessage, glimpse, is_frame
from .numbering import Tally
from .receiver import Receiver
from .sender import Sender
from .thread import LoopThread
from .waiting import Outgoing, shared_future

logger = logging.getLogger("tornado_websockets")


class Relay:
    """Publishes to, and receives from, the groups of the default channel layer.

    It receives on the event loop of the first client, and sends from there too; where no clients are served, it sends
    from a thread of its own. Without ``CHANNEL_LAYERS`` it does nothing.

    :param hub: whose clients get what arrives.
    :param encoder: writes what other programs send as event and data.
    """

    def __init__(self, hub: Hub, encoder: Encoder) -> None:
        self._hub = hub
        self._encoder = encoder
        self._thread = LoopThread()
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Start anew, as a forked process must."""
        self._name = uuid.uuid4().hex
        self._senders = 0
        self._tally = Tally()
        self._complaints = Complaints()
        self._lock = threading.Lock()
        self._receiver: Receiver | None = None
        self._sender: Sender | None = None
        self._is_mute = False

    async def join(self, path: str) -> None:
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        receiver = self._current_receiver()
        while receiver is not None:
            await _on_loop_of(receiver, receiver.join(path))
            receiver = self._current_receiver() if receiver.is_stopped else None  # its last path was left meanwhile

    def _current_receiver(self) -> Receiver | None:
        with self._lock:
            layer = get_channel_layer()
            if layer is None:
                return None
            receiver = self._receiver
            if receiver is None or not receiver.is_alive or receiver.layer is not layer:
                receiver = self._receiver = Receiver(layer, self._take, self._tally.forget, self._hub.paths())
            return receiver

    async def leave(self, path: str) -> None:
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        sender, receiver = self._sender, self._receiver
        if sender is not None and not self._hub.has_clients(path):
            sender.forget(path)
        if receiver is not None and receiver.is_alive:
            await _on_loop_of(receiver, self._leave(receiver, path))

    async def _leave(self, receiver: Receiver, path: str) -> None:
        if self._hub.has_clients(path):
            return  # one has come meanwhile, on another loop
        await receiver.leave(path)
        sender = self._sender
        if receiver.is_stopped and sender is not None and sender.loop is receiver.loop:
            await sender.drain()  # the server may be about to stop this loop

    def forward(self, path: str, text: str, key: str | None) -> None:
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        self._send(Outgoing(path, "", text, key, None))

    def publish(self, path: str, event: str, text: str, key: str | None) -> "Future[None]":
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        outcome = shared_future()
        self._send(Outgoing(path, event, text, key, outcome))
        return outcome

    def is_congested(self, path: str) -> bool:
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        return self._sender is not None and self._sender.is_congested(path)

    async def room(self, path: str) -> None:
        """See :class:`~tornado_websockets.core.hub.Publisher`."""
        if self._sender is not None:
            await self._sender.room(path)

    def _send(self, outgoing: Outgoing) -> None:
        try:
            sender = self._current_sender()
        except (RuntimeError, OSError) as error:  # the system has no thread, or no file, for another loop
            if not self._is_mute:
                logger.error("Nothing can be sent to other processes: %s (path %.64r)", error, outgoing.path)
            self._is_mute = True
            counters.messages_unsent += 1
            outgoing.fail(error)
        else:
            self._is_mute = False
            if sender is None:
                outgoing.succeed()
            else:
                sender.put(outgoing)

    def _current_sender(self) -> Sender | None:
        """``None`` where nobody could hear."""
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
                self._senders += 1  # each has numbers, and so a name, of its own
                self._sender = Sender(layer, loop, f"{self._name}.{self._senders}", self._hub.has_clients)
            return self._sender

    def _take(self, message: Any) -> None:
        """Deliver what arrived. Whatever it is, the next message is received."""
        kind = message.get("type") if isinstance(message, dict) else None
        try:
            if kind == RELAY:
                self._take_batch(Batch.from_message(message))
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
        if not self._hub.has_clients(batch.path):
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
        elif lost:
            counters.messages_lost += lost
            logger.warning("%d messages of another process were lost on the way (path %.64r)", lost, batch.path)
        for text, key in zip(texts, batch.keys[len(batch.keys) - len(texts) :], strict=True):
            self._hub.deliver(batch.path, text, key=key, who=batch.path)

    def _take_event(self, event: Event) -> None:
        try:
            text = self._encoder.event(event.event, event.data)
        except (TypeError, ValueError) as error:
            reason = str(error)[:200]
        else:
            if is_frame(text):
                self._hub.deliver(event.path, text, who=event.path)
                return
            reason = f"it has {len(text)} characters"
        message = "An event of another program cannot be sent: %s (event %.64r, path %.64r)"
        self._drop("event", message, reason, event.event, event.path)

    def _drop(self, kind: str, message: str, *args: object) -> None:
        counters.messages_invalid += 1
        self._complaints.add(kind, message, *args)


async def _on_loop_of(receiver: Receiver, waiting: Coroutine[Any, Any, None]) -> None:
    if receiver.loop is asyncio.get_running_loop():
        await waiting
    else:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(waiting, receiver.loop))
