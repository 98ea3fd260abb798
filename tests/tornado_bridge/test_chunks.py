"""Bodies in chunks that come to the server of the wrapper: which of them wait, and what is left unread."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.web import RequestHandler, stream_request_body

from tests.support.turnstile import CountingTurnstile, HeldTurnstile
from tests.support.waiting import turns, until
from tests.tornado.application import HANDSHAKE, Raw
from tests.tornado.certificates import make_certificate
from tests.tornado.wrapper import restored_wrapper
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.tornado_bridge.chunks import CHUNKS_IN_A_ROW
from tornado_websockets.tornado_bridge.server import TornadoWrapper

Wrapper = type[TornadoWrapper]

CHUNKED = {"Host": "127.0.0.1", "Transfer-Encoding": "chunked"}
TINY, END = b"1\r\na\r\n", b"0\r\n\r\n"


@stream_request_body
class Streamed(RequestHandler):
    """Counts what has come of the last body, and answers with that."""

    seen = 0

    def prepare(self) -> None:
        type(self).seen = 0

    def data_received(self, chunk: bytes) -> None:
        type(self).seen += len(chunk)

    def post(self) -> None:
        self.write(str(self.seen))


@pytest.fixture
def wrapper() -> Iterator[Wrapper]:
    with restored_wrapper() as wrapper:
        yield wrapper


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> HeldTurnstile:
    turnstile = HeldTurnstile()
    monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
    return turnstile


@pytest.fixture
async def counting(monkeypatch: pytest.MonkeyPatch) -> CountingTurnstile:
    turnstile = CountingTurnstile()
    monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
    return turnstile


@asynccontextmanager
async def connected(wrapper: Wrapper, certificate: tuple[Path, Path] | None = None) -> AsyncIterator[Raw]:
    """A client of the wrapper's server, which has sent nothing yet."""
    context = trust = None
    if certificate is not None:
        context, trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
        context.load_cert_chain(*certificate)
        trust.load_verify_locations(certificate[0])
    Streamed.seen = 0
    wrapper.start_app([("/streamed", Streamed)])
    wrapper.listen(0, "127.0.0.1", context)
    server: Any = wrapper.tornado_server
    client = Raw(*await asyncio.open_connection("127.0.0.1", wrapper.tornado_port, ssl=trust))
    try:
        yield client
    finally:
        client.abort()
        wrapper.stop()
        await server.close_all_connections()


async def content_of(client: Raw) -> bytes:
    """What an answer of 200 contains, which is short."""
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    return await client.reader.readexactly(int(length.partition(b":")[2]))


@pytest.mark.parametrize("has_tls", [False, True], ids=["plain", "tls"])
async def test_who_sends_many_chunks_at_once_lets_others_go_first(
    wrapper: Wrapper, held: HeldTurnstile, tmp_path: Path, has_tls: bool
) -> None:
    certificate = make_certificate(tmp_path) if has_tls else None
    async with connected(wrapper, certificate) as client:
        client.ask("/streamed", CHUNKED, "POST")
        client.writer.write(TINY * (4 * CHUNKS_IN_A_ROW - 1) + END)
        for row in range(1, 4):
            await until(lambda: held.count)
            await turns(10)
            assert Streamed.seen == row * CHUNKS_IN_A_ROW
            assert held.let_through(1) == 1
        assert await content_of(client) == b"%d" % (4 * CHUNKS_IN_A_ROW - 1)
        assert not held.has_waiting


async def test_a_body_of_few_chunks_waits_behind_nobody(wrapper: Wrapper, counting: CountingTurnstile) -> None:
    async with connected(wrapper) as client:
        client.ask("/streamed", CHUNKED, "POST")
        client.writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n" + END)
        assert await content_of(client) == b"65536"
        assert counting.waits == 0


async def test_who_sends_a_chunk_now_and_then_waits_behind_nobody(
    wrapper: Wrapper, counting: CountingTurnstile
) -> None:
    async with connected(wrapper) as client:
        client.ask("/streamed", CHUNKED, "POST")
        for count in range(3 * CHUNKS_IN_A_ROW):
            client.writer.write(TINY)
            await until(lambda count=count: Streamed.seen > count)  # type: ignore[misc]
        client.writer.write(END)
        assert await content_of(client) == b"%d" % (3 * CHUNKS_IN_A_ROW)
        assert counting.waits == 0


async def test_a_connection_goes_on_behind_a_body_that_waited(wrapper: Wrapper) -> None:
    async with connected(wrapper) as client:
        for _ in range(2):
            client.ask("/streamed", CHUNKED, "POST")
            client.writer.write(TINY * 1_000 + END)
        assert [await content_of(client) for _ in range(2)] == [b"1000", b"1000"]


async def test_who_leaves_while_its_chunks_wait_is_forgotten(wrapper: Wrapper, held: HeldTurnstile) -> None:
    async with connected(wrapper) as client:
        client.ask("/streamed", CHUNKED, "POST")
        client.writer.write(TINY * 1_000)
        await until(lambda: held.count)
        client.abort()
        server: Any = wrapper.tornado_server
        closing = asyncio.ensure_future(server.close_all_connections())
        await turns(10)
        held.let_through(1)
        await closing
        assert Streamed.seen == CHUNKS_IN_A_ROW
        assert not held.has_waiting


@pytest.mark.parametrize("headers", [{}, HANDSHAKE], ids=["request", "handshake"])
async def test_nothing_is_read_of_a_body_that_was_refused(
    wrapper: Wrapper, counting: CountingTurnstile, headers: dict[str, str]
) -> None:
    async with connected(wrapper) as client:
        client.ask("/ws/nowhere", {**CHUNKED, **headers})
        client.writer.write(TINY * 1_000)
        assert await client.status() == 413
        assert await client.reader.read() == b""
        server: Any = wrapper.tornado_server
        await until(lambda: not server._connections)
        assert counting.waits == 0
