"""Redis answers nothing for a while, or is not there when clients come."""

import asyncio
import time
from collections.abc import Awaitable
from typing import NamedTuple

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount, within
from tests.endurance.stream import stream_over
from tests.support.cluster import Cluster, two_of
from tests.support.redis import RedisServer
from tests.support.transports import Servers

#: Broadcasts a second.
RATE = 100

#: Seconds without an answer. Longer than it takes to find out.
FROZEN = amount(3, 20)

#: The short form has each of them once.
LAYERS = ["core", "pubsub"]


class Waits(NamedTuple):
    """Seconds that things took while Redis was frozen.

    :ivar first: to find out that nothing can be published.
    :ivar later: to be told so again, at most.
    :ivar connecting: to connect.
    :ivar until: when Redis went on, by the clock.
    """

    first: float
    later: float
    connecting: float
    until: float

    def __str__(self) -> str:
        return (
            f"publish refused after {self.first:.2f} s, then after {self.later * 1000:.1f} ms; "
            f"handshake {self.connecting:.2f} s"
        )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("layer", LAYERS if IS_LONG else ["core"])
async def test_freeze_delays_no_emit_and_nobody_who_publishes_or_connects_for_long(
    layer: str, mortal_redis: RedisServer, mortal_servers: Servers, report: Report
) -> None:
    async with (
        two_of(mortal_servers, layer, mortal_redis) as cluster,
        stream_over(cluster, "frozen", each=3) as stream,
    ):
        running = asyncio.create_task(stream.run(seconds=FROZEN + 2, rate=RATE))
        await stream.remote[0].wait_for(20, within=10)
        waits = await freeze(mortal_redis, cluster)
        await running
        await stream.end()
        unsent, lost = await stream.counted()
        resumed = stream.silence_after(waits.until)
        report(
            f"slowest of {stream.sent} emits {stream.slowest * 1000:.1f} ms; {waits}; "
            f"remote back {resumed:.2f} s after Redis, missed {lost}, unsent {unsent}"
        )
        stream.check(lost)
        assert unsent > 0
        assert stream.slowest <= within(0.05)
        assert 1 <= waits.first <= within(2.1)
        assert waits.later <= within(0.05)
        assert waits.connecting <= within(2.1)
        assert resumed <= within(2)


@pytest.mark.parametrize("layer", LAYERS if IS_LONG else ["pubsub"])
async def test_clients_that_connect_without_redis_are_served_and_joined_when_it_is_there(
    layer: str, mortal_redis: RedisServer, mortal_servers: Servers, report: Report
) -> None:
    mortal_redis.kill()
    async with (
        two_of(mortal_servers, layer, mortal_redis) as cluster,
        stream_over(cluster, "absent", each=3) as stream,
    ):
        connecting = await timed(cluster.here.connect("/in-views"))
        await stream.run(seconds=0.5, rate=RATE)
        await asyncio.to_thread(mortal_redis.start)
        back = time.monotonic()
        await stream.run(seconds=2, rate=RATE)
        await stream.end()
        joined = stream.silence_after(back)
        report(f"handshake {connecting * 1000:.1f} ms; remote joined {joined:.2f} s after Redis was there")
        for listener in stream.local:
            assert listener.numbers == list(stream.numbers)
        assert not stream.is_anyone_closed
        assert connecting <= within(0.1)
        assert joined <= within(2)


async def freeze(redis: RedisServer, cluster: Cluster) -> Waits:
    """Freeze it for so long, and see what clients of the first server have to wait for meanwhile."""
    news = await cluster.here.connect("/news")
    redis.freeze()
    frozen = time.monotonic()
    first, connecting = await timed(news.request("publish")), await timed(cluster.here.connect("/in-views"))
    later = max([await timed(news.request("publish")) for _ in range(3)])
    await asyncio.sleep(FROZEN + frozen - time.monotonic())
    redis.thaw()
    return Waits(first, later, connecting, until=time.monotonic())


async def timed(waiting: Awaitable[object]) -> float:
    """Seconds that it takes."""
    started = time.monotonic()
    await waiting
    return time.monotonic() - started
