"""gunicorn's own worker for ASGI: it serves with the bounds of the others, and ends in order."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import Server
from tests.support.transports import Servers
from tests.support.waiting import until


@pytest.fixture
async def gunicorn(servers: Servers) -> AsyncIterator[Server]:
    """One that nobody else asks."""
    with servers.fresh("gunicorn", TEST_TORNADO_WEBSOCKETS=json.dumps({"OUTBOX_TIMEOUT": 1})) as server:
        async with server.visit() as visit:
            yield visit


async def test_who_takes_nothing_is_closed_and_others_hear_what_is_sent(gunicorn: Server, key: str) -> None:
    reader, other = await gunicorn.connect(f"/burst/{key}"), await gunicorn.connect(f"/burst/{key}")
    other.pause()
    for _ in range(20):
        await reader.emit("burst")
        heard = [(await reader.receive())["data"]["n"] for _ in range(300)]
        assert heard == list(range(300))
    await gunicorn.log.wait_for("Closing a slow client")
    other.abort()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_that_is_asked_to_stop_tells_its_clients(
    gunicorn: Server, key: str, number: signal.Signals
) -> None:
    clients = [await gunicorn.connect(f"/bounds/{key}") for _ in range(20)]
    await asyncio.gather(*(client.request("swallow") for client in clients))
    gunicorn.terminate(number)
    assert {code for code, _ in await asyncio.gather(*(client.closed() for client in clients))} == {1012}
    await until(lambda: not gunicorn.is_running)
    assert gunicorn.log.notes(key) == ["close"] * 20


async def test_a_message_that_is_too_large_closes_its_client_alone(gunicorn: Server, key: str) -> None:
    client, other = await gunicorn.connect(f"/bounds/{key}"), await gunicorn.connect(f"/bounds/{key}")
    await client.send("x" * 3_000_000)
    assert (await client.closed())[0] == 1009
    assert await other.request("swallow") == {}
