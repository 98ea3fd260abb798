"""A ``tornado.web.Application`` of a test's own, on the test's event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from tests.support.sockets import SocketClient
from tests.support.waiting import until
from tornado_websockets.core.delivery.hub import hub

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Serving:
    """An application that listens on :attr:`port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._clients: list[SocketClient] = []
        self._raw: list[Raw] = []

    async def connect(self, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> SocketClient:
        """A new client, which is closed in the end."""
        client = await SocketClient.connect(f"ws://127.0.0.1:{self.port}{path}", headers or {}, **options)
        self._clients.append(client)
        return client

    async def raw(self, path: str, headers: Mapping[str, str] | None = None) -> "Raw":
        """A client that has sent the handshake, and leaves the rest to the test."""
        self._raw.append(await Raw.connect(self.port, path, headers))
        return self._raw[-1]

    async def close(self) -> None:
        for raw in self._raw:
            raw.abort()
        for client in self._clients:
            await client.close()


class Raw:
    """A client that does nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, path: str, headers: Mapping[str, str] | None = None) -> "Raw":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer)
        client.ask(path, {"Host": f"127.0.0.1:{port}", **HANDSHAKE, **(headers or {})})
        return client

    def ask(self, path: str, headers: Mapping[str, str], method: str = "GET") -> None:
        """Send the head of a request."""
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def status(self) -> int:
        """Of the answer, whose head is read."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    def abort(self) -> None:
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(*handlers: Any, **settings: Any) -> AsyncIterator[Serving]:
    """Serve ``handlers``; in the end all clients have gone."""
    server = HTTPServer(Application(list(handlers), **settings))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    served = Serving(sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        await served.close()
        server.stop()
        await server.close_all_connections()
        await until(lambda: hub.shard().is_empty)
