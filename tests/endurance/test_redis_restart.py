"""Redis is killed in the middle of a steady stream, and started again."""

import asyncio
import time
from itertools import product
from typing import NamedTuple

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount, within
from tests.endurance.stream import percentile, stream_over
from tests.support.cluster import numbers, two_of
from tests.support.redis import RedisServer
from tests.support.transports import ASGI_SERVERS, Servers
from tests.support.waiting import until
from tornado_websockets.core.delivery.group_names import group_name

#: Broadcasts a second.
RATE = 500

#: Broadcasts that are heard before Redis is killed.
BEFORE = 250


class Case(NamedTuple):
    kind: str
    layer: str
    seconds_down: float


CASES = (
    [Case(*case) for case in product(ASGI_SERVERS, ("core", "pubsub"), (0.3, 2.0, 6.0))]
    if IS_LONG
    else [Case("daphne", "pubsub", 0.3), Case("uvicorn", "core", 1.0)]
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
async def test_restart_costs_local_clients_nothing_and_remote_ones_what_is_counted(
    case: Case, mortal_redis: RedisServer, mortal_servers: Servers, report: Report
) -> None:
    async with (
        two_of(mortal_servers, case.layer, mortal_redis, case.kind) as cluster,
        stream_over(cluster, "restart", each=amount(3, 10)) as stream,
    ):
        running = asyncio.create_task(stream.run(seconds=amount(3, 20), rate=RATE))
        await stream.remote[0].wait_for(BEFORE, within=10)
        await asyncio.to_thread(mortal_redis.kill)
        await asyncio.sleep(case.seconds_down)
        await asyncio.to_thread(mortal_redis.start)
        back = time.monotonic()
        await running
        await stream.end()
        unsent, lost = await stream.counted()
        resumed = stream.silence_after(back)
        slow = percentile((delay for listener in stream.local for delay in listener.delays), 0.99)
        report(
            f"{stream.sent} broadcasts; local p99 {slow * 1000:.1f} ms; remote back {resumed:.2f} s after Redis, "
            f"missed {lost} of which {unsent} unsent"
        )
        stream.check(lost)
        assert lost > 0 or case.seconds_down < 1
        assert slow <= within(0.1)
        assert resumed <= within(2)


@pytest.mark.parametrize("layer", ["core", "pubsub"])
async def test_what_each_process_says_first_afterwards_is_heard(
    layer: str, mortal_redis: RedisServer, mortal_servers: Servers, key: str
) -> None:
    """Nobody has said anything meanwhile: that a connection has ended shows when it is used."""
    async with two_of(mortal_servers, layer, mortal_redis, "uvicorn") as cluster:
        for server in (cluster.here, cluster.there):
            server.log.forgiven = "channels_redis"  # which reports that its connection broke
        (here,), (there,) = await cluster.connect(f"/room/{key}")
        await here.emit("say", {"n": 0})
        await there.emit("say", {"n": 1})
        for client in (here, there):
            assert sorted(await numbers(client, 2)) == [0, 1]
        await asyncio.to_thread(mortal_redis.kill)
        await asyncio.to_thread(mortal_redis.start)
        await until(lambda: mortal_redis.members().get(group_name(f"/room/{key}")) == 2)
        for number, speaker in enumerate((here, there), 2):
            await speaker.emit("say", {"n": number})
            for client in (here, there):
                assert await numbers(client, 1) == [number]
