"""Tornado <-> connections."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import tornado.escape
import tornado.websocket
from django.utils.datastructures import CaseInsensitiveMapping

from . import conf, origin
from .core.connection import Connection, Socket
from .core.registry import PREFIX
from .session import load_session

if TYPE_CHECKING:
    from .core.connection import Sent
    from .core.frames import Data
    from .websocket import WebSocket


logger = logging.getLogger("tornado_websockets")

#: Connections whose ``close`` handlers are running; the event loop alone would not keep them alive.
_leaving: set[asyncio.Task[None]] = set()


class _Forward:
    """An attribute that is the connection's."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, handler: WebSocketHandler | None, owner: type) -> Any:
        return self if handler is None else getattr(handler.connection, self._name)

    def __set__(self, handler: WebSocketHandler, value: Any) -> None:
        setattr(handler.connection, self._name, value)


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
    user = _Forward()
    session = _Forward()
    state = _Forward()
    closed = _Forward()

    def initialize(self, websocket: WebSocket) -> None:
        """Link this handler to the WebSocket it serves.

        :param websocket: an instance of :class:`~tornado_websockets.websocket.WebSocket`.
        """
        self.websocket = websocket
        self._turn = asyncio.Lock()
        self._is_open = self._is_gone = False

    # For handlers.

    def emit(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to this client; see :meth:`Connection.emit`.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        """
        return self.connection.emit(event, data)

    def emit_warning(self, message: str, code: str | None = None) -> Sent:
        """Send a ``warning``; see :meth:`Connection.emit_warning`."""
        return self.connection.emit_warning(message, code)

    def broadcast(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to every other client; see :meth:`Connection.broadcast`."""
        return self.connection.broadcast(event, data)

    def close(self, code: int | None = None, reason: str | None = None) -> Sent:  # type: ignore[override]
        """Close the connection once what was sent before is out; see :meth:`Connection.close`."""
        return self.connection.close(code, reason)

    # For Tornado.

    def prepare(self) -> None:
        """Refuse hosts and origins as under ASGI, before anything else is looked at."""
        headers = self.request.headers
        refusal = origin.refusal(headers.get_list("Host"), headers.get_list("Origin"))
        parameters = self._path_parameters()
        if refusal is not None or parameters is None:
            self._refuse(refusal or f"it does not match {self.websocket.path!r}")

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 Tornado gives it
        """Let pass: :meth:`prepare` has looked at it. Tornado from 6.6 on does not ask when Origin equals Host."""
        return True

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, once the application's ``authorize`` agrees."""
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            self.connection = await self._connect()
            if not await self.websocket.is_authorized(self) or self.closed:
                self.set_status(403)
                self.finish()
                return
        await super().get(*args, **kwargs)

    async def open(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 Tornado gives what is in the path
        """Let the client take part, and run the ``open`` handler."""
        async with self._turn:
            if not self._is_gone:
                self._is_open = True
                await self.connection.open(_accepted)

    async def on_message(self, message: str | bytes) -> None:
        """Handle one message of the client. Tornado reads the next one when this returns.

        :param message: as the client sent it.
        """
        async with self._turn:
            await self.connection.received(message)

    def on_close(self) -> None:
        """Run the ``close`` handler, after the handler that may still be running."""
        self._is_gone = True
        if self._is_open:
            task = asyncio.get_running_loop().create_task(self._leave())
            _leaving.add(task)
            task.add_done_callback(_leaving.discard)

    async def _leave(self) -> None:
        async with self._turn:
            await self.connection.gone()

    async def _connect(self) -> Connection:
        headers = self.request.headers
        parameters = self._path_parameters() or {}
        session, user = await load_session(headers.get("Cookie", ""))
        return Connection(
            self.websocket,
            _Transport(self),
            path=self.websocket.pattern.build(parameters),
            kwargs=parameters,
            headers=CaseInsensitiveMapping(dict(headers)),
            limits=conf.limits(),
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
            found = {name: self.path_kwargs[name] for name in pattern.names}
        return found

    def _refuse(self, reason: str) -> None:
        logger.warning("Refused a connection to %r: %s", self.request.path[:64], reason)
        self.set_status(403)
        self.finish()


class _Transport:
    """The Tornado side of a connection, as :class:`~tornado_websockets.core.outbox.Transport` wants it."""

    __slots__ = ("_handler",)

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler

    def send(self, text: str) -> Awaitable[None]:
        """Write a frame. Tornado's ``write_message`` would start a task for each, and buffer without limit."""
        protocol = self._handler.ws_connection
        if protocol is None or protocol.stream is None:
            raise tornado.websocket.WebSocketClosedError
        return protocol.stream.write(_frame(text))

    async def close(self, code: int, reason: str) -> None:
        tornado.websocket.WebSocketHandler.close(self._handler, code, reason)

    def abort(self, code: int) -> None:  # noqa: ARG002 there is no way left to tell it
        """Cut the line: a client that reads nothing would not read a close frame either."""
        protocol = self._handler.ws_connection
        if protocol is not None and protocol.stream is not None:
            protocol.stream.close()


async def finish_leaving() -> None:
    """Return when the ``close`` handlers of all clients that have gone are through."""
    if _leaving:
        await asyncio.wait(_leaving)


async def _accepted() -> None:
    """Tornado has answered the handshake before it calls ``open``."""


@lru_cache(maxsize=2)
def _frame(text: str) -> bytes:
    """A whole, unmasked text frame (RFC 6455, section 5.2). A broadcast asks for the same one again and again."""
    payload = text.encode("ascii")
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, len(payload)) + payload
    return struct.pack("!BBQ", 0x81, 127, len(payload)) + payload
