"""Peers that answer no ping are closed, whatever else they do; who answers is kept."""

import asyncio
import contextlib
import json
import time

import pytest

from tests.support.asgi import Server
from tests.support.peer import PING, PONG, Peer, frame, peer
from tests.support.transports import SERVERS, Servers

from .conftest import Report
from .scale import amount, within

#: Seconds from one ping to the next, and for an answer.
SECONDS = amount(1, 20)

#: How each server is told of them, by its command line or its settings.
PINGS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "daphne": (("--ping-interval", f"{SECONDS}", "--ping-timeout", f"{SECONDS}"), {}),
    "uvicorn": (("--ws-ping-interval", f"{SECONDS}", "--ws-ping-timeout", f"{SECONDS}"), {}),
    "tornado": ((), {"TEST_TORNADO_SETTINGS": json.dumps({"websocket_ping_interval": SECONDS})}),
}

GOAL = 2 * SECONDS + 2

pytestmark = pytest.mark.timeout(180)


def start(servers: Servers, kind: str) -> Server:
    arguments, variables = PINGS[kind]
    return servers.get(kind, arguments=arguments, **variables)


async def keep_sending(sender: Peer) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            await sender.send(frame(b'{"event": "swallow"}'))
            await asyncio.sleep(0.05)


async def life_of(dead: Peer) -> float:
    """Seconds until it is closed, after a ping."""
    started = time.monotonic()
    frames = await dead.end(within(GOAL))
    assert PING in [received.opcode for received in frames]
    return time.monotonic() - started


@pytest.mark.parametrize("kind", SERVERS)
async def test_peers_that_answer_no_ping_are_closed_in_time(
    servers: Servers, kind: str, key: str, report: Report
) -> None:
    async with start(servers, kind).visit() as server:
        async with peer(server.port, f"/bounds/{key}") as silent, peer(server.port, f"/bounds/{key}") as loud:
            sending = asyncio.create_task(keep_sending(loud))
            lives = await asyncio.gather(life_of(silent), life_of(loud))
            sending.cancel()
        await server.log.wait_for_notes(key, 2)
        report(f"silent after {lives[0]:.1f} s, sending after {lives[1]:.1f} s, at most {GOAL} s")


@pytest.mark.parametrize("kind", SERVERS)
async def test_peer_that_answers_pings_is_kept(servers: Servers, kind: str, key: str) -> None:
    async with start(servers, kind).visit() as server, peer(server.port, f"/bounds/{key}") as alive:
        for _ in range(3):
            received = await alive.receive(5 * SECONDS)
            assert received is not None
            assert received.opcode == PING
            await alive.send(frame(received.payload, PONG))
        assert server.log.notes(key) == []
