"""Channels <-> connections: one ``AsyncWebsocketConsumer`` subclass per WebSocket."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Mapping
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.functional import SimpleLazyObject

from tornado_websockets import conf, origin
from tornado_websockets.authorization import abandon
from tornado_websockets.core.admission import log_refusal
from tornado_websockets.core.connection import Connection
from tornado_websockets.core.registry import MAX_PATH, PREFIX
from tornado_websockets.core.stopping import GOING_AWAY
from tornado_websockets.turns import READ_ON_AFTER
from tornado_websockets.websocket import WebSocket

from .ahead import Ahead
from .clock import Clock
from .server import Message, Receive, Send
from .servers import path_refusal, server_of

Scope = dict[str, Any]

#: Seconds that the close frame to a client that is given up may take.
CLOSE_TIMEOUT = 1.0


class WebSocketConsumer(AsyncWebsocketConsumer):
    """Serves the clients of :attr:`websocket`, each by its own short loop.

    The loop of Channels' own consumers is not used: it gives every connection a channel, starts two tasks for each
    message, and before each one waits for the thread that all sync code shares, so that whoever blocks that thread
    stops every client.
    """

    websocket: ClassVar[WebSocket]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        self.channel_layer = get_channel_layer(self.channel_layer_alias)
        transport = Transport(receive, send)
        await receive()  # websocket.connect
        connection = self._connect(transport, send)
        if connection is None:
            await send({"type": "websocket.close"})
            return
        transport.begin(connection)
        try:
            if await self._is_admitted(connection):
                await self._serve(connection, transport)
            else:
                await send({"type": "websocket.close"})
        except asyncio.CancelledError:
            if not transport.forgives_cancellation():
                raise
        finally:
            transport.end()
            try:
                await connection.gone()
            finally:
                transport.release()
        await transport.finish()

    def _connect(self, transport: "Transport", send: Send) -> Connection | None:
        """The connection; ``None``, and a line in the log, when the client may not have one."""
        refusal = None if self._is_checked else refusal_of(self.scope, send)
        kwargs = self._path_parameters()
        if kwargs is None:
            refusal = refusal or f"it does not match {self.websocket.path!r}"
        if refusal is not None or kwargs is None:
            log_refusal(self.scope["path"], refusal or "")
            return None
        return Connection(
            self.websocket,
            transport,
            path=self.websocket.pattern.build(kwargs),
            kwargs=kwargs,
            headers=SimpleLazyObject(partial(_headers, self.scope)),  # type: ignore[arg-type]
            limits=conf.limits(),
            query_string=self.scope.get("query_string", b"").decode("latin-1"),
            address=(self.scope.get("client") or [None])[0],
            user=self.scope.get("user"),
            session=self.scope.get("session"),
        )

    @property
    def _is_checked(self) -> bool:
        """Whether ``websocket_application`` has let the client in, to this WebSocket."""
        return self.scope.get("websocket") is self.websocket

    async def _is_admitted(self, connection: Connection) -> bool:
        refusal = connection.admit()
        if refusal is not None:
            log_refusal(self.scope["path"], refusal)
            return False
        return await self.websocket.is_authorized(connection) and not connection.closed

    def _path_parameters(self) -> Mapping[str, Any] | None:
        """As the router found them; from the path where the consumer is served without a router."""
        pattern, path = self.websocket.pattern, self.scope["path"].removeprefix(PREFIX)
        if len(path) > MAX_PATH:
            return None
        found = self.scope.get("url_route", {}).get("kwargs", {})
        if pattern.names <= found.keys():
            return {name: found[name] for name in pattern.names}
        return pattern.match(path)

    async def _serve(self, connection: Connection, transport: "Transport") -> None:
        try:
            await connection.open(transport.accept)
        except OSError:  # the client did not wait for our answer
            return
        while (message := await transport.receive()) is not None:
            await connection.received(message)
            if transport.has_more():
                now = monotonic()
                transport.look_after_client(now)
                if connection.is_long_gone:
                    transport.cut()
                    break
                if connection.lane.count_handled(now):
                    await connection.lane.turnstile.wait()


class Transport:
    """The ASGI side of a connection, as :class:`~tornado_websockets.core.outbox.Transport` wants it.

    :ivar has_more: whether, as far as is known, more of what the client has sent is here already.
    """

    __slots__ = (
        "_abort_code",
        "_ahead",
        "_connection",
        "_has_received",
        "_is_receiving",
        "_receive",
        "_send",
        "_server",
        "_task",
        "_write",
        "has_more",
    )

    def __init__(self, receive: Receive, send: Send) -> None:
        self._server = server_of(receive, send)
        self._write = self._server.write
        self._receive = self._server.receive
        self.has_more = self._server.has_more
        self._send = send
        self._task = asyncio.current_task()
        self._is_receiving = False
        self._has_received = True
        self._abort_code: int | None = None
        self._ahead: Ahead | None = None
        self._connection: Connection | None = None

    def begin(self, connection: Connection) -> None:
        """Serve ``connection`` from now on. Pairs with :meth:`end`."""
        self._connection = connection
        _clock.add(self)

    def end(self) -> None:
        """Receive nothing any more."""
        if self._connection is not None:
            _clock.remove(self)
            self._connection = None  # which has us: neither should wait for the garbage collector
        if self._ahead is not None:
            self._ahead.stop()

    def release(self) -> None:
        """Undo what was done to the server. Who is given up is still to be cut off, and is not read until then."""
        if self._abort_code is None:
            self._server.ended()

    def read_on_if_late(self) -> None:
        """Read ahead from now on, if a handler or ``authorize`` has been running since the last look."""
        if not (self._is_receiving or self._has_received):
            if self._server.is_found_dead(monotonic()):
                self._notice_end()
            elif self._ahead is None:
                self._ahead = Ahead(self._receive, self._notice_end)
                self._receive, self.has_more = self._ahead.next, _always
        self._has_received = False

    def _notice_end(self) -> None:
        if self._connection is not None and not self._is_receiving:
            self._connection.lose(ConnectionResetError("The client left while a handler was running."))
            abandon(self._connection)

    def look_after_client(self, now: float) -> None:
        """Notice a client that has left, although what it sent before is not handled yet."""
        if self._connection is not None and self._server.is_found_dead(now):
            self._connection.lose(ConnectionResetError("The client left before all it had sent was handled."))

    def _cut_off(self, code: int) -> None:
        if self._connection is not None:
            self._connection.kick(code, "it sends too many pings, pongs or empty fragments")

    async def accept(self) -> None:
        await self._send({"type": "websocket.accept"})
        self._server.opened(self._cut_off)

    def send(self, text: str) -> Awaitable[None] | None:
        if self._write(text):
            return None
        message = {"type": "websocket.send", "text": text}
        writable = self._server.writable
        return self._send(message) if writable is None or writable.is_set() else self._send_later(writable, message)

    async def _send_later(self, writable: asyncio.Event, message: Message) -> None:
        await writable.wait()
        await self._send(message)

    def close(self, code: int, reason: str) -> Awaitable[None]:
        by_name = self._server.close(code, reason)
        return self._send({"type": "websocket.close", "code": code, "reason": reason}) if by_name is None else by_name

    def abort(self, code: int) -> None:
        if self._abort_code is None:
            self._abort_code = code
            self._server.hold()
            if self._is_receiving and self._task is not None:
                self._task.cancel()

    def interrupt(self) -> None:
        self._abort_code = GOING_AWAY
        if self._task is not None:
            self._task.cancel()

    def forgives_cancellation(self) -> bool:
        """Whether nobody but us has cancelled the task; if so, it goes on."""
        return self._abort_code is not None and self._task is not None and self._task.uncancel() == 0

    async def receive(self) -> str | bytes | None:
        """The next message; ``None`` when the client has gone, or is given up."""
        if self._abort_code is not None:
            return None
        self._is_receiving = self._has_received = True
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if self.forgives_cancellation():
                return None
            raise
        finally:
            self._is_receiving = False
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return data if text is None else text

    def cut(self) -> None:
        """Drop the connection at once."""
        self._server.cut()

    async def finish(self) -> None:
        """Close what was given up, and drop what it did not take."""
        if self._abort_code is not None:
            with contextlib.suppress(Exception):  # it may have gone, or take nothing
                await asyncio.wait_for(self.close(self._abort_code, ""), CLOSE_TIMEOUT)
            self.cut()
            self._server.ended()


#: Finds the handlers that take their time.
_clock: Clock[Transport] = Clock(READ_ON_AFTER, Transport.read_on_if_late)


def consumer_for(websocket: WebSocket) -> type[WebSocketConsumer]:
    """A consumer class for one WebSocket: ``/chat`` is served by ``ChatConsumer``."""
    words = re.findall(r"[A-Za-z0-9]+", websocket.path)
    name = "".join(word[0].upper() + word[1:] for word in words) + "Consumer"
    return type(name, (WebSocketConsumer,), {"websocket": websocket, "__module__": __name__})


def refusal_of(scope: Scope, send: Send) -> str | None:
    """Why the host, the origin or the form of a handshake is refused; ``None`` when it is not."""
    reason = origin.refusal(header_values(scope, b"host"), header_values(scope, b"origin"))
    return reason or path_refusal(scope, send)


def header_values(scope: Scope, header: bytes) -> list[str]:
    """The values of all headers of that name, in order."""
    return [value.decode("latin-1") for name, value in scope.get("headers", ()) if name.lower() == header]


def _headers(scope: Scope) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in headers:  # as RFC 9110 and, for cookies, RFC 6265 join them
            text = headers[key] + ("; " if key == "cookie" else ", ") + text
        headers[key] = text
    return CaseInsensitiveMapping(headers)


def _always() -> bool:
    return True
