"""What comes to the server of the wrapper: which chunks of a body wait, and what is left unread."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.web import RequestHandler, stream_request_body

from tests.support.turnstile import CountingTurnstile, HeldTurnstile, put_up
from tests.support.waiting import turns, until
from tests.tornado.application import HANDSHAKE, Raw, serving
from tests.tornado.certificates import make_certificate
from tests.tornado.wrapper import restored_wrapper
from tornado_websockets.tornado_bridge.handler import HandshakeHandler, WebSocketHandler
from tornado_websockets.tornado_bridge.reading import CHUNKS_IN_A_ROW
from tornado_websockets.tornado_bridge.server import TornadoWrapper
from tornado_websockets.tornado_bridge.wsgi import DjangoHandler
from tornado_websockets.websocket import WebSocket

Wrapper = type[TornadoWrapper]

CHUNKED = {"Host": "127.0.0.1", "Transfer-Encoding": "chunked"}
WORDS = b"no" * 3_000_000
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


class Held(RequestHandler):
    """Answers when it is let go, or never, and counts the requests.

    :cvar count: of those that have come.
    """

    count = 0
    let_go: asyncio.Event

    async def get(self) -> None:
        type(self).count += 1
        await self.let_go.wait()


class Wordy(HandshakeHandler):
    """Refuses with more than a client takes at once."""

    def get(self) -> None:
        self.set_status(403)
        self.finish(WORDS)


class Counted(WebSocketHandler):
    """One that counts the handshakes it looks at."""

    count = 0

    def _check(self) -> None:
        type(self).count += 1
        super()._check()


@pytest.fixture
def wrapper() -> Iterator[Wrapper]:
    with restored_wrapper() as wrapper:
        yield wrapper


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> HeldTurnstile:
    return put_up(HeldTurnstile(), monkeypatch)


@pytest.fixture
async def counting(monkeypatch: pytest.MonkeyPatch) -> CountingTurnstile:
    return put_up(CountingTurnstile(), monkeypatch)


@asynccontextmanager
async def connected(wrapper: Wrapper, certificate: tuple[Path, Path] | None = None) -> AsyncIterator[Raw]:
    """A client of the wrapper's server, which has sent nothing yet."""
    context = trust = None
    if certificate is not None:
        context, trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
        context.load_cert_chain(*certificate)
        trust.load_verify_locations(certificate[0])
    Streamed.seen = Held.count = 0
    Held.let_go = asyncio.Event()
    wrapper.start_app([("/streamed", Streamed), ("/held", Held)])
    wrapper.listen(0, "127.0.0.1", context)
    server: Any = wrapper.tornado_server
    client = Raw(*await asyncio.open_connection("127.0.0.1", wrapper.tornado_port, ssl=trust))
    try:
        yield client
    finally:
        Held.let_go.set()
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


# What is sent behind the end of a connection.

#: Requests that are sent ahead, of which Tornado reads hundreds at a time.
AHEAD = 2_000

HOST = {"Host": "127.0.0.1"}

#: Handshakes that are refused, and with what.
REFUSED = {
    "nowhere": ("/ws/nowhere", {}, 403),
    "host": ("/ws/reading/closed", {"Host": "elsewhere.example"}, 403),
    "origin": ("/ws/reading/closed", {"Origin": "http://elsewhere.example"}, 403),
    "authorize": ("/ws/reading/closed", {}, 403),
    "version": ("/ws/reading/open", {"Sec-WebSocket-Version": "12"}, 426),
    "key": ("/ws/reading/open", {"Sec-WebSocket-Key": ""}, 400),
}

for_all = WebSocket("/reading/open")
for_nobody = WebSocket("/reading/closed", authorize=lambda _: False)


@pytest.fixture
def answered(caplog: pytest.LogCaptureFixture) -> Callable[[], int]:
    """How many requests the access log has."""
    caplog.set_level("INFO", "tornado.access")
    return lambda: sum(record.name == "tornado.access" for record in caplog.records)


async def all_have_gone(wrapper: Wrapper) -> None:
    """Return when no connection is served."""
    server: Any = wrapper.tornado_server
    await until(lambda: not server._connections)


@pytest.mark.parametrize("case", REFUSED)
async def test_nothing_is_handled_behind_a_handshake_that_is_refused(
    wrapper: Wrapper, answered: Callable[[], int], case: str
) -> None:
    path, headers, _ = REFUSED[case]
    async with connected(wrapper) as client:
        for _ in range(AHEAD):
            client.ask(path, {**HOST, **HANDSHAKE, **headers})
        await until(answered)
        await all_have_gone(wrapper)
        assert answered() == 1


@pytest.mark.parametrize("case", REFUSED)
async def test_who_is_refused_reads_the_whole_answer_and_then_the_end(wrapper: Wrapper, case: str) -> None:
    path, headers, status = REFUSED[case]
    async with connected(wrapper) as client:
        client.ask(path, {**HOST, **HANDSHAKE, **headers})
        head = await client.reader.readuntil(b"\r\n\r\n")
        rest = await asyncio.wait_for(client.reader.read(), 5)
        lines = head.lower().splitlines()
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in lines
        assert b"content-length: %d" % len(rest) in lines


async def test_a_long_refusal_is_sent_to_its_end(answered: Callable[[], int]) -> None:
    async with serving(("/wordy", Wordy)) as served:
        client = await served.raw("/wordy")
        client.ask("/wordy", {**HOST, **HANDSHAKE})
        assert await client.status() == 403
        assert await client.reader.read() == WORDS
    assert answered() == 1


@pytest.mark.parametrize("path", ["/held", "/ws/reading/open", "/nowhere"])
async def test_nothing_is_handled_that_a_client_has_sent_ahead_and_left(
    wrapper: Wrapper, answered: Callable[[], int], path: str
) -> None:
    async with connected(wrapper) as client:
        client.ask("/held", HOST)
        for _ in range(AHEAD):
            client.ask(path, HOST)
        await until(lambda: Held.count)
        client.abort()
        await turns()
        Held.let_go.set()
        await all_have_gone(wrapper)
        assert answered() <= 3  # Tornado notices when it writes to it


async def test_django_is_asked_nothing_in_an_application_of_ones_own_by_a_client_that_has_left() -> None:
    Held.count, Held.let_go = 0, asyncio.Event()
    asked: list[object] = []
    django = {"fallback": lambda request, body: asked.append(request)}
    async with serving(("/held", Held), ("/hello", DjangoHandler, django)) as served:
        client = await served.raw("/held")
        for _ in range(AHEAD):
            client.ask("/hello", HOST)
        await until(lambda: Held.count)
    Held.let_go.set()
    assert asked == []


async def test_an_application_of_ones_own_looks_at_no_handshake_of_a_client_that_has_left() -> None:
    Counted.count, Held.count, Held.let_go = 0, 0, asyncio.Event()
    websocket = WebSocket("/x", add_to_handlers=False)
    async with serving(("/held", Held), ("/ws/x", Counted, {"websocket": websocket})) as served:
        client = await served.raw("/held")
        for _ in range(AHEAD):
            client.ask("/ws/x", {**HOST, **HANDSHAKE})
        await until(lambda: Held.count)
    Held.let_go.set()
    assert Counted.count == 0
