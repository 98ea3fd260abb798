"""A client that does what no decent one does: frame by frame, and nothing by itself."""

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from .client import Refused
from .log import DEADLINE

CONTINUATION, TEXT, CLOSE, PING, PONG = 0x0, 0x1, 0x8, 0x9, 0xA

_FINAL, _COMPRESSED, _MASKED = 0x80, 0x40, 0x80
_NO_MASK = bytes(4)  # a mask of zeros leaves the payload as it is


class Received(NamedTuple):
    """A frame of the server."""

    opcode: int
    payload: bytes


def frame(payload: bytes, opcode: int = TEXT, *, is_last: bool = True, is_compressed: bool = False) -> bytes:
    """A frame as clients send them: masked."""
    first, length = opcode | _FINAL * is_last | _COMPRESSED * is_compressed, len(payload)
    if length < 126:
        head = bytes([first, _MASKED | length])
    elif length < 1 << 16:
        head = bytes([first, _MASKED | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([first, _MASKED | 127]) + length.to_bytes(8, "big")
    return head + _NO_MASK + payload


class Peer:
    """One connection. It answers no ping, and no close frame.

    :ivar answer: headers with which the server has accepted, in lower case.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: str) -> None:
        self._reader = reader
        self._writer = writer
        self.answer = answer

    async def send(self, data: bytes) -> None:
        """Some frames, or a part of one. Waits until the server has read most of it."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self, within: float = DEADLINE) -> Received | None:
        """The next frame; ``None`` when the server has hung up."""
        async with asyncio.timeout(within):
            try:
                first, length = await self._reader.readexactly(2)
                if length >= 126:
                    length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
                return Received(first & 0x0F, await self._reader.readexactly(length))
            except (asyncio.IncompleteReadError, ConnectionError):
                return None

    async def receive_some(self, within: float = DEADLINE) -> bytes:
        """What has come, cut anywhere; nothing when the server has hung up."""
        async with asyncio.timeout(within):
            return await self._reader.read(1 << 16)

    async def end(self, within: float = DEADLINE) -> list[Received]:
        """What comes until the server hangs up."""
        frames: list[Received] = []
        async with asyncio.timeout(within):
            while (received := await self.receive(within)) is not None:
                frames.append(received)
        return frames

    async def leave(self) -> None:
        self._writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@contextlib.asynccontextmanager
async def peer(
    port: int,
    path: str,
    headers: Sequence[str] = (),
    *,
    address: str = "127.0.0.1",
    hasty: bytes = b"",
    haste: float = 0,
) -> AsyncIterator[Peer]:
    """Connect to ``WebSocket(path)``.

    :param headers: lines of the handshake, besides the usual ones.
    :param address: of the client, in 127.0.0.0/8.
    :param hasty: what it sends before the handshake is answered.
    :param haste: so many seconds after it; with none, both come in one piece.
    :raises Refused: the server would not have it.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    connection = Peer(reader, writer, "")
    try:
        _send_handshake(writer, f"/ws{path}", headers, b"" if haste else hasty)
        if haste:
            await asyncio.sleep(haste)
            writer.write(hasty)
        connection.answer = await _read_answer(reader)
        yield connection
    finally:
        await connection.leave()


def _send_handshake(writer: asyncio.StreamWriter, path: str, headers: Sequence[str], behind: bytes) -> None:
    usual = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    )
    writer.write("\r\n".join([*usual, *headers, "", ""]).encode() + behind)


async def _read_answer(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(DEADLINE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    if status != 101:
        raise Refused(status)
    return head.lower()
