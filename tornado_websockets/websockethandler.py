"""Tornado <-> connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import tornado.escape
import tornado.web
import tornado.websocket
from django.utils.datastructures import CaseInsensitiveMapping

from . import conf, origin
from .authorization import abandon
from .bodies import has_body, refuse_body
from .core.admission import log_refusal
from .core.connection import Connection
from .core.hub import hub
from .core.registry import PREFIX
from .core.socket import Socket
from .session import SessionUnavailable, load_session
from .tornadotransport import PacedProtocol, TornadoTransport
from .turns import Turns

if TYPE_CHECKING:
    from tornado.httputil import HTTPHeaders, HTTPServerRequest

    from .core.frames import Data
    from .core.sent import Sent
    from .websocket import WebSocket


#: Connections whose ``close`` handlers are running; the event loop alone would not keep them alive.
_leaving: set[asyncio.Future[None]] = set()


class _Forward:
    """An attribute that is the connection's."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, handler: WebSocketHandler | None, owner: type) -> Any:
        return self if handler is None else getattr(handler.connection, self._name)

    def __set__(self, handler: WebSocketHandler, value: Any) -> None:
        setattr(handler.connection, self._name, value)


@tornado.web.stream_request_body  # so that prepare comes before the body
class WebSocketHandler(Socket, tornado.websocket.WebSocketHandler):
    """One client of a WebSocket under Tornado, and the ``socket`` of its handlers.

    It has what a ``socket`` has on every transport, and is a Tornado handler. ``TornadoWrapper`` mounts it; another
    ``tornado.web.Application`` may, too: ``('/ws/chat', WebSocketHandler, {'websocket': ws})``.
    """

    connection: Connection
    websocket: WebSocket

    id = _Forward()
    path = _Forward()
    kwargs = _Forward()
    headers = _Forward()
    query_string = _Forward()
    address = _Forward()
    user = _Forward()
    session = _Forward()
    state = _Forward()
    closed = _Forward()

    def initialize(self, websocket: WebSocket) -> None:
        """Link this handler to the WebSocket it serves.

        :param websocket: an instance of :class:`~tornado_websockets.websocket.WebSocket`.
        """
        self.websocket = websocket
        self._turns = Turns(self._fail)
        self._is_open = self._is_gone = False
        self._transport = TornadoTransport(self)

    # For handlers.

    def emit(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to this client; see :meth:`Connection.emit`.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        """
        return self.connection.emit(event, data)

    def broadcast(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to every other client; see :meth:`Connection.broadcast`."""
        return self.connection.broadcast(event, data)

    def close(self, code: int | None = None, reason: str | None = None) -> Sent:  # type: ignore[override]
        """Close the connection once what was sent before is out; see :meth:`Connection.close`."""
        return self.connection.close(code, reason)

    # For Tornado.

    def prepare(self) -> None:
        """Refuse bodies unread, then hosts and origins as under ASGI, before anything else is looked at."""
        if has_body(self.request):
            refuse_body(self, "a WebSocket takes none")
            return
        headers = self.request.headers
        refusal = origin.refusal(headers.get_list("Host"), headers.get_list("Origin"))
        parameters = self._path_parameters()
        if refusal is not None or parameters is None:
            refuse(self, refusal or f"it does not match {self.websocket.path!r}")

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 Tornado gives it
        """Let pass: :meth:`prepare` has looked at it. A subclass may refuse more."""
        return True

    def _check_cross_origin(self, check: Callable[[str], bool]) -> str | None:
        """Ask :meth:`check_origin` as Tornado 6.5 did; 6.6 would first judge by Sec-Fetch-Site, and fail on some."""
        origin = self.request.headers.get("Origin")
        return None if origin is None or check(origin) else f"Origin {origin!r} not allowed"

    @property
    def ping_interval(self) -> float:
        """None for Tornado itself: it waits for five more seconds when a client does not answer."""
        return 0

    @property
    def max_message_size(self) -> int:
        """Bytes of a message above which the connection is closed."""
        most: int = self.settings.get("websocket_max_message_size", conf.most_bytes())
        return most

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, once the application's ``authorize`` agrees."""
        if not is_handshake(self.request):
            await super().get(*args, **kwargs)
            return
        try:
            self.connection = await self._connect()
        except SessionUnavailable:
            refuse(self, None, 500)  # as servers do where Channels' middleware fails
            return
        try:
            refusal = self.connection.admit()
            if refusal is not None or self._is_gone or not await self.websocket.is_authorized(self) or self.closed:
                refuse(self, refusal)
            else:
                await self._serve(*args, **kwargs)
        finally:
            if not self._is_open:
                await self.connection.gone()

    async def _serve(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, and serve until the client has gone.

        Before that, what other processes send to its path is brought in: it may rely on it as soon as it is connected.
        """
        try:
            await hub.enter(self.connection.path)
            await super().get(*args, **kwargs)
        finally:
            await hub.leave(self.connection.path)

    def open(self, *args: Any, **kwargs: Any) -> asyncio.Future[None] | None:  # noqa: ARG002 Tornado gives the path's
        """Let the client take part, and run the ``open`` handler.

        :returns: what Tornado waits for before it reads.
        """
        if self._is_gone:
            return None
        self._is_open = True
        self.set_nodelay(True)  # else a second message waits for the client's ACK of the first
        self._transport.begin_pings(is_reading=lambda: not self._turns.is_holding)
        return self._turns.begin(partial(self.connection.open, _accepted))

    def get_websocket_protocol(self) -> tornado.websocket.WebSocketProtocol | None:
        """Tornado's own, but for clients that send too much."""
        protocol = super().get_websocket_protocol()
        if isinstance(protocol, tornado.websocket.WebSocketProtocol13):
            return PacedProtocol(self, self._transport, protocol.mask_outgoing, protocol.params)
        return protocol

    def on_message(self, message: str | bytes) -> asyncio.Future[None] | None:
        """Handle one message of the client, after those before it.

        :param message: as the client sent it.
        :returns: what Tornado waits for before it reads the next one.
        """
        if self._turns.is_busy and not self._has_client():
            return None
        return self._turns.begin(partial(self.connection.received, message), len(message))

    def on_ping(self, data: bytes) -> None:  # noqa: ARG002 Tornado gives it
        """The client has sent a ping, which Tornado has answered."""
        self._transport.pinged()

    def on_pong(self, data: bytes) -> None:  # noqa: ARG002 Tornado gives it
        """The client has answered a ping."""
        self._transport.answered()

    def on_close(self) -> None:
        """Run the ``close`` handler, after the handlers of what came before."""
        self._is_gone = True
        self._transport.end_pings()
        if self._is_open:
            leaving = self._turns.end(self.connection.gone)
            _leaving.add(leaving)
            leaving.add_done_callback(_leaving.discard)
        elif hasattr(self, "connection"):
            self.connection.lose(ConnectionResetError("The client left before it was let in."))
            abandon(self)

    def interrupt(self) -> None:
        """Cancel the handler that is running. What comes after it is done all the same."""
        self._turns.interrupt()

    def _has_client(self) -> bool:
        """Whether what the client has sent is still to be handled; notices one that has left meanwhile."""
        if self.connection.is_connecting:  # ``open`` comes first, also for one that left at once
            return True
        if self._transport.is_found_dead(monotonic()):
            self.connection.lose(ConnectionResetError("The client left before all it had sent was handled."))
        if self.connection.is_long_gone:
            self._transport.cut()
        return not self.connection.is_long_gone

    def _fail(self, error: Exception) -> None:
        """End the connection because of an error that is no handler's: those are dealt with."""
        self.log_exception(type(error), error, error.__traceback__)
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            self.ws_connection.stream.close()

    async def _connect(self) -> Connection:
        headers = _headers(self.request.headers)
        parameters = self._path_parameters() or {}
        session, user = await load_session(headers.get("cookie", ""))
        return Connection(
            self.websocket,
            self._transport,
            path=self.websocket.pattern.build(parameters),
            kwargs=parameters,
            headers=headers,
            limits=conf.limits(),
            query_string=self.request.query,
            address=self.request.remote_ip,
            user=user,
            session=session,
            socket=self,
        )

    def _path_parameters(self) -> Mapping[str, Any] | None:
        """From the path; where a Tornado application mounts us elsewhere, from the groups of its pattern."""
        pattern = self.websocket.pattern
        path = tornado.escape.url_unescape(self.request.path, plus=False)
        found = pattern.match(path.removeprefix(PREFIX))
        if found is None and pattern.names <= self.path_kwargs.keys():
            with suppress(ValueError):
                found = pattern.match(pattern.build({name: self.path_kwargs[name] for name in pattern.names}))
        return found


def is_handshake(request: HTTPServerRequest) -> bool:
    """Whether a client wants a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def refuse(handler: tornado.web.RequestHandler, reason: str | None, status: int = 403) -> None:
    """Answer with a status, and log the reason, if it has not been."""
    if reason is not None:
        log_refusal(handler.request.path, reason)
    handler.set_status(status)
    handler.set_header("Connection", "close")  # as Tornado does, where the body has not been read yet
    handler.finish()


async def _accepted() -> None:
    """Tornado has answered the handshake before it calls ``open``."""


def _headers(headers: HTTPHeaders) -> Mapping[str, str]:
    """Each by its name, in lower case and with the values of those that came more than once joined, as under ASGI."""
    joints = {"Cookie": "; "}
    joined = {name.lower(): joints.get(name, ", ").join(headers.get_list(name)) for name in headers}
    return CaseInsensitiveMapping(joined)
