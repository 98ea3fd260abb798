"""Redis forgets the groups, or drops connections where nothing happens for a while."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount, within
from tests.endurance.stream import Stream, stream_over
from tests.support.cluster import two_of
from tests.support.redis import RedisServer
from tests.support.transports import Servers

#: Broadcasts a second.
RATE = 50

#: Of pub/sub, Redis keeps nothing that it could forget, so the short form does without.
LAYERS = pytest.mark.parametrize("layer", ["core", "pubsub"] if IS_LONG else ["core"])


@pytest.fixture
def config() -> dict[str, object]:
    """Of the channel layer."""
    return {}


@pytest.fixture
async def stream(
    layer: str, config: dict[str, object], mortal_redis: RedisServer, mortal_servers: Servers
) -> AsyncIterator[Stream]:
    config = {**config, **({"hosts": [mortal_redis.url]} if "hosts" in config else {})}
    async with (
        two_of(mortal_servers, layer, mortal_redis, TEST_LAYER_CONFIG=json.dumps(config)) as cluster,
        stream_over(cluster, "forgets", each=2) as stream,
    ):
        yield stream


@LAYERS
async def test_flush_costs_remote_clients_seconds_which_are_counted_and_local_ones_nothing(
    stream: Stream, mortal_redis: RedisServer, report: Report
) -> None:
    running = asyncio.create_task(stream.run(seconds=amount(6, 30), rate=RATE))
    await stream.remote[0].wait_for(20, within=10)
    with mortal_redis.client() as client:
        client.flushall()
    flushed = time.monotonic()
    await running
    await stream.end()
    unsent, lost = await stream.counted()
    silence = stream.silence_after(flushed)
    report(f"{stream.sent} broadcasts; remote silent for {silence:.2f} s, missed {lost}")
    stream.check(lost)
    for listener in stream.remote:
        missed = listener.missed(stream.numbers)
        assert len({number - index for index, number in enumerate(missed)}) <= 1  # they are consecutive
    assert unsent == 0
    assert silence <= within(10)


@LAYERS
@pytest.mark.parametrize("config", [{"group_expiry": amount(1, 4)}], ids=str)
@pytest.mark.timeout(120)
async def test_groups_that_expire_soon_cost_nothing(stream: Stream, report: Report) -> None:
    await stream.run(seconds=amount(3, 60), rate=RATE)
    await stream.end()
    report(f"{stream.sent} broadcasts, counted as unsent and lost: {await stream.counted()}")
    for listener in stream.listeners:
        assert listener.numbers == list(stream.numbers)
    assert not stream.is_anyone_closed


@LAYERS
@pytest.mark.parametrize("config", [{"hosts": "by their URLs alone"}], ids=["defaults of redis-py"])
@pytest.mark.timeout(240)
async def test_connections_that_time_out_while_idle_cost_nothing(stream: Stream, report: Report) -> None:
    await stream.run(seconds=1, rate=RATE)
    await asyncio.sleep(amount(6, 120))  # redis-py gives up after 5 s
    await stream.run(seconds=1, rate=RATE)
    await stream.end()
    report(f"{stream.sent} broadcasts, counted as unsent and lost: {await stream.counted()}")
    for listener in stream.listeners:
        assert listener.numbers == list(stream.numbers)
    assert not stream.is_anyone_closed
