"""Django's views, served by Tornado."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tornado.application import Raw
from tests.tornado.server import TornadoServer

#: Seconds by which nobody may be delayed by others.
DELAY = 0.25 * (4 if os.environ.get("CI") else 1)  # other work may go on where CI runs


@pytest.fixture(scope="module")
def tornado(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TornadoServer]:
    """One server for all of these tests."""
    log = tmp_path_factory.mktemp("wsgi") / "tornado.log"
    server = TornadoServer(log, {"TEST_DATABASE": str(database)})
    yield server
    assert server.stop() == 0
    server.log.check()


@pytest.fixture
async def http(tornado: TornadoServer) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, more or less."""
    async with tornado.visit(), httpx.AsyncClient(base_url=tornado.urls[0], trust_env=False, timeout=10) as client:
        yield client


async def test_a_page_is_served(http: httpx.AsyncClient) -> None:
    response = await http.get("/hello")
    assert (response.status_code, response.text) == (200, "Hello you")
    assert response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", ["a b", "café", "100%", "a+b", "☃", "a/b".replace("/", "%2F")])
async def test_the_path_is_decoded(http: httpx.AsyncClient, name: str) -> None:
    path = httpx.URL(f"http://x/hello/{name}").raw_path.decode()
    response = await http.get(path)
    assert response.status_code == (404 if "%2F" in name else 200)
    assert "%2F" in name or response.text == f"Hello {name}"


@pytest.mark.parametrize("page", ["people", "apeople"])
async def test_a_view_uses_the_orm(http: httpx.AsyncClient, page: str) -> None:
    assert (await http.get(f"/{page}")).json()["count"] >= 0


async def test_a_page_that_is_nowhere_is_404(http: httpx.AsyncClient) -> None:
    assert (await http.get("/nowhere")).status_code == 404


async def test_a_view_that_fails_is_500(tornado: TornadoServer, http: httpx.AsyncClient) -> None:
    assert (await http.get("/fail")).status_code == 500
    await tornado.log.wait_for_error("Internal Server Error: /fail")


async def test_a_host_that_is_not_allowed_is_400(tornado: TornadoServer, http: httpx.AsyncClient) -> None:
    assert (await http.get("/hello", headers={"Host": "elsewhere.example"})).status_code == 400
    await tornado.log.wait_for_error("Invalid HTTP_HOST header: 'elsewhere.example'")


@pytest.mark.parametrize("port", ["x", "", "8x"])
async def test_a_port_that_is_none_is_400(tornado: TornadoServer, http: httpx.AsyncClient, port: str) -> None:
    assert (await http.get("/meta", headers={"Host": f"127.0.0.1:{port}"})).status_code == 400
    await tornado.log.wait_for_error(f"Invalid HTTP_HOST header: '127.0.0.1:{port}'")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::1]:8000", "localhost:8000"])
async def test_a_host_may_have_a_port_or_none(http: httpx.AsyncClient, host: str) -> None:
    meta = (await http.get("/meta", headers={"Host": host})).json()
    assert meta["HTTP_HOST"] == host


async def test_a_large_body_arrives(http: httpx.AsyncClient) -> None:
    body = b"0123456789" * 1_000_000
    answer = (await http.post("/body", content=body)).json()
    assert answer == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


async def test_a_body_that_comes_in_chunks_arrives(http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d" % number * 1_000

    body = b"".join([chunk async for chunk in chunks()])
    answer = (await http.post("/body", content=chunks())).json()
    assert answer == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


async def test_files_are_uploaded(http: httpx.AsyncClient) -> None:
    files = {"a": ("small", b"x"), "b": ("large", b"x" * 5_000_000)}
    assert (await http.post("/upload", files=files)).json() == {"small": 1, "large": 5_000_000}


async def test_cookies_come_and_go(http: httpx.AsyncClient) -> None:
    response = await http.get("/cookies")
    assert response.headers.get_list("set-cookie") == ["first=1; Path=/", "second=2; HttpOnly; Path=/"]
    assert (await http.get("/cookies")).json() == {"first": "1", "second": "2"}


async def test_csrf_is_checked(http: httpx.AsyncClient) -> None:
    assert (await http.post("/form")).status_code == 403
    token = (await http.get("/form")).text
    assert (await http.post("/form", data={"csrfmiddlewaretoken": token})).text == "taken"


async def test_redirects_are_sent(http: httpx.AsyncClient) -> None:
    response = await http.get("/redirect")
    assert (response.status_code, response.headers["location"]) == (302, "/hello")


@pytest.mark.parametrize(("path", "length"), [("hello", 9), ("stream", 9_890), ("redirect", 0)])
async def test_head_has_the_headers_and_no_body(http: httpx.AsyncClient, path: str, length: int) -> None:
    for _ in range(2):  # the second time on the same connection, which a body would spoil
        response = await http.head(f"/{path}")
        assert (response.headers["content-length"], response.content) == (str(length), b"")


async def test_what_has_not_changed_is_304(http: httpx.AsyncClient) -> None:
    for _ in range(2):
        response = await http.get("/unchanged", headers={"If-None-Match": '"tag"'})
        assert (response.status_code, response.content) == (304, b"")


async def test_no_content_is_204(http: httpx.AsyncClient) -> None:
    for _ in range(2):
        response = await http.get("/nothing")
        assert (response.status_code, response.content) == (204, b"")


async def test_a_stream_arrives_to_its_end(http: httpx.AsyncClient) -> None:
    assert (await http.get("/stream")).text == "".join(f"chunk {number}\n" for number in range(1_000))


async def test_a_stream_that_breaks_is_500(tornado: TornadoServer, http: httpx.AsyncClient) -> None:
    assert (await http.get("/broken-stream")).status_code == 500
    await tornado.log.wait_for_error("The response to GET '/broken-stream' cannot be sent")


async def test_a_request_has_its_address_and_host(tornado: TornadoServer, http: httpx.AsyncClient) -> None:
    meta = (await http.get("/meta?a=b%20c", headers={"X-Test": "a word"})).json()
    expected = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/meta",
        "QUERY_STRING": "a=b%20c",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PORT": str(tornado.port),
        "HTTP_HOST": f"127.0.0.1:{tornado.port}",
        "HTTP_X_TEST": "a word",
        "wsgi.url_scheme": "http",
    }
    assert meta | expected == meta


async def test_a_header_with_an_underscore_is_no_header_with_a_hyphen(http: httpx.AsyncClient) -> None:
    meta = (await http.get("/meta", headers={"X_Forwarded_Proto": "https", "X-Real": "1"})).json()
    assert "HTTP_X_FORWARDED_PROTO" not in meta
    assert meta["HTTP_X_REAL"] == "1"


async def test_a_connection_is_kept_for_the_next_request(tornado: TornadoServer, http: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tornado.port)
    client = Raw(reader, writer)
    for _ in range(3):
        client.ask("/hello", {"Host": "127.0.0.1"})
        assert await client.status() == 200
        assert await reader.readexactly(9) == b"Hello you"
    client.abort()


async def test_one_that_does_not_wait_for_the_answer_does_no_harm(
    tornado: TornadoServer, http: httpx.AsyncClient, key: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tornado.port)
    client = Raw(reader, writer)
    client.ask(f"/slow?seconds=0.2&key={key}", {"Host": "127.0.0.1"})
    await tornado.log.wait_for_notes(key, 1)
    client.abort()
    await tornado.log.wait_for_notes(key, 2)
    assert (await http.get("/hello")).status_code == 200


async def test_what_was_sent_ahead_is_not_answered_once_the_client_has_left(
    tornado: TornadoServer, http: httpx.AsyncClient, key: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tornado.port)
    client = Raw(reader, writer)
    for _ in range(20):
        client.ask(f"/slow?seconds=0.1&key={key}", {"Host": "127.0.0.1"})
    await tornado.log.wait_for_notes(key, 1)
    client.abort()
    for _ in range(10):
        assert (await http.get(f"/slow?seconds=0.1&key=other-{key}")).status_code == 200
    assert tornado.log.notes(key).count("began") <= 3  # Tornado notices when it writes to it


Calls = Sequence[Callable[[], Awaitable[None]]]


async def longest_wait(calls: Calls, until: asyncio.Task[Any]) -> float:
    """Seconds that the slowest call took, while something else was going on."""
    waits = []
    while not until.done():
        for call in calls:
            start = time.monotonic()
            await call()
            waits.append(time.monotonic() - start)
    assert len(waits) > 10
    return max(waits)


async def begin_slow_view(tornado: TornadoServer, http: httpx.AsyncClient, key: str) -> asyncio.Task[Any]:
    slow = asyncio.create_task(http.get(f"/slow?seconds=3&key={key}"))
    await tornado.log.wait_for_notes(key, 1)
    return slow


async def begin_slow_handler(tornado: TornadoServer, key: str) -> asyncio.Task[Any]:
    client = await tornado.connect(f"/work/{key}")
    slow = asyncio.create_task(client.request("rest", {"seconds": 3}))
    await tornado.log.wait_for_notes(key, 2)
    return slow


async def everything_else(tornado: TornadoServer, http: httpx.AsyncClient) -> Calls:
    """A call for each thing that must not be delayed: views, handlers, broadcasts, newcomers."""
    client, other = await tornado.connect("/wakeful"), await tornado.connect("/wakeful")

    async def ask_view() -> None:
        assert (await http.get("/people")).status_code == 200

    async def ask_handler() -> None:
        await client.emit("echo", {"a": 1})
        await client.expect("echo")

    async def broadcast() -> None:
        await client.emit("tell_all", {"a": 1})
        await other.expect("told")
        await client.expect("told")

    async def arrive() -> None:
        await tornado.connect("/in-views")

    calls = (ask_view, ask_handler, broadcast, arrive)
    for call in calls:  # what is slow the first time only
        await call()
    return calls


async def test_a_slow_view_delays_nobody(tornado: TornadoServer, http: httpx.AsyncClient, key: str) -> None:
    calls = await everything_else(tornado, http)
    slow = await begin_slow_view(tornado, http, key)
    assert await longest_wait(calls, slow) < DELAY
    assert (await slow).text == "at last"


async def test_a_slow_handler_delays_nobody(tornado: TornadoServer, http: httpx.AsyncClient, key: str) -> None:
    calls = await everything_else(tornado, http)
    slow = await begin_slow_handler(tornado, key)
    assert await longest_wait(calls, slow) < DELAY
    await slow


@pytest.mark.parametrize("event", ["create", "acreate"])
async def test_handlers_use_the_orm(tornado: TornadoServer, http: httpx.AsyncClient, key: str, event: str) -> None:
    client = await tornado.connect("/people")
    assert await client.request(event, {"name": key}) == {"name": key}


async def test_database_connections_do_not_pile_up(
    tornado: TornadoServer, http: httpx.AsyncClient, database: Path
) -> None:
    await asyncio.gather(*(http.get("/people") for _ in range(100)))
    await asyncio.gather(*(http.get("/apeople") for _ in range(20)))
    for number in range(20):
        await (await tornado.connect(f"/shelf/{number}")).request("count")
    await http.get("/hello")
    assert tornado.count_open(database) <= 2  # of the thread that async code shares, while it works
