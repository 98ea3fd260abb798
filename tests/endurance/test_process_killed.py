"""One of two processes is killed, with all its clients."""

import asyncio
import json
import time

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount, within
from tests.endurance.stream import stream_over
from tests.support.cluster import two_of
from tests.support.redis import RedisServer
from tests.support.transports import Servers
from tests.support.waiting import until
from tornado_websockets.core.control import CONTROL
from tornado_websockets.core.delivery.group_names import group_name

#: Clients of the process that is killed, and rooms that they are in.
CLIENTS, ROOMS = amount(20, 200), 10

#: What the short form shortens, so that it need not wait for half a minute.
CONFIG: dict[str, object] = {} if IS_LONG else {"group_expiry": 2, "expiry": 4}

#: Broadcasts a second, and seconds of them: a minute without the process.
RATE, SECONDS = 50, amount(4, 61)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("layer", ["core", "pubsub"] if IS_LONG else ["core"])
async def test_kill_of_a_process_costs_the_others_nothing_and_leaves_nothing_behind(
    layer: str, mortal_redis: RedisServer, mortal_servers: Servers, report: Report
) -> None:
    async with (
        two_of(mortal_servers, layer, mortal_redis, TEST_LAYER_CONFIG=json.dumps(CONFIG)) as cluster,
        stream_over(cluster, "killed", each=3) as stream,
    ):
        for _ in range(CLIENTS // ROOMS):
            await asyncio.gather(*(cluster.there.connect(f"/room/{number}") for number in range(ROOMS)))
        await cluster.here.connect("/room/0")
        shared = {group_name(path): 1 for path in (CONTROL, "/steady/killed", "/steady/observers", "/room/0")}
        assert shared.keys() < mortal_redis.members().keys()
        running = asyncio.create_task(stream.run(SECONDS, RATE))
        await stream.remote[0].wait_for(20, within=10)
        cluster.there.kill()
        killed = time.monotonic()
        await until(lambda: mortal_redis.members() == shared, 70, pause=0.1)
        await until(lambda: mortal_redis.keys_of_messages() == [], 70, pause=0.1)
        left = time.monotonic() - killed
        await running
        report(f"{stream.sent} broadcasts; nothing left in Redis after {left:.1f} s")
        for listener in stream.local:
            await listener.wait_for(stream.sent - 1, within=10)
            assert listener.numbers == list(stream.numbers)
            assert not listener.is_closed
        assert all(listener.is_closed for listener in stream.remote)
        assert left <= within(60)
