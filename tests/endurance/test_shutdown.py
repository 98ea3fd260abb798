"""A server that is asked to stop tells every client, runs every ``close`` handler, and ends."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support.asgi import Server
from tests.support.peer import peer
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers
from tests.support.waiting import until
from tornado_websockets.core.stopping import HANDLER_SECONDS

from .conftest import Report
from .scale import IS_LONG, amount, within

CLIENTS = amount(200, 500)
AT_WORK = 10

#: Close codes of RFC 6455 for a server that goes away, and for one that is started again, which uvicorn prefers.
CODES = {"daphne": 1001, "uvicorn": 1012, "tornado": 1001}

#: Uvicorn ends by the signal that it was sent.
EXIT_CODES = {"daphne": (0,), "uvicorn": (0, -signal.SIGTERM), "tornado": (0,)}

#: Seconds that a handler takes that ends in time, and one that does not.
SHORT, ENDLESS = 0.2, 300.0


@pytest.fixture(params=SERVERS)
async def mortal(request: pytest.FixtureRequest, servers: Servers, key: str) -> AsyncIterator[Server]:
    """A server to be stopped."""
    server = servers.get(request.param, TEST_MORTAL=key)
    yield server
    server.stop()


async def connect(server: Server, path: str, count: int) -> list[SocketClient]:
    """So many clients of ``path``."""
    clients: list[SocketClient] = []
    while len(clients) < count:
        clients += await asyncio.gather(*(server.connect(path) for _ in range(min(50, count - len(clients)))))
    return clients


@pytest.mark.parametrize(
    ("events", "seconds"),
    [(["awork", "work"], SHORT), (["awork", "work"], ENDLESS)],
    ids=["short handlers", "endless handlers"],
)
@pytest.mark.timeout(120)
async def test_server_that_stops_tells_its_clients_and_closes_each(
    mortal: Server, key: str, events: Sequence[str], seconds: float, report: Report
) -> None:
    clients = await connect(mortal, f"/shift/{key}", CLIENTS)
    for number, client in enumerate(clients[:AT_WORK]):
        await client.emit(events[number % len(events)], {"seconds": seconds})
    for number in range(len(events)):  # those that block wait for each other
        await clients[number].expect("working")
    start = time.monotonic()
    ended = asyncio.create_task(asyncio.to_thread(mortal.stop))
    await until(lambda: all(client.is_told for client in clients), within(2))
    told = time.monotonic() - start
    words = set(await asyncio.gather(*(client.closed() for client in clients)))
    exit_code = await ended
    took = time.monotonic() - start
    closed = mortal.log.notes(key).count("close")
    report(f"{len(clients)} clients told in {told:.2f} s, {closed} close handlers, ended in {took:.2f} s")
    assert words == {(CODES[mortal.kind], "retry=1000")}
    assert closed == len(clients)
    assert took <= 10
    assert exit_code in EXIT_CODES[mortal.kind]
    mortal.log.check()


async def test_clients_that_read_nothing_hold_up_no_stop(mortal: Server, key: str, report: Report) -> None:
    """They have more coming than the system takes, and less than they may have."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(peer(mortal.port, f"/shift/{key}"))
        client = await mortal.connect(f"/shift/{key}")
        await client.emit("shout", {"count": 70, "size": 100_000})
        for _ in range(70):
            await client.expect("shouted")
        start = time.monotonic()
        await asyncio.to_thread(mortal.stop)
        took = time.monotonic() - start
    report(f"ended in {took:.2f} s")
    assert mortal.log.notes(key) == ["close"] * 4
    assert took <= 10
    mortal.log.check()


async def test_uvicorn_gives_handlers_no_more_time_than_it_was_told(servers: Servers, key: str) -> None:
    server = servers.get("uvicorn", arguments=("--timeout-graceful-shutdown", "1"))
    clients = await connect(server, f"/shift/{key}", 5)
    for event, client in zip(("awork", "work"), clients, strict=False):
        await client.emit(event, {"seconds": ENDLESS})
        await client.expect("working")
    start = time.monotonic()
    await asyncio.to_thread(server.stop)
    assert time.monotonic() - start < HANDLER_SECONDS
    assert server.log.notes(key) == ["close"] * len(clients)
    server.log.check()


@pytest.mark.parametrize("mortal", SERVERS if IS_LONG else ["uvicorn"], indirect=True)
async def test_server_stops_though_a_close_handler_does_not_end(mortal: Server, key: str, report: Report) -> None:
    client = await mortal.connect(f"/clinger/{key}")
    await client.settle()
    start = time.monotonic()
    await asyncio.to_thread(mortal.stop)
    took = time.monotonic() - start
    report(f"ended in {took:.2f} s")
    assert mortal.log.notes(key) == ["close"]
    assert took <= 10
    mortal.log.check()
