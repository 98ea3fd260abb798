"""One connection's life: opened, received, gone; and what handlers do with it as their ``socket``."""

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Final

from ..exceptions import raise_connection_closed
from .admission import Rate
from .cancellation import finish, is_own_cancellation
from .counters import counters
from .dispatch import Handler, Run
from .endpoint import Endpoint
from .failures import is_departure, log_failure, log_flood, log_loss
from .frames import Code, Data, Frame, Limits, Refusal, decode, refuse
from .hub import hub
from .outbox import INTERNAL_ERROR, SLOW_CLIENT, Close, Outbox, Transport
from .running import current, sender_to
from .sent import Sent
from .socket import CLOSED, CLOSING, CONNECTING, LEFT, OPEN, Socket, State

logger = logging.getLogger("tornado_websockets")

#: Bytes above which messages are decoded one after the other, in different turns of the event loop: a megabyte takes up
#: to 50 ms.
BULKY: Final = 64 * 1024

#: Seconds for which what a client had sent is still begun after it has left.
STRAGGLING: Final = 1.5


class Connection(Socket):
    """One client of a WebSocket.

    :ivar id: unique, hexadecimal.
    :ivar path: the concrete path, without the ``/ws`` that transports put before it.
    :ivar kwargs: parameters of the path, converted.
    :ivar headers: of the handshake; names in any case.
    :ivar query_string: of the handshake, as the client wrote it: ``QueryDict(socket.query_string)`` reads it.
    :ivar address: the client's IP address, or ``None`` where the server does not know it.
    :ivar user: Django's user, or ``None`` without ``django.contrib.auth``.
    :ivar session: Django's session, or ``None`` without ``django.contrib.sessions``.
    :ivar state: a dict for the application.

    :param socket: what handlers get instead of this object.
    :param run: runs sync handlers, instead of the workers of the WebSocket.
    """

    __slots__ = (
        "__weakref__",
        "_farewell",
        "_has_answered",
        "_is_admitted",
        "_is_queued",
        "_left_at",
        "_limits",
        "_outbox",
        "_rate",
        "_run",
        "_stand_in",
        "_status",
        "address",
        "endpoint",
        "headers",
        "id",
        "kwargs",
        "lane",
        "path",
        "query_string",
        "sent_to",
        "session",
        "state",
        "transport",
        "user",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        *,
        path: str,
        kwargs: Mapping[str, Any],
        headers: Mapping[str, str],
        limits: Limits,
        query_string: str = "",
        address: str | None = None,
        user: Any = None,
        session: Any = None,
        socket: Any = None,
        run: Run | None = None,
    ) -> None:
        self.id = os.urandom(16).hex()
        self.path = path
        self.kwargs = kwargs
        self.headers = headers
        self.query_string = query_string
        self.address = address
        self.user = user
        self.session = session
        self.state: dict[str, Any] = {}
        self.endpoint = endpoint
        self.transport = transport
        self._limits = limits
        self._run = run or endpoint.workers.run
        self._stand_in = socket
        self._status: State = CONNECTING
        self._farewell: Close | None = None  # said before the client was there
        self._left_at: float | None = None
        self.sent_to: str | None = None  # the path of what it has sent last, until that is known to be out
        # Whether its last message was answered, and whether something that it has caused had to be put in line.
        self._has_answered = self._is_queued = False
        self._is_admitted = False
        rate = limits.max_messages_per_second
        self._rate = None if rate is None else Rate(rate, monotonic())
        self.lane = hub.lane()
        self._outbox = Outbox(transport, self.lose, max_bytes=limits.max_outbox_bytes, timeout=limits.outbox_timeout)

    def __repr__(self) -> str:
        return f"<Connection {self.id} on {self.path} {self._status.name.lower()}>"

    @property
    def _socket(self) -> Any:  # no attribute: a reference to oneself would wait for the garbage collector
        return self if self._stand_in is None else self._stand_in

    # For handlers, from any thread.

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._status >= LEFT

    def emit(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to this client, after all that was sent to it before.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """
        text = self.endpoint.encoder.event(event, data)
        if self._status is not OPEN:
            raise_connection_closed(self.path, self.id)
        # What its own handlers have sent goes first.
        who = self if self.lane.has_waiting(self) else sender_to(self.path)
        self._is_queued = not self.lane.send(self, text, who) or self._is_queued
        self._has_answered = who is self or self._has_answered
        if self._status is not OPEN:  # found out by sending
            raise_connection_closed(self.path, self.id)
        if self._outbox.is_worth_waiting and not self.lane.is_here:
            self.lane.wait_for(self._outbox.room_unless_stuck)
        return Sent(self.lane, who, self._outbox)

    def broadcast(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to every other client of this path, on every process.

        :raises InvalidInstanceError, EmitHandlerError: as ``WebSocket.emit``.
        """
        text = self.endpoint.encoder.event(event, data)
        self.endpoint.refuse_to_broadcast(event, self.path, current.get())
        hub.emit(self.path, text, exclude=self)
        return Sent(self.lane, sender_to(self.path))

    def close(self, code: int | None = None, reason: str | None = None) -> Sent:
        """Close the connection once what was sent before is out. Does nothing when it is closed.

        :param code: 1000, the default, or an application's own, 4000 to 4999; servers disagree on the rest.
        :param reason: at most 123 bytes of UTF-8.
        :raises ValueError: code or reason is something else.
        """
        self.shut(*Close.by_application(1000 if code is None else code, reason or ""))
        return Sent(self.lane, sender_to(self.path))

    # For the transport, on the event loop.

    def admit(self) -> str | None:
        """Count the client in; why not, if there are too many. Pairs with :meth:`gone`."""
        limits = self._limits
        refusal = hub.admission.admit(self.address, limits.max_connections, limits.max_connections_per_address)
        self._is_admitted = refusal is None
        return refusal

    async def open(self, accept: Callable[[], Awaitable[None]]) -> None:
        """Accept the client, let it take part, and run the ``open`` handler. Pairs with :meth:`gone`."""
        try:
            await hub.enter(self.path)
            await accept()
        except BaseException:
            await hub.leave(self.path)
            raise
        if self.closed:  # meanwhile, by the application, or because the client has left
            await hub.leave(self.path)
            if self._farewell is not None:
                await self.transport.close(*self._farewell)
            return
        self._status = OPEN
        counters.connections += 1
        counters.connections_opened += 1
        self.lane.add(self)
        self.endpoint.welcome(self, self._socket)
        await self._fire("open")
        await self._catch_up()

    async def received(self, message: str | bytes) -> None:
        """Handle one message of the client, to the end. Never raises for what is in it."""
        if len(message) > BULKY:
            await self.lane.bulky.wait()
        if self._status is not OPEN and (self._status is not LEFT or self.is_long_gone):
            return
        counters.messages_in += 1
        self._has_answered = False
        read = decode if self._rate is None or self._rate.take(monotonic()) else refuse
        frame = read(message, self._limits)
        refusal = frame if isinstance(frame, Refusal) else await self._handle(frame)
        if refusal is not None:
            counters.messages_refused += 1
            self._answer(self.endpoint.encoder.refusal(refusal))
        if self._is_queued or self.sent_to is not None or self._outbox.writer is not None:
            await self._catch_up()

    @property
    def is_connecting(self) -> bool:
        """Whether it does not take part yet."""
        return self._status is CONNECTING

    @property
    def is_long_gone(self) -> bool:
        """Whether the client has left so long ago that nothing more is done of what it asked for."""
        return self._left_at is not None and monotonic() > self._left_at + STRAGGLING

    async def _catch_up(self) -> None:
        """Return when what this client has caused is out: then its next message may be read."""
        path, self.sent_to, self._is_queued = self.sent_to, None, False
        if self.lane.has_much_waiting(self):
            await self.lane.settle(self)
        if self._outbox.writer is not None:
            if self._has_answered:
                await self._outbox.flushed()
            await self._outbox.room()
        if path is not None and hub.publisher is not None and hub.publisher.is_congested(path):
            await hub.publisher.room(path)

    async def gone(self) -> None:
        """The client has gone, however: run the ``close`` handler, if it was open. Only the first call counts."""
        if self._is_admitted:
            self._is_admitted = False
            hub.admission.release(self.address)
        if self not in self.lane.groups.get(self.path, ()):
            return
        self._status = CLOSED
        counters.connections -= 1
        self.lane.remove(self)
        self.endpoint.part_with(self, self._socket)
        await finish(self._depart())

    async def _depart(self) -> None:
        with self.lane.departure():
            try:
                await self._outbox.stop()
                await self._fire("close")
            finally:
                await hub.leave(self.path)

    def shut(self, code: int, reason: str = "") -> None:
        """:meth:`close`, with any code that the transport can send."""
        if self._status is OPEN:
            self._status = CLOSING
            self.lane.shut(self, Close(code, reason))
        elif self._status is CONNECTING:
            self._status, self._farewell = CLOSED, Close(code, reason)

    def dismiss(self, code: int, reason: str) -> None:
        """Close at once: what waits is dropped, nothing more is sent or handled."""
        before, self._status = self._status, CLOSED
        if self._outbox.clear() or before in (OPEN, CLOSING):
            self._outbox.push(Close(code, reason))

    def kick(self, code: int, reason: str) -> None:
        """Cut off a client for what it does, which the log tells: nothing more is sent, read or handled."""
        if self._status is not CLOSED:
            log_flood(self, reason)
            self._status = CLOSED
            self._outbox.clear()
            self.transport.abort(code)

    def deliver(self, item: str | Close, key: str | None = None) -> None:
        """Pass on what the lane brings, in its order."""
        if self._status is OPEN or self._status is CLOSING:
            if isinstance(item, Close):
                self._status = CLOSED
            else:
                counters.messages_out += 1
            self._outbox.push(item, key)
        elif isinstance(item, str):
            counters.messages_dropped += 1

    def lose(self, reason: str | Exception) -> None:
        """Send nothing more: the client takes too little (a text says so), or has left (an error did)."""
        if is_departure(reason):
            self._left_at = self._left_at or monotonic()
            self._status = LEFT if self._status in (OPEN, LEFT) else CLOSED
            return
        log_loss(self, reason)
        self._status = CLOSED
        self.transport.abort(SLOW_CLIENT if isinstance(reason, str) else INTERNAL_ERROR)

    def _answer(self, text: str) -> None:
        if self._status is OPEN:
            self._has_answered = True
            self._is_queued = not self.lane.send(self, text, self) or self._is_queued

    async def _handle(self, frame: Frame) -> Refusal | None:
        dispatcher = self.endpoint.dispatcher
        if dispatcher.is_reserved(frame.event):
            return Refusal(Code.RESERVED_EVENT, f"Clients cannot send {frame.event[:64]!r}.", frame.id)
        handler = dispatcher.find(frame.event)
        if handler is None:
            return Refusal(Code.UNKNOWN_EVENT, f"There is no event {frame.event[:64]!r} here.", frame.id)
        return await self._call(handler, frame)

    async def _fire(self, moment: str) -> None:
        for event, handler in self.endpoint.dispatcher.handlers_at(moment):
            refusal = await self._call(handler, Frame(event, {}))
            if refusal is not None:
                self._answer(self.endpoint.encoder.refusal(refusal))

    async def _call(self, handler: Handler, frame: Frame) -> Refusal | None:
        endpoint = self.endpoint
        values = {"self": endpoint.context, "socket": self._socket, "data": frame.data, **self.kwargs}
        endpoint.before_handler()
        counters.handlers_running += 1
        current.set(self)
        started = monotonic()
        try:
            result = await handler(values, self._run)
            if frame.id is not None and self._status is OPEN:
                self._answer(endpoint.encoder.reply(frame.id, result))
            return None
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
                raise
            log_failure(self, frame.event, error)
            return Refusal(Code.HANDLER_ERROR, "The handler of the event failed.", frame.id)
        finally:
            current.set(None)
            counters.handlers_running -= 1
            counters.handler_seconds += monotonic() - started
