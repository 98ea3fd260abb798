"""Protocols of servers as they are during a handshake, each made by its library, without a server."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.testing import StringTransport

#: The names of uvicorn's ``--ws``.
UVICORN_PROTOCOLS = ("websockets-sansio", "wsproto", "websockets")

_HANDSHAKE = (
    b"GET /ws/chat?room=1 HTTP/1.1\r\nHost: testserver\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass
class Called:
    """What a server has called an application with.

    :ivar protocol: the server's, of this client.
    :ivar read: what the server has written to the client.
    :ivar feed: gives the server what the client sends.
    """

    scope: dict[str, Any]
    receive: Callable[[], Awaitable[Any]]
    send: Callable[[Any], Awaitable[None]]
    protocol: Any
    read: Callable[[], Awaitable[bytes]]
    feed: Callable[[bytes], None]


class _Application:
    """Keeps what it is called with, until it is told to return.

    :param at_once: is called with the protocol, ``receive`` and ``send`` before anything is awaited.
    """

    def __init__(self, at_once: Callable[[Any, Any, Any], object] | None = None) -> None:
        self._at_once = at_once
        self.called: asyncio.Future[tuple[Any, Any, Any]] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._at_once is not None:
            self._at_once(send.__self__, receive, send)
        await receive()
        self.called.set_result((scope, receive, send))
        await self.over.wait()


class _Transport(StringTransport):
    """Twisted's transport for tests, where it is stricter than a socket."""

    def fileno(self) -> int:
        return -1

    def resumeProducing(self) -> None:  # noqa: N802 Twisted's names
        if not self.disconnecting:
            super().resumeProducing()  # type: ignore[no-untyped-call]

    def unregisterProducer(self) -> None:  # noqa: N802
        if self.producer is not None:
            super().unregisterProducer()  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def daphne_client() -> AsyncIterator[Called]:
    """A client of daphne."""
    from daphne.server import Server
    from daphne.ws_protocol import WebSocketFactory

    application = _Application()
    server = Server(application, endpoints=["tcp:0"])
    server.connections = {}
    protocol = WebSocketFactory(server, server="daphne").buildProtocol(None)
    protocol._raw_query_string = b"room=1"
    transport = _Transport()  # type: ignore[no-untyped-call]
    protocol.makeConnection(transport)
    protocol.dataReceived(_HANDSHAKE + b"\r\n")
    scope, receive, send = await application.called

    async def read() -> bytes:
        written: bytes = transport.value()  # type: ignore[no-untyped-call]
        return written

    def feed(data: bytes) -> None:
        protocol.dataReceived(data)  # whatever class it is of by then

    try:
        yield Called(scope, receive, send, protocol, read, feed)
    finally:
        application.over.set()
        await server.connections[protocol]["application_instance"]
        for timer in ("openHandshakeTimeoutCall", "closeHandshakeTimeoutCall", "serverConnectionDropTimeoutCall"):
            call = getattr(protocol, timer, None)
            if call is not None:
                call.cancel()


@contextlib.asynccontextmanager
async def uvicorn_client(ws: str = "websockets-sansio", offer: str = "") -> AsyncIterator[Called]:
    """A client of uvicorn, with a real socket.

    :param ws: as ``--ws`` says it.
    :param offer: the extensions that the client offers.
    """
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    application, loop, state = _Application(), asyncio.get_running_loop(), ServerState()
    config = Config(application, ws=ws, log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    kind: Any = config.ws_protocol_class
    transport, protocol = await loop.connect_accepted_socket(lambda: kind(config, state, {}), ours)
    extensions = f"Sec-WebSocket-Extensions: {offer}\r\n" if offer else ""
    theirs.sendall(_HANDSHAKE + extensions.encode() + b"\r\n")
    scope, receive, send = await application.called

    async def read() -> bytes:
        return await loop.sock_recv(theirs, 1 << 16)

    try:
        yield Called(scope, receive, send, protocol, read, theirs.sendall)
    finally:
        application.over.set()
        transport.abort()
        theirs.close()
        await asyncio.gather(*state.tasks)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def gunicorn_client(at_once: Callable[[Any, Any, Any], object]) -> AsyncIterator[Called]:
    """A client of gunicorn's own worker for ASGI, with a real socket.

    :param at_once: as of :class:`_Application`.
    """
    from gunicorn.asgi.protocol import ASGIProtocol
    from gunicorn.config import Config
    from gunicorn.glogging import Logger
    from gunicorn.workers.gasgi import ASGIWorker

    application, loop, config = _Application(at_once), asyncio.get_running_loop(), Config()
    worker: Any = ASGIWorker(1, os.getpid(), [], None, 30, config, Logger(config))
    worker.asgi, worker.loop = application, loop
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, protocol = await loop.connect_accepted_socket(lambda: ASGIProtocol(worker), ours)
    theirs.sendall(_HANDSHAKE + b"\r\n")
    scope, receive, send = await application.called

    async def read() -> bytes:
        return await loop.sock_recv(theirs, 1 << 16)

    try:
        yield Called(scope, receive, send, send.__self__, read, theirs.sendall)
    finally:
        send.__self__.closed = True  # else it waits for the client's answer to a close frame
        application.over.set()
        transport.abort()
        theirs.close()
        await protocol._task
        worker.tmp.close()
