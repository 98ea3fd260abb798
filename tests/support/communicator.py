"""Clients within the process of the tests, by the communicator of Channels."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from channels.testing import WebsocketCommunicator

from .client import AnyClient, Refused
from .log import DEADLINE


class InProcessClient(AnyClient):
    """A client that is connected by two queues."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        super().__init__()
        self._communicator = communicator

    async def send(self, message: str | bytes) -> None:
        key = "text" if isinstance(message, str) else "bytes"
        await self._communicator.send_input({"type": "websocket.receive", key: message})

    async def _receive(self, within: float) -> str:
        message = await self._communicator.receive_from(within)
        assert isinstance(message, str), message
        return message

    async def close(self) -> None:
        await self._communicator.disconnect(timeout=DEADLINE)


class InProcess:
    """Connects to an ASGI application without a server."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._clients: list[InProcessClient] = []

    async def connect(self, path: str, headers: Mapping[str, str] | None = None) -> InProcessClient:
        """A new client of ``WebSocket(path)``, which is closed with the :meth:`visit`."""
        raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        communicator = WebsocketCommunicator(self._application, f"/ws{path}", headers=raw)
        is_accepted, _ = await communicator.connect(DEADLINE)
        if not is_accepted:
            raise Refused(403)
        client = InProcessClient(communicator)
        self._clients.append(client)
        return client

    @contextlib.asynccontextmanager
    async def visit(self) -> AsyncIterator["InProcess"]:
        """What one test does here."""
        try:
            yield self
        finally:
            clients, self._clients = self._clients, []
            for client in clients:
                await client.close()
