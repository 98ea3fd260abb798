"""Bodies in chunks of a byte, which cost six to send: of a request, and of a handshake, which has none."""

import pytest

from tests.endurance.conftest import Report
from tests.support.asgi import Server

from . import loads
from .parties import Party
from .siege import besiege

#: So many make the short form fail, too, where each reads as it likes.
COUNT = 30

CHUNKS = loads.filled(b"1\r\na\r\n", 60_000)
CHUNKED = b"Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"

HEADS = {
    "handshake": b"GET /ws/abuse/chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + CHUNKED + b"\r\n",
    "request": b"POST /path HTTP/1.1\r\n" + CHUNKED + b"\r\n",
}

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("fresh_server", ["daphne", "tornado"], indirect=True)
async def test_flood_of_tiny_chunks_disturbs_nobody(fresh_server: Server, head: str, report: Report) -> None:
    await flood(fresh_server, HEADS[head], report)


@pytest.mark.parametrize("fresh_server", ["uvicorn"], indirect=True)
async def test_flood_of_tiny_chunks_disturbs_nobody_on_uvicorn(fresh_server: Server, report: Report) -> None:
    """It never answers a handshake with a body."""
    await flood(fresh_server, HEADS["request"], report)


async def flood(server: Server, head: bytes, report: Report) -> None:
    attackers = Party(count=COUNT, head=head, load=CHUNKS, haste=0, returns=True)
    outcome = await besiege(server, [attackers])
    report(str(outcome))
    assert outcome.excess == ""
