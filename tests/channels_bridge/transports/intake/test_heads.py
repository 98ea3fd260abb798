"""On uvicorn itself, with the parser that has no bound."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from channels_bridge.transports.intake.heads import MAX_HEAD, MOST_PIPELINED, bound_heads
from channels_bridge.transports.recognition import warn_once
from tests.support.waiting import until

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK"


async def application(scope, receive, send):
    """Answers when it has the body."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(name="application")
def _application():
    return application


@pytest.fixture
async def server(application):
    """Such a one."""
    config = uvicorn.Config(application, port=0, http="httptools", log_level="critical", lifespan="off")
    config.load()
    bound_heads(config)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
async def connect(server, connecting_to):
    """Connects to it."""
    async with connecting_to(server.servers[0].sockets[0].getsockname()[1]) as connect:
        yield connect


@pytest.fixture
async def begin(server, connect):
    """Connects, and returns when the beginning was read."""

    async def begin(first):
        reader, writer = await connect()
        writer.write(first)
        await until(lambda: any(protocol.bridge_read for protocol in server.server_state.connections))
        return reader, writer

    return begin


@pytest.mark.parametrize("beginning", [GET, CHUNKED + b"1\r\na\r\n0\r\n"], ids=["head", "trailers"])
@pytest.mark.parametrize("line", [b"x: " + b"a" * MAX_HEAD, b"x: y\r\n" * (MAX_HEAD // 6 + 1)], ids=["long", "many"])
async def test_what_has_no_end_is_answered_400_and_closed(begin, beginning, line):
    reader, writer = await begin(beginning)
    writer.write(line)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"The head or the trailers of the request are too long.")


async def test_what_is_no_head_is_answered_400_once(begin):
    reader, writer = await begin(GET)
    writer.write(b"x" + b"\x00" * (MAX_HEAD + 1))
    assert (await reader.read()).count(b"HTTP/1.1 400 ") == 1


async def test_head_of_the_usual_length_is_read(begin):
    reader, writer = await begin(GET)
    writer.write(b"cookie: " + b"a" * (MAX_HEAD - 100) + b"\r\n\r\n")
    assert (await reader.readline()).startswith(OK)


async def test_bodies_do_not_count(connect):
    reader, writer = await connect()
    body = b"a" * (4 * MAX_HEAD)
    post = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
    for _ in range(2):
        writer.write(post + body + GET)  # the next one's head begins in the same read
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)
        writer.write(b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)


@pytest.mark.parametrize("size", [1, 0x4000, 4 * MAX_HEAD])
async def test_chunks_do_not_count(begin, size):
    reader, writer = await begin(CHUNKED)
    writer.write((b"%x\r\n" % size + b"a" * size + b"\r\n") * (4 * MAX_HEAD // size))
    writer.write(b"0\r\nx: y\r\n\r\n" + GET + b"\r\n")
    for _ in range(2):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)


def _has_half_a_bound(server):
    (protocol,) = server.server_state.connections
    return (protocol.bridge_head or 0) > MAX_HEAD / 2


async def test_trailers_do_not_count_for_what_comes_after_them(server, begin):
    reader, writer = await begin(CHUNKED + b"1\r\na\r\n0\r\n")
    for _ in range(2):
        writer.write(b"x: " + b"a" * (MAX_HEAD - 100))
        await until(partial(_has_half_a_bound, server))  # the end of them is another read
        writer.write(b"\r\n\r\n" + CHUNKED + b"1\r\na\r\n0\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)


async def test_a_connection_is_closed_where_too_many_requests_are_parsed_in_one_piece(connect, server):
    reader, _ = await connect()
    await until(lambda: server.server_state.connections)
    (protocol,) = server.server_state.connections
    large = b"1000\r\n" + b"a" * 0x1000 + b"\r\n"
    protocol.data_received(CHUNKED + 30 * large + b"0\r\n\r\n" + (GET + b"\r\n") * 10 * MOST_PIPELINED)
    answers = await reader.read()
    assert (answers.count(OK), answers.count(b"HTTP/1.1 400 ")) == (0, 1)
    await until(lambda: not server.server_state.connections)


async def test_requests_that_are_sent_ahead_are_answered(connect):
    reader, writer = await connect()
    writer.write((GET + b"\r\n") * 10 * MOST_PIPELINED)
    for _ in range(10 * MOST_PIPELINED):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)


def test_configuration_that_is_served_twice_is_bounded_once():
    config = SimpleNamespace(http_protocol_class=HttpToolsProtocol)
    bound_heads(config)
    bounded = config.http_protocol_class
    bound_heads(config)
    assert config.http_protocol_class is bounded is not HttpToolsProtocol


def test_other_parsers_are_left_as_they_are():
    for kind in (H11Protocol, lambda **_: None):
        config = SimpleNamespace(http_protocol_class=kind)
        bound_heads(config)
        assert config.http_protocol_class is kind
    bound_heads(None)


def test_unknown_ones_are_left_as_they_are_and_told_of(monkeypatch, caplog):
    warn_once.cache_clear()
    monkeypatch.delattr(HttpToolsProtocol, "send_400_response")
    config = SimpleNamespace(http_protocol_class=HttpToolsProtocol)
    bound_heads(config)
    assert config.http_protocol_class is HttpToolsProtocol
    assert "its protocol has no send_400_response" in caplog.text


class TestOtherProtocols:
    """The parser forgets what has come with the head of a request for one, and takes what comes later for requests."""

    ASKS = b"host: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n"

    @pytest.mark.parametrize("length", [b"content-length: 3000", b"transfer-encoding: chunked"])
    @pytest.mark.parametrize("offset", [0, 1024, 2000])
    @pytest.mark.parametrize("waits", [False, True], ids=["together", "later"])
    async def test_a_body_is_no_request(self, connect, length, offset, waits):
        head = b"POST / HTTP/1.1\r\n" + self.ASKS + length + b"\r\n\r\n"
        body = b"x" * (offset - len(head)) + GET + b"\r\n"
        reader, writer = await connect(head if waits else head + body)
        answers = b""
        if waits:
            answers = await reader.readuntil(b"\r\n")
            writer.write(body)
        answers += await reader.read()
        assert answers.startswith(b"HTTP/1.1 400 ")
        assert answers.count(b"HTTP/1.1 ") == 1

    @pytest.mark.parametrize("behind", [b"", GET + b"\r\n", (GET + b"\r\n") * 60])
    @pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\ncontent-length: 0\r\n"])
    async def test_it_is_answered_and_nothing_behind_it(self, connect, head, behind):
        reader, _ = await connect(head + self.ASKS + b"\r\n" + behind)
        answers = await reader.read()
        assert answers.startswith(OK)
        assert b"connection: close" in answers
        assert answers.count(b"HTTP/1.1 ") == 1


class TestDepartures:
    """Uvicorn tells the request that came last of them, and not the one that is answered."""

    @pytest.fixture
    def application(self):
        """Waits until the client has left, and then answers."""

        async def application(scope, receive, send):
            while (message := await receive())["type"] != "http.disconnect":
                pass
            application.told.append((scope["path"], message["type"]))
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

        application.told = []
        return application

    async def test_are_told_to_a_request_that_others_wait_behind(self, application, server, connect):
        _, writer = await connect(b"GET /first HTTP/1.1\r\nhost: localhost\r\n\r\n" + 2 * (GET + b"\r\n"))
        await until(lambda: any(protocol.pipeline for protocol in server.server_state.connections))
        writer.transport.abort()
        await until(lambda: application.told)
        assert application.told == [("/first", "http.disconnect")]

    @pytest.mark.parametrize(
        "wrong",
        [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: 3\r\n" + TestOtherProtocols.ASKS + b"\r\nabc"],
        ids=["nonsense", "another protocol"],
    )
    async def test_nothing_is_written_behind_a_400(self, application, connect, wrong):
        reader, _ = await connect(GET + b"\r\n" + GET + b"\r\n" + wrong)
        answers = await reader.read()
        assert answers.startswith(b"HTTP/1.1 400 ")
        assert answers.count(b"HTTP/1.1 ") == 1
        await until(lambda: application.told)
