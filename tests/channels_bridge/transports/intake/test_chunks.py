"""On uvicorn itself, with the parser that takes all of a read in one go."""

import asyncio
import hashlib
from types import SimpleNamespace

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from channels_bridge.transports.intake import chunks
from channels_bridge.transports.intake.chunks import MAX_AHEAD, MAX_PIPELINED
from channels_bridge.transports.intake.heads import bound_heads
from channels_bridge.transports.recognition import NeededNames, warn_once
from tests.support.waiting import turns, until

POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
END = b"0\r\n\r\n"

#: Chunks of a byte, less than one read has.
TINY = b"1\r\na\r\n" * 10_000


def chunked(body, size):
    """The body in chunks of that size."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def sum_of(body):
    return hashlib.sha256(body).hexdigest()


class Application:
    """Answers with the sum of the body.

    :ivar may_go_on: set while it takes what comes.
    """

    def __init__(self):
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        digest, more = hashlib.sha256(), True
        while more:
            await self.may_go_on.wait()
            message = await receive()
            digest.update(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
        await send({"type": "http.response.body", "body": digest.hexdigest().encode()})


@pytest.fixture
def application():
    return Application()


@pytest.fixture
async def server(application):
    config = uvicorn.Config(application, port=0, http="httptools", log_level="critical", lifespan="off")
    config.load()
    bound_heads(config)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    yield server
    application.may_go_on.set()
    server.should_exit = server.force_exit = True
    await serving


@pytest.fixture
async def connect(server, connecting_to):
    async with connecting_to(server.servers[0].sockets[0].getsockname()[1]) as connect:
        yield connect


@pytest.fixture
def pieces(monkeypatch):
    """How much the parser is given at a time."""
    taken = []
    parse = HttpToolsProtocol.data_received
    monkeypatch.setattr(
        HttpToolsProtocol, "data_received", lambda self, data: (taken.append(len(data)), parse(self, data))[1]
    )
    return taken


def protocol_of(server):
    (protocol,) = server.server_state.connections
    return protocol


async def let_all_through(turnstile):
    while turnstile.count:
        turnstile.let_through(1)
        await turns(3)


async def answer(reader):
    """The sum that the application has told."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return (await reader.readexactly(64)).decode()


class TestBodies:
    @pytest.mark.parametrize("size", [1, 7, 1000, 5000, 70_000])
    @pytest.mark.parametrize("body", [bytes(range(256)) * 800, b"a,b\r\n" * 40_000], ids=["bytes", "lines"])
    async def test_in_chunks_of_any_size_arrive(self, connect, size, body):
        reader, writer = await connect(POST)
        for _ in range(2):
            writer.write(chunked(body, size) + END + POST)
            assert await answer(reader) == sum_of(body)

    async def test_that_follow_each_other_are_answered_in_order(self, connect):
        bodies = [b"a" * 9_000, b"b" * 20_000, b"", b"c", b"d" * 12_000]
        reader, writer = await connect()
        writer.write(b"".join(POST + chunked(body, 1) + END + GET for body in bodies))
        for body in bodies:
            assert [await answer(reader), await answer(reader)] == [sum_of(body), sum_of(b"")]

    async def test_that_are_no_chunks_are_answered_400_once(self, server, connect):
        reader, _ = await connect(POST + TINY + b"nonsense\r\n" + TINY)
        assert (await reader.read()).count(b"HTTP/1.1 400 ") == 1
        await until(lambda: not server.server_state.connections)

    async def test_of_known_length_are_one_piece(self, connect, pieces):
        reader, writer = await connect()
        body = b"a\r\n" * 100_000
        writer.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body))
        await until(lambda: pieces)
        writer.write(body[:1000])
        await until(lambda: len(pieces) == 2)
        writer.write(body[1000:])
        assert await answer(reader) == sum_of(body)
        assert max(pieces) > 2 * chunks.SLICE
        assert len(pieces) < 20

    async def test_what_comes_behind_one_of_known_length_is_not(self, connect, pieces):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\na")
        await until(lambda: pieces)
        writer.write(b"b" + POST + TINY + END)
        assert [await answer(reader), await answer(reader)] == [sum_of(b"ab"), sum_of(b"a" * 10_000)]
        assert max(pieces) <= chunks.SLICE + 1


class TestPieces:
    async def test_of_tiny_chunks_are_small(self, connect, pieces):
        reader, _ = await connect(POST + TINY + END)
        assert await answer(reader) == sum_of(b"a" * 10_000)
        assert max(pieces) <= chunks.SLICE

    async def test_of_large_chunks_are_large(self, connect, pieces):
        reader, _ = await connect(POST + chunked(b"x" * 2_000_000, 4096) + END)
        assert await answer(reader) == sum_of(b"x" * 2_000_000)
        assert max(pieces) > 30 * chunks.SLICE

    async def test_become_small_again(self, connect, pieces):
        large = chunked(b"x" * 500_000, 4096)
        reader, _ = await connect(POST + large + 10 * TINY + END)
        assert await answer(reader) == sum_of(b"x" * 500_000 + b"a" * 100_000)
        assert max(pieces) <= chunks.MOST
        assert max(pieces[-100:]) <= chunks.SLICE

    async def test_of_little_are_given_as_they_come(self, server, connect, pieces):
        reader, writer = await connect(POST)
        writer.write(chunked(b"hello", 1) + END)
        assert await answer(reader) == sum_of(b"hello")
        assert protocol_of(server).bridge_body is None
        assert type(protocol_of(server).flow) is FlowControl


class TestTurns:
    async def test_tiny_chunks_wait_and_nothing_more_is_read_meanwhile(self, server, connect, held, pieces):
        _, writer = await connect(POST + TINY)
        await until(lambda: held.count)
        before = sum(pieces)
        writer.write(TINY)
        await turns(10)
        protocol = protocol_of(server)
        assert (sum(pieces), held.count, protocol.transport.is_reading()) == (before, 1, False)
        assert before < 30_000

    async def test_application_that_wants_more_does_not_change_that(self, server, connect, held):
        await connect(POST + TINY)
        await until(lambda: held.count)
        protocol = protocol_of(server)
        protocol.flow.pause_reading()
        protocol.flow.resume_reading()
        assert (protocol.flow.read_paused, protocol.transport.is_reading()) == (False, False)
        await let_all_through(held)
        assert protocol.transport.is_reading()

    async def test_application_that_takes_nothing_holds_up_reading(self, server, application, connect):
        application.may_go_on.clear()
        reader, _ = await connect(POST + 40 * TINY + END)
        await until(lambda: protocol_of(server).flow.read_paused)
        protocol = protocol_of(server)
        await until(lambda: protocol.bridge_body.is_reading)  # all that was read is parsed
        assert not protocol.transport.is_reading()
        assert len(protocol.cycle.body) < 2 * 65_536
        application.may_go_on.set()
        assert await answer(reader) == sum_of(b"a" * 400_000)

    async def test_who_leaves_meanwhile_is_forgotten(self, server, connect, held):
        await connect(POST + TINY)
        await until(lambda: held.count)
        protocol = protocol_of(server)
        body, flow = protocol.bridge_body, protocol.flow
        protocol.transport.abort()
        await until(lambda: not server.server_state.connections)
        assert (protocol.bridge_body, flow.bridge_body, body.rest) == (None, None, None)
        await let_all_through(held)
        flow.resume_reading()

    async def test_long_handshake_is_uvicorn_s(self, server, connect, held):
        reader, _ = await connect(HANDSHAKE + b"x: y\r\n" * 90 + b"z: " + b"z" * 3_000 + b"\r\n\r\n")
        await turns(10)
        await let_all_through(held)
        assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")


class TestSentAhead:
    """Requests behind one that has no answer yet."""

    @pytest.fixture
    async def crowd(self, server, application, connect):
        """Connects, and returns when nothing more of what is sent is parsed."""

        async def crowd(first):
            application.may_go_on.clear()
            reader, writer = await connect(first)
            await until(lambda: server.server_state.connections)
            protocol = protocol_of(server)
            await until(lambda: protocol.bridge_body is not None and not protocol.bridge_body.is_reading)
            await until(protocol.bridge_body.is_full)
            return reader, writer, protocol

        return crowd

    @pytest.mark.parametrize("number", [40, 200, 3_000])
    async def test_are_all_answered(self, connect, number):
        reader, _ = await connect(GET * number)
        for _ in range(number):
            assert await answer(reader) == sum_of(b"")

    @pytest.mark.parametrize("size", [1, 600, 10_000])
    async def test_are_answered_in_order(self, connect, size):
        bodies = [(b"%d," % number) * size for number in range(100)]
        post = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b"
        reader, writer = await connect()
        writer.write(b"".join(post % (len(body), body) + POST + chunked(body, 700) + END + GET for body in bodies))
        for body in bodies:
            assert [await answer(reader) for _ in range(3)] == [sum_of(body), sum_of(body), sum_of(b"")]

    async def test_wait_unparsed_once_many_are_parsed_and_nothing_more_is_read(self, crowd):
        _, writer, protocol = await crowd(GET * 3_000)
        waiting = len(protocol.pipeline)
        assert MAX_PIPELINED <= waiting <= MAX_PIPELINED + chunks.SLICE // len(GET) + 1
        writer.write(GET * 3_000)
        await turns(10)
        assert (len(protocol.pipeline), protocol.transport.is_reading()) == (waiting, False)

    async def test_wait_unparsed_once_those_parsed_are_long(self, crowd, application):
        number, head = 20, GET[:-2] + b"x: " + b"y" * (MAX_AHEAD // 4) + b"\r\n\r\n"
        reader, _, protocol = await crowd(head * number)
        assert len(protocol.pipeline) <= 6
        application.may_go_on.set()
        for _ in range(number):
            assert await answer(reader) == sum_of(b"")

    async def test_wait_although_they_come_a_little_at_a_time(self, server, application, connect):
        application.may_go_on.clear()
        await connect(GET)
        await until(lambda: any(protocol.cycle for protocol in server.server_state.connections))
        protocol = protocol_of(server)
        for _ in range(10 * MAX_PIPELINED):
            protocol.data_received(GET)
        assert len(protocol.pipeline) == MAX_PIPELINED
        assert not protocol.transport.is_reading()

    @pytest.mark.parametrize("large", [False, True])
    async def test_of_any_size_grow_no_pieces(self, connect, pieces, large):
        get = GET[:-2] + b"x: " + b"y" * (2_000 if large else 300) + b"\r\n\r\n"
        reader, _ = await connect(get * 200)
        for _ in range(200):
            await answer(reader)
        assert max(pieces) <= 2 * chunks.SLICE

    async def test_who_leaves_meanwhile_is_forgotten(self, server, crowd):
        _, _, protocol = await crowd(GET * 3_000)
        body = protocol.bridge_body
        protocol.transport.abort()
        await until(lambda: not server.server_state.connections)
        assert (protocol.bridge_body, body.rest) == (None, None)


async def test_unknown_protocols_are_left_as_they_are_and_told_of(server, connect, monkeypatch, caplog):
    warn_once.cache_clear()
    monkeypatch.setattr(chunks, "NEEDED", NeededNames("flow.nothing"))
    reader, _ = await connect(POST + TINY + END)
    assert await answer(reader) == sum_of(b"a" * 10_000)
    assert protocol_of(server).bridge_body is None
    assert "its protocol has no flow.nothing" in caplog.text


def test_what_is_needed_is_looked_for_in_each_connection():
    assert chunks.body_of(SimpleNamespace()) is None
