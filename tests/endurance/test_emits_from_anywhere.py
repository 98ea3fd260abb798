"""Emits from wherever code may run: each arrives in both processes, in the order of its sender."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount
from tests.project.websockets.anywhere import THREADS
from tests.support.cluster import Cluster, two_of
from tests.support.process import run_python
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers

#: Numbers that each sender sends.
COUNT = amount(50, 500)

IN_THREADS = ("another loop", *(f"thread {number}" for number in range(THREADS)))


@pytest.fixture(params=["core", "pubsub"] if IS_LONG else ["core"])
async def cluster(
    request: pytest.FixtureRequest, mortal_redis: RedisServer, mortal_servers: Servers
) -> AsyncIterator[Cluster]:
    async with two_of(mortal_servers, request.param, mortal_redis, "uvicorn") as cluster:
        yield cluster


async def test_emits_from_anywhere_arrive_in_order_and_cost_one_connection_per_process(
    cluster: Cluster, mortal_redis: RedisServer, report: Report
) -> None:
    here, there = await cluster.connect("/anywhere", each=2)
    before = mortal_redis.connections_made()

    async def connections(senders: Collection[str]) -> int:
        """How many were made while these have sent; all clients must have heard them."""
        nonlocal before
        for client in (*here, *there):
            assert await numbers(client, len(senders) * COUNT) == {sender: list(range(COUNT)) for sender in senders}
        made, before = mortal_redis.connections_made() - before - 1, mortal_redis.connections_made()
        return made

    await here[0].emit("emit_from_threads", {"count": COUNT})
    by_handler = await connections(IN_THREADS)
    await cluster.here.request(f"/publish-numbers/{COUNT}")
    by_view = await connections(["a sync view"])
    await run_python("-m", "django", "publish_from_everywhere", str(COUNT), **cluster.variables)
    by_command = await connections([*IN_THREADS, "a command", "a forked process", "its parent"])
    report(
        f"{COUNT} from each of {2 * len(IN_THREADS) + 4} senders; new connections: by the server {by_handler} for a "
        f"handler's threads and {by_view} for a view, by a command that forks {by_command}"
    )
    assert by_handler <= 1
    assert by_view <= 1
    assert by_command <= 2  # it is two processes


async def numbers(client: SocketClient, count: int) -> dict[str, list[int]]:
    """What the next frames count, by who sent them."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for _ in range(count):
        data = await client.expect("n")
        found[data["by"]].append(data["n"])
    return found
