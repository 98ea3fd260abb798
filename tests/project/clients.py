"""Clients that need no server: what a connection sends to them is kept in a list."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tornado_websockets.core.connection import Connection
from tornado_websockets.core.endpoint import Endpoint
from tornado_websockets.core.frames import Limits
from tornado_websockets.core.outbox import Close


class MemoryTransport:
    """Keeps what it is told to send, and takes nothing while it is held.

    :ivar sent: texts and orders to close, in order.
    :ivar aborts: the codes of all orders to abort.
    :ivar error: raised by whatever is sent next.
    """

    def __init__(self) -> None:
        self.sent: list[str | Close] = []
        self.aborts: list[int] = []
        self.interrupts = 0
        self.error: Exception | None = None
        self.sending = 0
        self._permits: asyncio.Semaphore | None = None

    def hold(self) -> None:
        """From now on take nothing but what :meth:`take` allows: whoever sends is suspended."""
        self._permits = asyncio.Semaphore(0)

    def take(self, count: int) -> None:
        """Take ``count`` more while held."""
        for _ in range(count):
            assert self._permits is not None
            self._permits.release()

    def release(self) -> None:
        """Take everything again."""
        if self._permits is not None:
            self._permits.release()
            self._permits = None

    def send(self, text: str) -> Awaitable[None]:
        return self._take(text)

    def close(self, code: int, reason: str) -> Awaitable[None]:
        return self._take(Close(code, reason))

    def abort(self, code: int) -> None:
        self.aborts.append(code)

    def interrupt(self) -> None:
        self.interrupts += 1

    async def _take(self, item: str | Close) -> None:
        assert not self.sending, "two writers at a time"
        self.sending += 1
        try:
            if self._permits is not None:
                await self._permits.acquire()
            if self.error is not None:
                raise self.error
            self.sent.append(item)
        finally:
            self.sending -= 1


class Client:
    """One client of an endpoint, connected through a :class:`MemoryTransport`."""

    def __init__(
        self,
        endpoint: Endpoint,
        path: str = "/test",
        kwargs: Mapping[str, Any] | None = None,
        *,
        limits: Limits | None = None,
        socket: Any = None,
    ) -> None:
        self.transport = MemoryTransport()
        self.connection = Connection(
            endpoint,
            self.transport,
            path=path,
            kwargs=kwargs or {},
            headers={},
            limits=limits or Limits(),
            socket=socket,
        )

    async def connect(self, accept: Callable[[], Awaitable[None]] | None = None) -> "Client":
        await self.connection.open(accept or _accept)
        return self

    async def send(self, event: str, data: object = None, **more: object) -> None:
        """Send a frame; returns when it has been handled to the end."""
        await self.connection.received(json.dumps({"event": event, "data": data, **more}))

    async def leave(self) -> None:
        await self.connection.gone()

    @property
    def received(self) -> list[dict[str, Any]]:
        """The frames that were sent to it."""
        return [json.loads(item) for item in self.transport.sent if isinstance(item, str)]

    @property
    def events(self) -> list[str]:
        """Their events."""
        return [frame["event"] for frame in self.received]


async def _accept() -> None:
    pass
