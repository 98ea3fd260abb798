"""Clients that come and go, in good ways and bad, on bare sockets."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
_HALF = 40


@dataclass(frozen=True, slots=True)
class Door:
    """Where they come in."""

    port: int
    path: str

    @property
    def handshake(self) -> bytes:
        return (
            f"GET /ws{self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()


Visit = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


async def leave_politely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    """With the closing handshake."""
    await _connect(reader, writer, handshake)
    writer.write(_CLOSE)
    assert (await reader.read()).startswith(b"\x88"), "Expected a close frame."


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    """The line goes dead."""
    await _connect(reader, writer, handshake)
    _reset(writer)


async def stop_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    """Half a handshake, and no more."""
    writer.write(handshake[:_HALF])
    await writer.drain()


async def break_off_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    """The line goes dead in the middle of the handshake."""
    writer.write(handshake[:_HALF])
    await writer.drain()
    _reset(writer)


#: Of ten visitors three break off, and every tenth, one way or the other, does so in the middle of the handshake.
VISITS: tuple[Visit, ...] = (
    *(leave_politely, leave_politely, break_off, leave_politely, break_off),
    *(leave_politely, break_off, leave_politely, leave_politely, stop_half_way),
    *(leave_politely, leave_politely, break_off, leave_politely, break_off),
    *(leave_politely, break_off, leave_politely, leave_politely, break_off_half_way),
)


async def churn(door: Door, count: int, at_once: int = 40) -> None:
    """Let so many come and go, some at the same time."""
    asyncio.get_running_loop().set_debug(False)  # of Python's development mode: it takes longer than all the rest
    numbers = iter(range(count))

    async def visit_in_turn() -> None:
        for number in numbers:
            await _visit(door, VISITS[number % len(VISITS)])

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(visit_in_turn())


async def _visit(door: Door, visit: Visit) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        async with asyncio.timeout(30):
            await visit(reader, writer, door.handshake)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    writer.write(handshake)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 "), answer


def _reset(writer: asyncio.StreamWriter) -> None:
    """Have the server see a reset, not an end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
