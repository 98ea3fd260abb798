"""On uvicorn itself, with the parser that has no bound."""

import asyncio
from types import SimpleNamespace

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from channels_bridge.transports.intake.heads import MAX_HEAD, bound_heads
from channels_bridge.transports.recognition import warn_once
from tests.support.waiting import until

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
OK = b"HTTP/1.1 200 OK"


async def application(scope, receive, send):
    """Answers when it has the body."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def connect():
    """Connects to such a server."""
    config = uvicorn.Config(application, port=0, http="httptools", log_level="critical", lifespan="off")
    config.load()
    bound_heads(config)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    writers = []

    async def connect():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    server.should_exit = True
    await serving


async def send(writer, data, piece=4 * 1024):
    """Send it piece by piece."""
    for at in range(0, len(data), piece):
        writer.write(data[at : at + piece])
        await writer.drain()
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("head", [GET + b"x: " + b"a" * 100_000, GET + b"x: y\r\n" * 20_000], ids=["long", "many"])
async def test_head_without_end_is_answered_400_and_closed(connect, head):
    reader, writer = await connect()
    await send(writer, head[: MAX_HEAD + 8 * 1024])  # what came first does not count
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"The head of the request is too long.")


async def test_head_of_the_usual_length_is_read_however_slowly(connect):
    reader, writer = await connect()
    await send(writer, GET + b"cookie: " + b"a" * (MAX_HEAD - 100) + b"\r\n\r\n")
    assert (await reader.readline()).startswith(OK)


async def test_bodies_do_not_count(connect):
    reader, writer = await connect()
    body = b"a" * (4 * MAX_HEAD)
    post = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
    for _ in range(2):
        writer.write(post + body + GET)  # the next one's head begins in the same read
        await asyncio.sleep(0.05)
        writer.write(b"\r\n")
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)


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
