"""Who is not let in, and what is not taken."""

import asyncio
import contextlib

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.serving.test_origin import LOOK_ALIKES
from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.log import DEADLINE
from tornado_websockets.live.looking import PATH as LIVE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # that of RFC 6455


async def status(server: Server, path: str, headers: dict[str, str]) -> int:
    """What the handshake is answered with."""
    try:
        await server.connect(path, headers)
    except Refused as refusal:
        return refusal.status
    return 101


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "https://localhost"),
        ("localhost:8000", "HTTP://LOCALHOST"),
        ("[::1]:8000", "http://[::1]:80"),
        ("testserver", "http://testserver"),
    ],
)
async def test_page_of_the_host_that_is_asked_for_is_let_in(server: Server, host: str, origin: str) -> None:
    assert " 101 " in await handshake(server, f"Host: {host}", f"Origin: {origin}")


async def test_page_of_another_allowed_host_is_refused(server: Server) -> None:
    assert " 403 " in await handshake(server, "Host: localhost", "Origin: http://testserver")


@pytest.mark.parametrize(
    "origin",
    [
        "http://elsewhere.example",
        "http://127.0.0.1.elsewhere.example",
        "http://elsewhere.example/127.0.0.1",
        "http://elsewhere.example#127.0.0.1",
        "http://127.0.0.1@elsewhere.example",
        "http://127.0.0.1:99999",
        "http://[::1",
        "127.0.0.1",
        "null",
        "http://",
        "nonsense",
    ],
)
async def test_other_origin_is_refused(server: Server, origin: str) -> None:
    assert await status(server, "/wire", {"Origin": origin}) in (400, 403)


async def handshake(server: Server, *headers: str) -> str:
    """The status line that answers a handshake with these headers and no other ``Host``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
    writer.write("\r\n".join(["GET /ws/wire HTTP/1.1", *upgrade, *headers, "", ""]).encode())
    async with asyncio.timeout(DEADLINE):
        line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:80", "LOCALHOST"])
async def test_allowed_host_is_let_in(server: Server, host: str) -> None:
    assert " 101 " in await handshake(server, f"Host: {host}")


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example"])
async def test_other_host_is_refused_though_its_origin_is_the_same(server: Server, host: str) -> None:
    assert " 403 " in await handshake(server, f"Host: {host}", f"Origin: http://{host}")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1"),
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "https://localhost"),
        ("localhost", "HTTP://LOCALHOST"),
        ("[::1]:8000", "http://[::1]:80"),
        ("testserver", "http://testserver"),
    ],
)
async def test_origin_of_the_host_that_was_asked_for_is_let_in(server: Server, host: str, origin: str) -> None:
    assert " 101 " in await handshake(server, f"Host: {host}", f"Origin: {origin}")


async def test_origin_of_another_allowed_host_is_refused(server: Server) -> None:
    assert " 403 " in await handshake(server, "Host: 127.0.0.1", "Origin: http://localhost")


@pytest.mark.parametrize("origin", [one for one in LOOK_ALIKES if one == one.strip()], ids=lambda one: repr(one[:30]))
async def test_origin_that_only_looks_allowed_is_refused(server: Server, origin: str) -> None:
    line = await handshake(server, "Host: localhost", f"Origin: {origin}")
    assert " 400 " in line or " 403 " in line


@pytest.mark.parametrize("header", ["Host: 127.0.0.1", "Origin: http://127.0.0.1"])
async def test_two_headers_of_a_kind_are_refused(server: Server, header: str) -> None:
    usual = ["Host: 127.0.0.1", "Origin: http://127.0.0.1"]
    assert " 101 " in await handshake(server, *usual)
    line = await handshake(server, *usual, header)
    assert " 400 " in line or " 403 " in line


async def test_client_without_origin_is_let_in(server: Server) -> None:
    assert await status(server, "/wire", {}) == 101


async def test_guard_lets_in_whom_it_knows(server: Server) -> None:
    for path in ("/guarded/sesame", "/aguarded/sesame"):
        client = await server.connect(path, {"X-Password": "sesame"})
        await client.emit("echo", {"a": 1})
        assert await client.settle() == [{"event": "echo", "data": {"a": 1}}]


@pytest.mark.parametrize("path", ["/guarded/sesame", "/aguarded/sesame"])
async def test_guard_refuses_others_with_403(server: Server, path: str) -> None:
    assert await status(server, path, {"X-Password": "please"}) == 403


async def test_guard_that_breaks_refuses(server: Server) -> None:
    assert await status(server, "/broken-guard", {}) == 403
    assert "ValueError: in authorize" in await server.log.wait_for_error("authorize failed")


async def test_who_is_refused_is_never_opened(server: Server, key: str) -> None:
    assert await status(server, f"/noted-guard/{key}", {}) == 403
    assert await status(server, f"/noted-guard/{key}", {"X-Password": key}) == 101
    assert await server.log.wait_for_notes(key, 3) == ["asked", "asked", "open"]


async def test_message_above_the_servers_own_limit_closes_at_most_that_connection(server: Server) -> None:
    big, other = await server.connect("/wire"), await server.connect("/wire")
    with contextlib.suppress(ConnectionClosed):  # the server need not read to the end
        await big.send("x" * (32 << 20))
    code, _ = await big.closed()
    assert code in (1006, 1009)
    assert await other.settle() == []


@pytest.mark.parametrize("headers", [{}, {"Cookie": "sessionid=unknown"}], ids=["nobody", "an old cookie"])
async def test_the_live_page_of_the_staff_looks_like_a_path_that_is_not_there(
    server: Server, headers: dict[str, str]
) -> None:
    answers = []
    for path in (LIVE, "/nothing/here"):
        with pytest.raises(Refused) as refused:
            await server.connect(path, headers)
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{server.port}") as http:
            plain = [await http.request(method, f"/ws{path}", headers=headers) for method in ("GET", "POST")]
        answers.append((refused.value.status, [(each.status_code, each.text) for each in plain]))
    assert answers[0] == answers[1]
