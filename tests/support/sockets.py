"""Clients on real sockets."""

import asyncio
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .client import AnyClient, Frame, Refused
from .log import DEADLINE


class SocketClient(AnyClient):
    """A client that speaks WebSocket over TCP."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self._connection = connection

    @classmethod
    async def connect(cls, url: str, headers: Mapping[str, str], **options: Any) -> "SocketClient":
        """Raises :class:`Refused`."""
        settings: dict[str, Any] = dict.fromkeys(("compression", "max_queue", "max_size", "ping_interval", "proxy"))
        try:
            return cls(await connect(url, additional_headers=headers, open_timeout=DEADLINE, **settings | options))
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from error

    async def send(self, message: str | bytes) -> None:
        await self._connection.send(message)

    async def _receive(self, within: float) -> str:
        async with asyncio.timeout(within):
            message = await self._connection.recv()
        assert isinstance(message, str), message
        return message

    async def close(self) -> None:
        await self._connection.close()

    def abort(self) -> None:
        """Leave without a word: the other side sees a broken connection."""
        self._connection.transport.abort()

    def pause(self) -> None:
        """Read nothing any more."""
        self._connection.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._connection.transport.resume_reading()

    def hang_up(self) -> None:
        """End our half of the TCP connection, without a closing handshake."""
        self._connection.transport.write_eof()

    async def receive_or_none(self) -> Frame | None:
        """The next frame, or ``None`` once the server has closed the connection."""
        try:
            return await self.receive()
        except ConnectionClosed:
            return None

    async def closed(self) -> tuple[int | None, str | None]:
        """The code and reason with which the server has closed the connection."""
        async with asyncio.timeout(DEADLINE):
            await self._connection.wait_closed()
        return self._connection.close_code, self._connection.close_reason

    @property
    def selected(self) -> str | None:
        """The subprotocol that the server has selected."""
        return self._connection.subprotocol

    @property
    def is_told(self) -> bool:
        """Whether the server has sent a close frame."""
        return self._connection.protocol.close_rcvd is not None
