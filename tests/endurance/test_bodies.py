"""Large bodies from many clients at once, and what is sent ahead of its turn: Tornado keeps hardly any of it."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.waiting import until
from tests.tornado.application import Raw
from tests.tornado.server import TornadoServer, running

from .bystanders import bystanders
from .conftest import Report
from .measures import MEBIBYTE, forget_peak, p99, peak
from .scale import amount, within

CLIENTS = 20
SIZE = amount(20_000_000, 100_000_000)
BLOCK = b"x" * 100_000

#: Bytes by which the memory of the process may grow: 16 MiB are for bodies, the rest for connections and what copies.
GROWTH = 32 * MEBIBYTE

#: The same where nothing of a body is read.
UNREAD = 8 * MEBIBYTE

#: Seconds that others may have to wait for an answer meanwhile, all but one in a hundred times.
GOAL = 0.1

HOST = {"Host": "127.0.0.1"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def tornado(tmp_path: Path) -> AsyncIterator[TornadoServer]:
    with running(tmp_path, {"PYTHONDEVMODE": ""}) as server:
        await server.request("/hello")
        async with server.visit():
            yield server


async def opened(server: TornadoServer) -> Raw:
    return Raw(*await asyncio.open_connection("127.0.0.1", server.port))


async def send(server: TornadoServer, path: str) -> int:
    """Send a body for as long as it is taken; returns how many bytes that was."""
    client, sent = await opened(server), 0
    client.ask(path, {**HOST, "Content-Length": str(SIZE)}, "POST")
    with contextlib.suppress(OSError):
        while sent < SIZE:
            client.writer.write(BLOCK)
            await client.writer.drain()
            sent += len(BLOCK)
        assert await client.status() == 404
    client.abort()
    return sent


@pytest.mark.parametrize("path", ["/", "/nowhere", "/ws/chat", "/ws/wire", "/ws/nowhere/either"])
async def test_memory_does_not_grow_with_bodies(tornado: TornadoServer, report: Report, path: str) -> None:
    before = forget_peak(tornado.pid)
    async with bystanders(tornado, "/bounds/bodies") as delays:
        sent = sum(await asyncio.gather(*(send(tornado, path) for _ in range(CLIENTS))))
    growth = peak(tornado.pid) - before
    report(f"{sent / 1e6:,.0f} MB taken, +{growth / MEBIBYTE:.0f} MiB, others wait {1000 * p99(delays):.0f} ms")
    assert growth < (UNREAD if path.startswith("/ws") else GROWTH)
    assert p99(delays) < within(GOAL)
    await until(lambda: not tornado.files_without_a_name())


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
async def test_upload_of_as_much_as_tornado_ever_took_arrives(tornado: TornadoServer, is_chunked: bool) -> None:
    size, digest = 100 * MEBIBYTE, hashlib.sha256()
    headers = {"Transfer-Encoding": "chunked"} if is_chunked else {"Content-Length": str(size)}
    client = await opened(tornado)
    client.ask("/body", {**HOST, **headers}, "POST")
    for number in range(100):
        block = number.to_bytes(4) * (MEBIBYTE // 4)
        digest.update(block)
        client.writer.write(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
        await client.writer.drain()
    client.writer.write(b"0\r\n\r\n" if is_chunked else b"")
    assert await client.status() == 200
    answer = json.loads(await client.reader.readuntil(b"}"))
    assert answer == {"size": size, "sha256": digest.hexdigest()}
    client.abort()


async def test_what_is_sent_ahead_of_its_turn_is_not_read(tornado: TornadoServer, report: Report) -> None:
    clients = [await opened(tornado) for _ in range(CLIENTS)]
    before = forget_peak(tornado.pid)
    for client in clients:
        client.ask("/slow?seconds=2&key=ahead", HOST)
        client.writer.write(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100_000)
    await tornado.log.wait_for_notes("ahead", 20)
    growth = peak(tornado.pid) - before
    report(f"{CLIENTS} clients with 4 MB each, +{growth / MEBIBYTE:.0f} MiB")
    assert growth < UNREAD
    for client in clients:
        client.abort()
