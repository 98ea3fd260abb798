"""Requests that belong nowhere are refused, with a line in the log at most, and change nothing."""

import asyncio
import re

import httpx
import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.log import DEADLINE
from tests.support.peer import peer
from tests.support.transports import ASGI_SERVERS, Servers

from .conftest import Report
from .scale import amount

COUNT = amount(200, 1_000)

#: What servers write of each request, as they are told to, and what asyncio writes in development mode.
ACCESS = re.compile(
    r'^Executing <|"WebSocket /|"WS[A-Z]+ /|"(GET|POST|PUT) /|^\d{3} (GET|POST|PUT) /|^INFO: +connection |^\s*$'
)

PATHS = [
    "/nowhere-{n}",
    "/wire/{n}",
    "/room/a b{n}",
    "/%2e%2e/wire/{n}",
    "/wire{n}%00",
    "/\N{SNOWMAN}{n}",
    "/" + "x" * 2_000 + "{n}",
]

#: The application in both forms, and Tornado's.
FORMS = [*((kind, form) for kind in ASGI_SERVERS for form in ("application", "by_hand")), ("tornado", "application")]


def lines(server: Server) -> list[str]:
    """What it has written, but for that."""
    return [line for line in server.log.text.splitlines() if not ACCESS.search(line)]


async def status(server: Server, path: str, *headers: str) -> int:
    """What the handshake is answered with."""
    try:
        async with peer(server.port, path, headers):
            return 101
    except Refused as refusal:
        return refusal.status


async def test_unknown_paths_are_refused_with_a_line_each(server: Server, report: Report) -> None:
    before = len(lines(server))
    for start in range(0, COUNT, 50):
        paths = [PATHS[number % len(PATHS)].format(n=number) for number in range(start, start + 50)]
        answers = await asyncio.gather(*(status(server, path) for path in paths))
        assert set(answers) <= {400, 403, 404}, dict(zip(paths, answers, strict=True))
    client = await server.connect("/wire")
    await client.settle()
    written = lines(server)[before:]
    report(f"{COUNT:,} refused, {len(written):,} lines")
    assert len(written) <= COUNT, written[:10]


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_plain_request_for_the_path_of_a_websocket_is_refused(
    servers: Servers, kind: str, form: str, method: str
) -> None:
    async with servers.get(kind, form).visit() as server:
        before = len(lines(server))
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE) as http:
            for path in ("/ws/wire", "/ws/room/lobby", "/ws/nowhere"):
                response = await http.request(method, f"http://127.0.0.1:{server.port}{path}", content=b"x")
                assert 400 <= response.status_code < 500
        assert len(lines(server)) - before <= 3
        assert await (await server.connect("/wire", {"Origin": "http://127.0.0.1"})).settle() == []


@pytest.mark.parametrize("root", ["/ws", "/ws/wire", "/elsewhere", "/", "", "%2Fws", "../../wire"])
async def test_root_path_of_a_client_changes_nothing(server: Server, root: str) -> None:
    header = f"Daphne-Root-Path: {root}"
    assert await status(server, "/wire", header) == 101
    assert await status(server, "/nowhere", header) == 403
    assert await status(server, "/ws/wire", header) == 403
    assert await status(server, "/wire/ws/wire", header) == 403
