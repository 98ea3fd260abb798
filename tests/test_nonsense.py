"""Nonsense in the groups of the layer: it costs at most a line in the log, and the next message arrives at once."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.support.cluster import Cluster, servers_on, two_of
from tests.support.redis import RedisServer
from tests.support.transports import Servers
from tornado_websockets.core.delivery.group_names import group_name

Layer = RedisChannelLayer | RedisPubSubChannelLayer

#: Seconds within which a message arrives that has a hundred pieces of nonsense before it, on a machine that is busy. It
#: was half a second for each of them.
AT_ONCE = 5.0

#: What msgpack cannot read, or reads as no message.
UNREADABLE = [b"", b"\xc1", b"\xff" * 1000, b"\x81", b"\xa2\xff\xff", b"garbage", b"\x05", b"\x93\x01\x02\x03", b"\xc0"]

FRAME = '{"event":"nonsense","data":{}}'
RELAY = {"type": "websocket.relay", "sender": "x.1.0", "first": 1, "texts": [FRAME], "keys": [None]}

#: What is wrong in a message that is one otherwise.
WRONG: list[dict[str, Any]] = [
    *({**RELAY, "texts": [text]} for text in (5, None, b"bytes", "é", "hi", [FRAME], "x" * 9_000_000)),
    *({**RELAY, "texts": texts} for texts in (None, FRAME, {FRAME: FRAME}, [FRAME] * 2_000)),
    *({**RELAY, "keys": keys} for keys in (None, [], [1], [None, None])),
    *({**RELAY, "first": first} for first in (None, "1", -1, 2**63, 1.5)),
    *({**RELAY, "sender": sender} for sender in (None, 1, "", "x" * 1000)),
    *({**RELAY, "path": path} for path in (None, 1, ["/"], "/" * 2000)),
    *({"type": "websocket.event", "event": event} for event in (None, 1, ["nonsense"])),
    *({"type": "websocket.event", "event": "nonsense", "data": data} for data in (1, [1], {"a": b"bytes"})),
    *({"type": kind} for kind in (None, 1, ["websocket.relay"], "websocket.disconnect", "x" * 1000)),
]


@pytest.fixture(scope="module")
def redis_servers(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_on(redis, database, tmp_path_factory.mktemp("nonsense")) as servers:
        yield servers


@pytest.fixture(params=["core", "pubsub"])
async def cluster(request: pytest.FixtureRequest, redis: RedisServer, redis_servers: Servers) -> AsyncIterator[Cluster]:
    """Two daphnes, on each layer of channels_redis."""
    async with two_of(redis_servers, request.param, redis) as cluster:
        yield cluster


@pytest.fixture
async def layer(cluster: Cluster) -> AsyncIterator[Layer]:
    """The cluster's channel layer, for a program that means no good."""
    url = cluster.variables["TEST_REDIS"]
    if cluster.variables["TEST_LAYER"] == "core":
        core = RedisChannelLayer(hosts=[{"address": url, "socket_timeout": None}], capacity=1_000)
        yield core
        await core.close_pools()
    else:
        pubsub = RedisPubSubChannelLayer(hosts=[url])
        yield pubsub
        await pubsub.flush()


@pytest.fixture
def push(cluster: Cluster, redis: RedisServer) -> Iterator[Callable[[str, bytes], None]]:
    """Gives bytes to whoever is in a group, as no layer would."""
    with redis.client() as client:

        def push_to_channels(group: str, content: bytes) -> None:
            for channel in client.zrange(f"asgi:group:{group}", 0, -1):
                client.zadd(f"asgi{channel.partition('!')[0]}!", {content: time.time()})

        def push_to_subscribers(group: str, content: bytes) -> None:
            assert client.publish(f"asgi__group__{group}", content) == 2

        yield push_to_channels if cluster.variables["TEST_LAYER"] == "core" else push_to_subscribers


async def test_what_cannot_be_read_holds_up_nothing_and_is_logged_once(
    cluster: Cluster, key: str, push: Callable[[str, bytes], None]
) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path, each=2)
    for number in range(10):
        for content in UNREADABLE:
            push(group_name(path), content + bytes([number]) * (number and len(content) > 1))
    await hear_of_each_other(here, there)
    for server in (cluster.here, cluster.there):
        await server.log.wait_for("A message of the channel layer cannot be read")
        assert server.log.count("cannot be read") <= 2


async def test_what_is_wrong_in_a_message_reaches_nobody_and_closes_nobody(
    cluster: Cluster, key: str, layer: Layer
) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path, each=2)
    for message in WRONG:
        await layer.group_send(group_name(path), {"path": path, **message})
    await hear_of_each_other(here, there)
    for server in (cluster.here, cluster.there):
        await server.log.wait_for("A message of the channel layer is invalid")
        assert server.log.count("of the channel layer|of another program") < len(WRONG) / 2


async def test_numbers_that_nobody_can_believe_count_as_no_loss(cluster: Cluster, key: str, layer: Layer) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path)
    for first in (1, 2**53, 2, 10**15):
        await layer.group_send(group_name(path), {**RELAY, "path": path, "first": first})
    for client, server in ((here[0], cluster.here), (there[0], cluster.there)):
        for _ in range(4):
            assert await client.expect("nonsense") == {}
        await server.log.wait_for("do not follow those before")
        assert server.log.count("were lost on the way") == 0


async def hear_of_each_other(here: list[Any], there: list[Any]) -> None:
    """What clients of both servers say reaches all of them at once, and nothing else has."""
    for number, speaker in enumerate((here[0], there[0])):
        await speaker.emit("say", {"n": number})
        for client in (*here, *there):
            frame = await client.receive(within=AT_ONCE)
            assert frame == {"event": "said", "data": {"n": number}}
    for client in (*here, *there):
        assert await client.settle() == []
