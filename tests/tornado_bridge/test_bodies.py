"""Bodies of requests to Tornado: what Django gets, what is refused, and what is left behind."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import override_settings

from tests.support.waiting import until
from tests.tornado.application import HANDSHAKE, Raw, Serving, serving
from tests.tornado.server import TornadoServer, files_without_a_name
from tornado_websockets import django_app
from tornado_websockets.core.handlers.executor import Threads
from tornado_websockets.tornado_bridge import bodies
from tornado_websockets.tornado_bridge.bodies import Body
from tornado_websockets.tornado_bridge.wsgi import DjangoContainer, DjangoHandler
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler

#: The longest body that is taken here.
MOST = 5_000_000

#: More than Django keeps in memory.
LARGE = 3_000_000

HOST = {"Host": "127.0.0.1"}
CHUNKED = {**HOST, "Transfer-Encoding": "chunked"}


def of_length(size: int) -> dict[str, str]:
    return {**HOST, "Content-Length": str(size)}


@pytest.fixture(scope="module")
def tornado(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TornadoServer]:
    """One server for all of these tests."""
    limit = json.dumps({"MAX_BODY_BYTES": MOST})
    log = tmp_path_factory.mktemp("bodies") / "tornado.log"
    server = TornadoServer(log, {"TEST_DATABASE": str(database), "TEST_TORNADO_WEBSOCKETS": limit})
    yield server
    assert server.stop() == 0
    server.log.check()


@pytest.fixture
async def browser(tornado: TornadoServer) -> AsyncIterator[httpx.AsyncClient]:
    async with tornado.visit(), httpx.AsyncClient(base_url=tornado.urls[0], trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
async def raw(tornado: TornadoServer) -> AsyncIterator[Raw]:
    async with tornado.visit():
        client = await opened(tornado.port)
        yield client
        client.abort()


@pytest.fixture
def django_here() -> Iterator[None]:
    """The pages of Tornado's tests, in this process."""
    with override_settings(ROOT_URLCONF="tests.tornado.urls"):
        yield


@pytest.fixture
async def served(django_here: None) -> AsyncIterator[Serving]:
    """Django in an application of the test's own."""
    async with serving(django_app()) as application:
        await warmed(application)
        yield application


async def warmed(application: Serving) -> None:
    """Let Django set itself up, its logging included."""
    client = await opened(application.port)
    client.ask("/hello", HOST)
    assert await content_of(client) == b"Hello you"
    client.abort()


@pytest.fixture
def files() -> Callable[[], int]:
    """Counts the files without a name that this process has opened since."""
    before = len(files_without_a_name(os.getpid()))
    return lambda: len(files_without_a_name(os.getpid())) - before


async def opened(port: int) -> Raw:
    """A client that has sent nothing yet."""
    return Raw(*await asyncio.open_connection("127.0.0.1", port))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def content_of(client: Raw) -> bytes:
    """What an answer of 200 contains."""
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    return await client.reader.readexactly(int(length.partition(b":")[2]))


def digest_of(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


# What Django gets.


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 1_000_000, LARGE, MOST])
async def test_body_of_any_size_arrives(browser: httpx.AsyncClient, size: int) -> None:
    data = os.urandom(size)
    assert (await browser.post("/body", content=data)).json() == digest_of(data)


@pytest.mark.parametrize("length", [1_000, 65_536, 1_000_000])
async def test_body_in_chunks_of_any_length_arrives(browser: httpx.AsyncClient, length: int) -> None:
    data = os.urandom(LARGE)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), length):
            yield data[start : start + length]

    assert (await browser.post("/body", content=chunks())).json() == digest_of(data)


async def test_connection_is_kept_after_a_body(raw: Raw) -> None:
    for size in (LARGE, 10, LARGE):
        raw.ask("/body", of_length(size), "POST")
        raw.writer.write(b"x" * size)
        assert json.loads(await content_of(raw)) == digest_of(b"x" * size)


async def test_who_asks_whether_to_go_on_is_told_to(raw: Raw) -> None:
    raw.ask("/body", {**of_length(3), "Expect": "100-continue"}, "POST")
    assert await raw.status() == 100
    raw.writer.write(b"abc")
    assert json.loads(await content_of(raw)) == digest_of(b"abc")


# What is refused.


@pytest.mark.parametrize("more", [{}, {"Expect": "100-continue"}])
async def test_body_that_says_it_is_too_long_is_refused_before_it_comes(
    tornado: TornadoServer, raw: Raw, more: Mapping[str, str]
) -> None:
    raw.ask("/body", {**of_length(MOST + 1), **more}, "POST")
    assert await raw.status() == 413
    assert await raw.reader.read() == b""
    await tornado.log.wait_for(
        r"Refused the body of POST '/body': above 5,000,000 bytes, TORNADO_WEBSOCKETS\['MAX_BODY_BYTES'\]"
    )


async def test_body_in_chunks_is_refused_once_it_is_too_long(raw: Raw) -> None:
    raw.ask("/body", CHUNKED, "POST")
    for _ in range(MOST // 50_000):
        raw.writer.write(chunk(b"x" * 50_000))
    raw.writer.write(chunk(b"x"))  # and no end
    assert await raw.status() == 413
    assert await raw.reader.read() == b""


async def test_chunk_that_says_it_is_too_long_is_refused_once_it_is(raw: Raw) -> None:
    raw.ask("/body", CHUNKED, "POST")
    raw.writer.write(b"%x\r\n" % (1 << 40) + b"x" * (MOST + 1))
    assert await raw.status() == 413
    assert await raw.reader.read() == b""


async def test_client_that_still_sends_sees_the_refusal(tornado: TornadoServer, raw: Raw) -> None:
    def post() -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", tornado.port, timeout=10)
        with contextlib.closing(connection):
            with contextlib.suppress(BrokenPipeError):
                connection.request("POST", "/body", b"x" * 50_000_000)
            response = connection.getresponse()
            return response.status, response.headers["Connection"]

    for _ in range(5):
        assert await asyncio.to_thread(post) == (413, "close")


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5_000, "5, 6", ""])
async def test_length_that_is_no_number_is_400(raw: Raw, length: str) -> None:
    raw.ask("/body", {**HOST, "Content-Length": length}, "POST")
    assert await raw.status() == 400


@pytest.mark.parametrize("path", ["/ws/wire", "/ws/room/lobby", "/ws/nowhere", "/ws/", "/%77s/wire"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("headers", [of_length(1), of_length(1 << 40), CHUNKED], ids=["short", "long", "chunked"])
async def test_path_of_a_websocket_takes_no_body(
    tornado: TornadoServer, raw: Raw, path: str, method: str, headers: Mapping[str, str]
) -> None:
    raw.ask(path, headers, method)
    assert await raw.status() == 413
    assert await raw.reader.read() == b""


async def test_handshake_takes_no_body(raw: Raw) -> None:
    raw.ask("/ws/wire", {**HANDSHAKE, **of_length(5)})
    assert await raw.status() == 413


async def test_handshake_with_a_body_of_no_length_is_taken(raw: Raw) -> None:
    raw.ask("/ws/wire", {**HANDSHAKE, **of_length(0)})
    assert await raw.status() == 101


async def test_websocket_that_is_mounted_by_hand_takes_no_body() -> None:
    ws = WebSocket("/by-hand", add_to_handlers=False)
    async with serving(("/mine", WebSocketHandler, {"websocket": ws})) as application:
        client = await opened(application.port)
        client.ask("/mine", of_length(1 << 40), "POST")
        assert await client.status() == 413
        client.abort()


# What is left behind.


async def test_client_that_leaves_in_its_body_leaves_no_file(tornado: TornadoServer, raw: Raw) -> None:
    raw.ask("/body", of_length(MOST), "POST")
    raw.writer.write(b"x" * LARGE)
    await until(tornado.files_without_a_name)
    raw.abort()
    await until(lambda: not tornado.files_without_a_name())


async def test_client_that_leaves_in_its_body_leaves_no_task(served: Serving, files: Callable[[], int]) -> None:
    before = asyncio.all_tasks()
    client = await opened(served.port)
    client.ask("/body", of_length(MOST), "POST")
    client.writer.write(b"x" * LARGE)
    await until(files)
    client.abort()
    await until(lambda: asyncio.all_tasks() <= before and not files())


async def test_body_that_is_refused_leaves_no_file(tornado: TornadoServer, raw: Raw) -> None:
    raw.ask("/body", CHUNKED, "POST")
    raw.writer.write(chunk(b"x" * LARGE))
    await until(tornado.files_without_a_name)
    raw.writer.write(chunk(b"x" * LARGE))
    assert await raw.status() == 413
    await until(lambda: not tornado.files_without_a_name())


@pytest.mark.parametrize(("path", "status"), [("/body", 200), ("/nowhere", 404)])
async def test_answered_body_leaves_no_file(
    tornado: TornadoServer, browser: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await browser.post(path, content=b"x" * LARGE)).status_code == status
    await until(lambda: not tornado.files_without_a_name())


async def test_view_that_fails_leaves_no_file(tornado: TornadoServer, browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/fail", content=b"x" * LARGE)).status_code == 500
    await tornado.log.wait_for_error("Internal Server Error: /fail")
    await until(lambda: not tornado.files_without_a_name())


async def test_body_that_cannot_be_kept_is_503(served: Serving, caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(FILE_UPLOAD_TEMP_DIR="/nowhere/at/all"):
        client = await opened(served.port)
        client.ask("/body", of_length(MOST), "POST")
        client.writer.write(b"x" * LARGE)
        assert await client.status() == 503
        client.abort()
    (record,) = [record for record in caplog.records if record.name == "tornado_websockets"]
    assert "Refused the body of POST '/body': it cannot be kept: [Errno 2]" in record.getMessage()


# Where a body is kept.


async def test_short_body_is_in_memory_and_a_long_one_on_disk(files: Callable[[], int]) -> None:
    for size, on_disk in ((2_000_000, 0), (LARGE, 1)):
        body = Body()
        await body.add(b"x" * size)
        assert files() == on_disk
        assert len((await body.read()).read()) == body.size == size
        body.close()
        await until(lambda: not files())


async def test_all_bodies_together_have_so_much_room_in_memory(files: Callable[[], int]) -> None:
    for _ in range(2):  # the second time in what the first has given back
        taken = [Body() for _ in range(20)]
        for body in taken:
            await body.add(b"x" * 1_000_000)
        in_memory = bodies.ROOM // 2_621_440  # Django's default for each
        assert files() == 20 - in_memory
        for body in taken:
            body.close()
        await until(lambda: not files())


async def test_bodies_on_disk_leave_the_room_to_others(files: Callable[[], int]) -> None:
    taken = [Body() for _ in range(20)]
    for body in taken:
        await body.add(b"x" * LARGE)
    last = Body()
    await last.add(b"x" * 1_000_000)
    assert files() == 20
    for body in [*taken, last]:
        body.close()
    await until(lambda: not files())


async def test_nothing_is_kept_of_a_body_that_is_closed_when_no_thread_can_be_had(
    files: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Threads("Bodies", 1)
    monkeypatch.setattr(bodies, "_disk", disk)
    body = Body()
    await body.add(b"x" * LARGE)
    assert files() == 1
    disk.finish(time.monotonic() + 10)
    body.close()
    assert files() == 0


async def test_nothing_is_kept_of_a_body_that_is_given_up(files: Callable[[], int]) -> None:
    body = Body()
    adding = asyncio.create_task(body.add(b"x" * LARGE))
    await asyncio.sleep(0)
    body.close()
    await adding
    await body.add(b"x" * LARGE)
    await until(lambda: not files())
    with pytest.raises(OSError, match="given up before it was read"):
        await body.read()


# What goes out.


def django(client_seconds: float) -> tuple[str, type[DjangoHandler], dict[str, DjangoContainer]]:
    """Django, for clients that may take so long over a piece of their response."""
    return (".*", DjangoHandler, {"fallback": DjangoContainer(client_seconds)})


async def test_client_that_takes_nothing_of_its_response_is_closed(
    django_here: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(django(client_seconds=0.2)) as served:
        await warmed(served)
        client = await opened(served.port)
        client.writer.transport.pause_reading()
        client.ask("/large?size=50000000", HOST)
        await until(lambda: "Closed a client that took nothing of the response to GET '/large'" in caplog.text)
        client.abort()


async def test_client_that_reads_slowly_gets_everything(django_here: None) -> None:
    async with serving(django(client_seconds=0.4)) as served:
        await warmed(served)
        client = await opened(served.port)
        client.ask("/large?size=20000000", HOST)
        await client.reader.readuntil(b"\r\n\r\n")
        start = asyncio.get_running_loop().time()
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert await client.reader.readexactly(1_000_000) == b"x" * 1_000_000
        assert asyncio.get_running_loop().time() - start > 2 * 0.4
        client.abort()
