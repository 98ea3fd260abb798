"""Clients that read nothing or send too much cost a bounded amount of memory, and servers end in order."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.servers.asgi import Server
from tests.servers.client import Refused
from tests.servers.transports import SERVERS, Servers

MEBIBYTE = 1024 * 1024

#: Growth of a server's memory that is no sign of trouble: twice what it may keep for one client.
ROOM = 24 * MEBIBYTE

#: The longest text that is not too large, with its frame around it.
LONG = "y" * 990_000


def memory(server: Server) -> int:
    """Bytes that the server has in memory."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * 4096


def settings(**values: float) -> dict[str, str]:
    """The environment of a server with these in ``TORNADO_WEBSOCKETS``."""
    return {"TEST_TORNADO_WEBSOCKETS": json.dumps(values)}


async def test_client_that_reads_nothing_is_closed_and_costs_little(server: Server, key: str) -> None:
    deaf = await server.connect(f"/bounds/{key}")
    other = await server.connect(f"/bounds/{key}")
    await other.request("swallow")
    deaf.pause()
    before = most = memory(server)
    for _ in range(300):
        await other.emit("tell", {"bytes": 200_000})
        await other.expect("told")
        most = max(most, memory(server))
    await server.log.wait_for("Closing a slow client: more than 8388608 bytes")
    await server.log.wait_for_notes(key, 1)
    deaf.abort()
    assert most - before < ROOM


@pytest.mark.parametrize("kind", SERVERS)
async def test_client_that_leaves_one_message_untaken_is_closed_in_time(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **settings(OUTBOX_TIMEOUT=0.5, MAX_OUTBOX_BYTES=100 * MEBIBYTE)).visit() as server:
        deaf = await server.connect(f"/bounds/{key}")
        other = await server.connect(f"/bounds/{key}")
        deaf.pause()
        for _ in range(40):
            await other.emit("tell", {"bytes": 500_000})
            await other.expect("told")
        await server.log.wait_for("Closing a slow client: it took no message for 0.5 seconds")
        await server.log.wait_for_notes(key, 1)
        deaf.abort()


async def test_client_that_sends_while_its_handler_runs_costs_little(server: Server, key: str) -> None:
    flooder = await server.connect(f"/bounds/{key}")
    other = await server.connect(f"/bounds/{key}")
    await flooder.emit("hold")
    await flooder.expect("holding")
    before = memory(server)

    async def flood() -> None:
        for _ in range(100):
            await flooder.emit("swallow", {"text": LONG})

    flooding = asyncio.create_task(flood())
    done, _ = await asyncio.wait([flooding], timeout=1.5)
    grown = memory(server) - before
    await other.emit("release")
    await flooding
    await flooder.settle()
    assert not done, "nothing held the client back"
    assert grown < ROOM


async def test_client_that_sends_faster_than_it_is_handled_costs_little(server: Server, key: str) -> None:
    flooder = await server.connect(f"/bounds/{key}")
    await flooder.request("nap")
    before = memory(server)

    async def flood() -> None:
        for _ in range(4_000):
            await flooder.emit("nap", {"text": "y" * 20_000})

    flooding = asyncio.create_task(flood())
    done, _ = await asyncio.wait([flooding], timeout=2)
    grown = memory(server) - before
    flooding.cancel()
    flooder.abort()
    assert not done, "nothing held the client back"
    assert grown < ROOM


@pytest.mark.parametrize("kind", SERVERS)
async def test_flood_beyond_the_rate_is_refused_and_disturbs_nobody(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **settings(MAX_MESSAGES_PER_SECOND=20)).visit() as server:
        flooder = await server.connect(f"/bounds/{key}")
        for _ in range(200):
            await flooder.emit("swallow", id=1)
        replies = [await flooder.receive() for _ in range(200)]
        refused = [reply["error"]["code"] for reply in replies if "error" in reply]
        assert set(refused) == {"rate_limited"}
        assert 150 <= len(refused) <= 180
        other = await server.connect(f"/bounds/{key}")
        assert await other.request("swallow") == {}


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("setting", ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS"])
async def test_connections_above_the_limit_are_refused_until_others_have_gone(
    servers: Servers, kind: str, setting: str, key: str
) -> None:
    async with servers.get(kind, **settings(**{setting: 2})).visit() as server:
        first = await server.connect(f"/bounds/{key}")
        await server.connect(f"/bounds/{key}")
        with pytest.raises(Refused) as caught:
            await server.connect(f"/bounds/{key}")
        assert caught.value.status == 403
        assert server.log.count("Refused a connection .* there are 2 connections") == 1
        await first.close()
        await server.log.wait_for_notes(key, 1)
        again = await server.connect(f"/bounds/{key}")
        await again.request("swallow")


@pytest.mark.parametrize(("kind", "code"), [("daphne", 1001), ("uvicorn", 1012)])
async def test_clients_of_a_server_that_stops_are_told(servers: Servers, kind: str, code: int, key: str) -> None:
    server = servers.get(kind, number=3)
    clients = [await server.connect(f"/bounds/{key}") for _ in range(50)]
    await asyncio.gather(*(client.request("swallow") for client in clients))
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    closed = await asyncio.gather(*(client.closed() for client in clients))
    await stopping
    assert {found for found, _ in closed} == {code}
    assert server.log.notes(key) == ["close"] * 50
