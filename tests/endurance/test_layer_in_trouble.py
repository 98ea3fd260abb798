"""The Redis of the layer is killed, emptied, paused and cut off, and with a history nobody misses a number for it."""

import asyncio
import json
import subprocess
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, VARIABLES, amount
from tests.support.asgi import Server
from tests.support.postgres import Postgres
from tests.support.process import PYTHON, ROOT, environment
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import ASGI_SERVERS, Servers
from tests.support.waiting import until

#: Numbers that each process sends at least, and how many a second: a history has those of half a minute, which is how
#: long it may take until what was lost without a word is found.
NUMBERS = amount(300, 10_000)
RATE = amount(100, 50)

#: Seconds for which Redis is away, or answers nothing; and for which it is left in peace before the next trouble.
AWAY = amount(1, 5)
PEACE = 0.5 * amount(1, 30)

#: Seconds that what was lost without a word may take to be found.
PATIENCE = 40.0

#: Seconds; longer than any test.
_FOREVER = 86_400.0

#: Clients of each process.
CLIENTS = 3

#: What a process writes of a call that took too long.
SLOW_STORE = "The store fails: nothing"

LAYERS = ["core", "pubsub"] if IS_LONG else ["pubsub"]
STORES = ["redis", "sqlite", "postgresql"] if IS_LONG else ["sqlite"]


class Listener:
    """A client that notes what it hears of each process.

    :ivar numbers: in the order they came, by sender.
    :ivar slowest: seconds that the latest took.
    :ivar others: events that are no numbers.
    """

    def __init__(self, client: SocketClient) -> None:
        self.numbers: defaultdict[str, list[int]] = defaultdict(list)
        self.slowest = 0.0
        self.others: list[str] = []
        self._task = asyncio.create_task(self._listen(client))

    @property
    def count(self) -> int:
        """How many it has heard in all."""
        return sum(map(len, self.numbers.values()))

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _listen(self, client: SocketClient) -> None:
        with suppress(ConnectionClosed):
            while True:
                self._take(await client.receive(within=_FOREVER))

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["event"] == "n":
            sender, _, _ = frame["at"].rpartition(".")
            self.numbers[sender].append(frame["data"]["n"])
            self.slowest = max(self.slowest, time.monotonic() - frame["data"]["at"])
        else:
            self.others.append(frame["event"])


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """One with all tables."""
    postgres = Postgres()
    try:
        variables = environment({"TEST_POSTGRES": str(postgres.port)})
        subprocess.run((*PYTHON, "-m", "django", "migrate", "--verbosity", "0"), cwd=ROOT, env=variables, check=True)
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture
async def pair(
    request: pytest.FixtureRequest, layer: str, store: str, mortal_servers: Servers, key: str
) -> AsyncIterator[list[Server]]:
    """One of each server, on a layer whose Redis has no part in their store."""
    options = {"STORE": request.getfixturevalue("redis").url if store == "redis" else "database", "NAMESPACE": key}
    variables = {**VARIABLES, "TEST_LAYER": layer, "TEST_TORNADO_WEBSOCKETS": json.dumps(options)}
    if store == "postgresql":
        variables["TEST_POSTGRES"] = str(request.getfixturevalue("postgres").port)
    starts = (asyncio.to_thread(mortal_servers.get, kind, **variables) for kind in ASGI_SERVERS)
    here, there = await asyncio.gather(*starts)
    async with here.visit(), there.visit():
        for server in (here, there):
            server.log.forgiven = "channels_redis"
        yield [here, there]
    mortal_servers.stop()  # before their database


async def kill(redis: RedisServer) -> None:
    """Let it be away for a while, with all that it knew."""
    await asyncio.to_thread(redis.kill)
    await asyncio.sleep(AWAY)
    await asyncio.to_thread(redis.start)


async def flush(redis: RedisServer) -> None:
    """Let it forget everything."""
    with redis.client() as client:
        client.flushall()


async def pause(redis: RedisServer) -> None:
    """Let it answer nobody for a while."""
    with redis.client() as client:
        client.client_pause(AWAY * 1000)
    await asyncio.sleep(AWAY)


async def cut(redis: RedisServer) -> None:
    """Cut the connections by which processes hear, and all others."""
    with redis.client() as client:
        for kind in ("pubsub", "normal"):
            client.client_kill_filter(_type=kind, skipme=True)


async def send(client: SocketClient, is_over: asyncio.Event) -> int:
    """Have a process send numbers until there are enough and the troubles are over; how many there were."""
    sent = 0
    while sent < NUMBERS or not is_over.is_set():
        await client.request("count", {"from": sent, "to": sent + RATE, "rate": RATE})
        sent += RATE
    return sent


#: What happens to it, one after the other.
TROUBLES: tuple[Callable[[RedisServer], Awaitable[None]], ...] = (kill, flush, pause, cut)


@pytest.mark.timeout(120 + NUMBERS / RATE)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("layer", LAYERS)
async def test_trouble_costs_delay_and_nothing_else_where_a_store_has_the_history(
    pair: list[Server], store: str, mortal_redis: RedisServer, key: str, report: Report
) -> None:
    path = f"/kept-steady/{key}"
    listeners = [Listener(await server.connect(path)) for server in pair for _ in range(CLIENTS)]
    senders = [await server.connect(path) for server in pair]
    is_over = asyncio.Event()
    sending = [asyncio.create_task(send(sender, is_over)) for sender in senders]
    for trouble in TROUBLES:
        await asyncio.sleep(PEACE)
        await trouble(mortal_redis)
    is_over.set()
    sent = await asyncio.gather(*sending)
    ended = time.monotonic()
    with suppress(TimeoutError):  # what is missing is asserted below
        await until(lambda: all(listener.count >= sum(sent) for listener in listeners), PATIENCE, pause=0.05)
    slowest = max(listener.slowest for listener in listeners)
    report(
        f"{sum(sent):,} numbers, the latest {slowest:.2f} s, "
        f"all there {time.monotonic() - ended:.2f} s after the last was sent"
    )
    for listener in listeners:
        await listener.stop()
        assert sorted(listener.numbers.values(), key=len) == [list(range(count)) for count in sorted(sent)]
        assert listener.others == []
    if store == "sqlite":  # where one process waits while another writes, now and then for longer than a store may take
        for server in pair:
            slow = server.log.count(rf"{SLOW_STORE} [\w ]+ \(")
            assert slow <= 10
            await server.log.wait_for_errors(SLOW_STORE, slow)
