"""Channels <-> connections: one ``AsyncWebsocketConsumer`` subclass per WebSocket."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, Final

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer

from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.registry import MAX_PATH, PREFIX
from tornado_websockets.serving import handshake
from tornado_websockets.serving.endpoint import Endpoint
from tornado_websockets.serving.origin import refusal
from tornado_websockets.serving.prefix import below
from tornado_websockets.serving.refusing import log_refusal, refusal_of_query
from tornado_websockets.websocket import WebSocket, endpoint_of

from .transports.asgi import AsgiTransport, Receive, Scope, Send
from .transports.known import transport_for

#: The headers that every handshake is asked for.
_HOST, _ORIGIN, _FORWARDED_HOST = b"host", b"origin", b"x-forwarded-host"
_SUBPROTOCOLS, _AUTHORIZATION = b"sec-websocket-protocol", b"authorization"
_WANTED: Final = (_HOST, _ORIGIN, _FORWARDED_HOST, _SUBPROTOCOLS, _AUTHORIZATION)
_SIZES: Final = frozenset(map(len, _WANTED))  # which few others have, so that few need be put in lower case

#: The entry of a scope that says which order to processes was the last before its user was read.
ORDERS_SEEN: Final = "tornado_websockets.orders_seen"

#: The entry that has the subprotocols that a client offers, and its ``Authorization``.
OFFERED: Final = "tornado_websockets.offered"


class WebSocketConsumer(AsyncWebsocketConsumer):
    """Serves the clients of :attr:`websocket`, each by its own short loop.

    The loop of Channels' own consumers is not used: it gives every connection a channel, starts two tasks for each
    message, and before each one waits for the thread that all sync code shares, so that whoever blocks that thread
    stops every client.
    """

    websocket: ClassVar[WebSocket]
    endpoint: ClassVar[Endpoint]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        transport = transport_for(scope, receive, send)
        if not self._is_checked:  # else it has come in before its session was looked up
            await self.endpoint.hub.shard().door.enter(transport.has_left)
        await receive()  # websocket.connect
        connection = self._connect(transport)
        try:
            if connection is None:
                await transport.refuse()
            else:
                await self._live(connection, transport)
        except ClientGone:  # it did not wait for our answer
            pass

    @cached_property
    def channel_layer(self) -> Any:
        """As other consumers have it. Ours need none, and without any it is looked for in the settings each time."""
        return get_channel_layer(self.channel_layer_alias)

    async def _live(self, connection: Connection, transport: AsgiTransport) -> None:
        """Serve a client from its handshake to its end."""
        transport.begin(connection)
        try:
            if await self._is_admitted(connection):
                answer = connection.offer.answer
                await connection.open(transport.accept if answer is None else partial(transport.accept, answer))
                await transport.read_to_end(connection)
            else:
                await transport.refuse()
        except asyncio.CancelledError:
            if not transport.forgives_cancellation():
                raise
        finally:
            transport.end()
            try:
                await connection.on_closed()
            finally:
                transport.release()
        await transport.finish()

    def _connect(self, transport: AsgiTransport) -> Connection | None:
        """The connection; ``None``, and a line in the log, when the client may not have one."""
        if self._is_checked:
            refusal, offer = None, self.scope[OFFERED]
        else:
            headers = wanted_headers(self.scope)
            refusal, offer = refusal_of(self.scope, headers, transport), offered(headers)
        kwargs = self._path_parameters()
        if kwargs is None:
            refusal = refusal or f"it does not match {self.websocket.path!r}"
        if refusal is not None or kwargs is None:
            log_refusal(self.scope["path"], refusal or "")
            return None
        return handshake.connect(
            self.endpoint,
            transport,
            parameters=kwargs,
            headers=_LazyHeaders(self.scope),
            query_string=self.scope.get("query_string", b"").decode("latin-1"),
            address=(self.scope.get("client") or [None])[0] or None,  # granian says "" of a Unix socket
            user=self.scope.get("user"),
            session=self.scope.get("session"),
            offer=self.endpoint.read_offer(*offer),
            orders_seen=self.scope.get(ORDERS_SEEN),
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
        return await self.endpoint.is_authorized(connection) and not connection.closed

    def _path_parameters(self) -> Mapping[str, Any] | None:
        """As the router found them; from the path where the consumer is served without a router."""
        pattern, found = self.endpoint.pattern, self.scope.get("url_route", {}).get("kwargs", {})
        if self._is_checked:
            return {name: found[name] for name in pattern.names}
        path = below(self.scope["path"]).removeprefix(PREFIX)
        if len(path) > MAX_PATH:
            return None
        if pattern.names <= found.keys():
            return {name: found[name] for name in pattern.names}
        return pattern.match(path)


def consumer_for(websocket: WebSocket) -> type[WebSocketConsumer]:
    """A consumer class for one WebSocket: ``/chat`` is served by ``ChatConsumer``."""
    words = re.findall(r"[A-Za-z0-9]+", websocket.path)
    name = "".join(word[0].upper() + word[1:] for word in words) + "Consumer"
    attributes = {"websocket": websocket, "endpoint": endpoint_of(websocket), "__module__": __name__}
    return type(name, (WebSocketConsumer,), attributes)


def refusal_of(scope: Scope, headers: Mapping[bytes, list[str]], transport: AsgiTransport) -> str | None:
    """Why the host, the origin or the form of a handshake is refused; ``None`` when it is not.

    :param headers: as of :func:`wanted_headers`.
    """
    values = (headers.get(name, ()) for name in (_HOST, _ORIGIN, _FORWARDED_HOST))
    return refusal(*values) or transport.path_refusal(scope) or refusal_of_query(scope.get("query_string", b""))


def offered(headers: Mapping[bytes, list[str]]) -> tuple[str, str]:
    """The subprotocols that a client offers, and its ``Authorization``.

    :param headers: as of :func:`wanted_headers`.
    """
    return ", ".join(headers.get(_SUBPROTOCOLS, ())), ", ".join(headers.get(_AUTHORIZATION, ()))


def wanted_headers(scope: Scope) -> dict[bytes, list[str]]:
    """The values, in order, of those headers that a handshake is asked for and has."""
    found: dict[bytes, list[str]] = {}
    for name, value in scope.get("headers", ()):
        if len(name) in _SIZES and (wanted := name.lower()) in _WANTED:
            found.setdefault(wanted, []).append(value.decode("latin-1"))
    return found


class _LazyHeaders(Mapping[str, str]):
    """The headers of a handshake, read when something is first asked of them; Django's lazy object takes 15 µs more."""

    __slots__ = ("_headers", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._headers: Mapping[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def __eq__(self, other: object) -> bool:
        return self._read() == other

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self._read()), (dict(self),)

    def copy(self) -> Mapping[str, str]:
        """The same: nobody can change it. Django's have it."""
        return self._read()

    def _read(self) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = headers_of(self._scope)
        return self._headers


def headers_of(scope: Scope) -> Mapping[str, str]:
    """The headers of a handshake by name, in any case, joined where one came more than once."""
    pairs = scope.get("headers", ())
    return handshake.join_headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
