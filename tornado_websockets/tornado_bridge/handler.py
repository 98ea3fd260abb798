"""``WebSocketHandler``: what Tornado calls for one client, and what it does for the client's connection.

It is long because Tornado wants all of that from one class, which is the ``socket`` of handlers as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

import tornado.escape
import tornado.web
import tornado.websocket

from .. import conf
from ..auth.session import SessionUnavailable, load_session
from ..core.connections.connection import STRAGGLING
from ..core.connections.inbox import Inbox
from ..core.connections.socket import Socket
from ..core.connections.transport import ClientGone
from ..core.handlers.calling import current
from ..core.protocol.closing import FLOODING
from ..core.protocol.rfc6455 import BINARY, MAX_PING_SIZE, PING_FRAME, TEXT, RawFrame
from ..core.registry import path_of
from ..core.tasks import keep
from ..serving import handshake, origin
from ..serving.authorization import abandon
from ..serving.prefix import below
from ..serving.refusing import log_refusal, refusal_of_query
from ..websocket import endpoint_of
from .bodies import has_body, refuse_body
from .protocol import Occasions, PacedProtocol
from .reading import close_behind, is_over
from .transport import ClosingTimes, TornadoTransport

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest

    from ..core.connections.connection import Connection
    from ..core.delivery.sending import Sending
    from ..websocket import WebSocket

#: Characters, or bytes, above which a message waits for its turn where many send at a time.
LARGE: Final = 1024


class HandshakeHandler(tornado.web.RequestHandler):
    """Answers handshakes. One that it refuses is the last request of its connection: nothing can follow it."""

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Answer, and close the connection behind a handshake that is refused, whatever was sent ahead.

        :param chunk: the rest of the answer.
        :returns: what waits until the answer is out.
        """
        is_last = is_handshake(self.request) and self.get_status() != 101 and not self._headers_written
        if is_last:
            self.set_header("Connection", "close")
        answered = super().finish(chunk)
        if is_last:
            close_behind(self.request, answered)
        return answered


@tornado.web.stream_request_body  # so that prepare comes before the body
class WebSocketHandler(Socket, HandshakeHandler, tornado.websocket.WebSocketHandler):  # type: ignore[misc]  # close() can be awaited
    """One client of a WebSocket under Tornado, and the ``socket`` of its handlers.

    It has what a ``socket`` has on every transport, and is a Tornado handler. ``TornadoWrapper`` mounts it; another
    ``tornado.web.Application`` may, too: ``('/ws/chat', WebSocketHandler, {'websocket': ws})``.
    """

    websocket: WebSocket
    _connection: Connection

    #: How long its end may take.
    closing_times: ClassVar[ClosingTimes] = ClosingTimes()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        tornado.websocket.WebSocketHandler.__init__(self, *args, **kwargs)  # a Socket is made with its connection

    def initialize(self, websocket: WebSocket) -> None:
        """Link this handler to the WebSocket it serves.

        :param websocket: an instance of :class:`~tornado_websockets.websocket.WebSocket`.
        """
        self.websocket = websocket
        self._endpoint = endpoint_of(websocket)
        self._inbox = Inbox(self._fail, self._may_read_on)
        self._is_open = self._has_joined = self._is_checked = False
        self._opening: asyncio.Task[Any] | None = None  # that of the connection, which calls ``open`` first
        self._transport = TornadoTransport(self, self._cancel, self._inbox.read_on, self.closing_times)

    # What handlers call.

    def write_message(self, message: str | bytes | dict[str, Any], binary: bool = False) -> Awaitable[None]:  # type: ignore[override]
        """Send a message of one's own making, in line with what is emitted, and from any thread.

        :param message: a text, UTF-8, or a dict, which is sent as JSON.
        :param binary: send a binary frame.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """
        text = tornado.escape.json_encode(message) if isinstance(message, dict) else message
        return self._write(BINARY if binary else TEXT, tornado.escape.utf8(text))

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping, in line with what is emitted, and from any thread.

        :param data: at most 125 bytes of UTF-8.
        :raises ValueError: they are more.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """
        payload = tornado.escape.utf8(data)
        if len(payload) > MAX_PING_SIZE:
            raise ValueError(f"Expected at most {MAX_PING_SIZE} bytes to send with a ping, got {len(payload)}.")
        self._write(PING_FRAME, payload)

    def _write(self, opcode: int, payload: bytes) -> Sending:
        if not hasattr(self, "_connection"):  # the handshake has only begun
            raise tornado.websocket.WebSocketClosedError
        return self._connection.write(RawFrame(opcode, payload))

    # What Tornado calls.

    def prepare(self) -> Awaitable[None] | None:
        """Refuse bodies unread, then hosts and origins as under ASGI, before session and user are loaded.

        A client that has left is not looked at.

        :returns: what Tornado awaits where many come at a moment, before it goes on.
        """
        if is_over(self.request):
            self.detach()
            return None
        self._check()
        return None if self._finished else self._endpoint.hub.shard().door.come(self._transport.has_left)

    def _check(self) -> None:
        self._is_checked = True
        if has_body(self.request):
            refuse_body(self, "a WebSocket takes none")
            return
        refusal = origin.refusal(*map(self.request.headers.get_list, ("Host", "Origin", "X-Forwarded-Host")))
        parameters = self._path_parameters()
        refusal = refusal or refusal_of_query(self.request.query)
        if refusal is not None or parameters is None:
            refuse(self, refusal or f"it does not match {self.websocket.path!r}")

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 Tornado gives it
        """Accept every origin here: :meth:`prepare` has already checked it. Override to be stricter."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:  # noqa: ARG002 read from the header itself
        """The one of the client's that is answered. Override to select by other rules."""
        answer: str | None = self._connection.offer.answer
        return answer

    def _check_cross_origin(self, check: Callable[[str], bool]) -> str | None:
        """Ask :meth:`check_origin` as Tornado 6.5 did; 6.6 would first judge by Sec-Fetch-Site, and fail on some."""
        origin = self.request.headers.get("Origin")
        return None if origin is None or check(origin) else f"Origin {origin!r} not allowed"

    @property
    def ping_interval(self) -> float:
        """Zero, so that Tornado sends no pings: it would wait five more seconds for one that does not answer."""
        return 0

    @property
    def max_message_size(self) -> int:
        """Close a connection that sends a message of more bytes."""
        most: int = self.settings.get("websocket_max_message_size", conf.most_bytes())
        return most

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, once the application's ``authorize`` agrees."""
        if not self._is_checked:  # a subclass has a prepare of its own
            self._check()
            if self._finished:
                return
        if not is_handshake(self.request):
            await super().get(*args, **kwargs)
            return
        try:
            self._connection = await self._connect()
        except SessionUnavailable:
            refuse(self, None, 500)  # as servers do where Channels' middleware fails
            return
        except ClientGone:
            refuse(self, None)
            return
        try:
            refusal = self._connection.admit()
            if refusal is None and not self._transport.is_gone and await self._is_authorized():
                await self._serve(*args, **kwargs)
            else:
                refuse(self, refusal)
        finally:
            if self._is_open:
                WebSocketHandler.on_close(self)  # where ``open`` has failed, nobody else calls it
            else:
                await self._connection.on_closed()

    async def _is_authorized(self) -> bool:
        return await self._endpoint.is_authorized(self._connection) and not self._connection.closed

    async def _serve(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, and serve until the client has gone.

        The process hears of other processes what they send to the path before that, so that a client which is connected
        misses nothing.
        """
        hub = self._endpoint.hub
        try:
            await hub.enter(self._connection.path)
            await super().get(*args, **kwargs)
        finally:
            if not self._has_joined:
                await hub.leave(self._connection.path)

    def open(self, *args: Any, **kwargs: Any) -> asyncio.Future[None] | None:  # noqa: ARG002 Tornado gives the path's
        """Add the client to those of its path, and run the ``open`` handler; only the first time that it is called.

        A subclass may send to the client before and after that, and close it. Where it leaves this out, it is called
        once its own has returned.

        :returns: what Tornado awaits before it reads the first message.
        """
        if self._transport.is_gone or self._is_open:
            return None
        self._is_open = True
        token = current.set(None)  # no handler of the client is what lets it in
        try:
            if not self._connection.join():
                return self._inbox.begin(self._connection.turn_away)
            self._transport.begin_pings(is_reading=lambda: not self._inbox.is_holding)
            return self._inbox.begin(self._connection.begin)
        finally:
            self._has_joined = self._connection.takes_part  # also where somebody who is told of it has failed
            current.reset(token)

    def _on_accepted(self) -> None:
        """The handshake is answered: ``open``, which a subclass may override, may send as a handler of events does."""
        self._opening = asyncio.current_task()
        self.set_nodelay(True)  # else a second message waits for the client's ACK of the first
        self._connection.on_accepted()
        current.set(self._connection)

    def _on_opened(self) -> Awaitable[None] | None:
        current.set(None)
        try:
            return WebSocketHandler.open(self)
        except Exception as error:
            self._fail(error)
            return None

    def get_websocket_protocol(self) -> tornado.websocket.WebSocketProtocol | None:
        """Make Tornado's own protocol, with bounds to what a client may send in a row."""
        protocol = super().get_websocket_protocol()
        if isinstance(protocol, tornado.websocket.WebSocketProtocol13):
            occasions = Occasions(self._on_accepted, self._on_opened, self._on_flood)
            self._protocol = PacedProtocol(self, occasions, protocol.mask_outgoing, protocol.params)
            return self._protocol
        return protocol

    def on_message(self, message: str | bytes) -> asyncio.Future[None] | None:
        """Handle one message of the client, after those before it; answer ``tws.ping`` at once.

        :param message: as the client sent it.
        :returns: what Tornado awaits before it reads the next one.
        """
        if self._inbox.is_busy and (not self._has_client() or self._connection.answer_at_once(message)):
            return None
        waits = len(message) > LARGE and self._endpoint.hub.shard().count_large()
        receive = self._receive_in_turn if waits else self._connection.received
        return self._inbox.begin(partial(receive, message), len(message))

    async def _receive_in_turn(self, message: str | bytes) -> None:
        await self._endpoint.hub.shard().turnstile.wait()
        await self._connection.received(message)

    def on_ping(self, data: bytes) -> None:  # noqa: ARG002 Tornado gives it
        """The client has sent a ping, which Tornado has answered."""
        self._protocol.count_ping()

    def on_pong(self, data: bytes) -> None:  # noqa: ARG002 Tornado gives it
        """The client has answered a ping."""
        self._protocol.count_idle()
        self._transport.answered()

    def on_ws_connection_close(self, close_code: int | None = None, close_reason: str | None = None) -> None:
        """The client has gone. What a subclass makes of that may fail, or leave out ours."""
        try:
            super().on_ws_connection_close(close_code, close_reason)
        finally:
            WebSocketHandler.on_close(self)

    def on_connection_close(self) -> None:
        """The client has gone, during the handshake perhaps."""
        try:
            super().on_connection_close()
        finally:
            WebSocketHandler.on_close(self)

    def on_close(self) -> None:
        """Run the ``close`` handler, after the handlers of what came before."""
        if self._transport.is_gone:
            return
        self._transport.is_gone = True
        self._transport.end_pings()
        if self._is_open:
            self._connection.on_lost()  # a handler may be waiting for an answer
            keep(self._inbox.end(self._connection.on_closed, 0 if self._connection.is_long_gone else STRAGGLING))
        elif hasattr(self, "_connection"):
            self._connection.on_lost()
            abandon(self._connection)

    def _cancel(self) -> None:
        """Cancel the handler that is running, or wait no more for whether the client may connect."""
        if self._is_open:
            self._inbox.cancel_current()
        elif self._opening is not None:  # by an ``open`` of a subclass
            self._opening.cancel()
        else:
            abandon(self._connection)

    def _has_client(self) -> bool:
        """Whether messages of the client are still handled: not of one that is found to have left a while ago."""
        self._notice_hangup()
        if self._connection.is_long_gone:
            self._transport.cut()
            self._inbox.drop()
        return not self._connection.is_long_gone

    def _may_read_on(self) -> bool:
        """Whether more may be read while a handler runs: not of a client that is found to have left."""
        self._transport.probe()
        has_left = self._notice_hangup()
        return self._has_client() and not has_left

    def _notice_hangup(self) -> bool:
        has_left = self._transport.is_found_dead(monotonic())
        if has_left:
            self._connection.on_lost()
        return has_left

    def _on_flood(self) -> None:
        """The client sends too much that carries nothing: cut it off."""
        self._connection.on_flood(FLOODING, "it sends too many pings, pongs or empty fragments")
        self._transport.cut()

    def _fail(self, error: Exception) -> None:
        """Log an error that no handler has raised, and cut the connection."""
        self.log_exception(type(error), error, error.__traceback__)
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            self.ws_connection.stream.close()

    async def _connect(self) -> Connection:
        headers = handshake.join_headers(self.request.headers.get_all())
        parameters = self._path_parameters() or {}
        orders_seen = self._endpoint.hub.control.last
        session, user = await load_session(headers.get("cookie", ""), self._transport.has_left)
        return handshake.connect(
            self._endpoint,
            self._transport,
            parameters=parameters,
            headers=headers,
            query_string=self.request.query,
            address=self.request.remote_ip,
            user=user,
            session=session,
            offer=self._endpoint.read_offer(
                headers.get("sec-websocket-protocol", ""), headers.get("authorization", "")
            ),
            orders_seen=orders_seen,
            socket=self,
        )

    def _path_parameters(self) -> Mapping[str, Any] | None:
        """Read the parameters from the path; where an application mounts us elsewhere, from its pattern's groups."""
        pattern = self._endpoint.pattern
        path = below(tornado.escape.url_unescape(self.request.path, plus=False))
        found = pattern.match(path_of(path) or path)
        if found is None and pattern.names <= self.path_kwargs.keys():
            with suppress(ValueError):
                found = pattern.match(pattern.build({name: self.path_kwargs[name] for name in pattern.names}))
        return found


def is_handshake(request: HTTPServerRequest) -> bool:
    """Whether a client wants a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def refuse(handler: tornado.web.RequestHandler, reason: str | None, status: int = 403) -> None:
    """Answer a handshake with a status. The reason is logged, unless it is ``None`` because it has been."""
    if reason is not None:
        log_refusal(handler.request.path, reason)
    handler.set_status(status)
    handler.set_header("Connection", "close")  # as Tornado does, where the body has not been read yet
    handler.finish()
