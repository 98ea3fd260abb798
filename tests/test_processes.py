"""Several processes on a real Redis: what one of them sends reaches the clients of all."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.support.cluster import Cluster, numbers, servers_on, two_of
from tests.support.process import run_python
from tests.support.redis import RedisServer
from tests.support.transports import Servers
from tornado_websockets.core.delivery.group_names import group_name


@pytest.fixture(scope="module")
def redis_servers(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_on(redis, database, tmp_path_factory.mktemp("processes")) as servers:
        yield servers


@pytest.fixture(params=["core", "pubsub"])
async def cluster(request: pytest.FixtureRequest, redis: RedisServer, redis_servers: Servers) -> AsyncIterator[Cluster]:
    """Two daphnes, on each layer of channels_redis."""
    async with two_of(redis_servers, request.param, redis) as cluster:
        yield cluster


async def test_broadcast_reaches_all_clients_of_both_processes_once(cluster: Cluster, key: str) -> None:
    here, there = await cluster.connect(f"/room/{key}", each=3)
    for number in range(10):
        await here[0].emit("say", {"n": number})
    for client in (*here, *there):
        assert await numbers(client, 10) == list(range(10))
    await there[0].emit("say", {"n": 10})
    for client in (*here, *there):
        assert await numbers(client, 1) == [10]


async def test_socket_broadcast_spares_the_sender_alone(cluster: Cluster, key: str) -> None:
    here, there = await cluster.connect(f"/room/{key}", each=2)
    await here[0].emit("tell_others", {"a": 1})
    for client in (here[1], *there):
        assert await client.expect("told") == {"a": 1}
    assert await here[0].settle() == []


async def test_room_is_one_room_in_all_processes(cluster: Cluster, key: str) -> None:
    _, there = await cluster.connect(f"/room/{key}")
    speakers, elsewhere = await cluster.connect(f"/room/{key}x")
    await speakers[0].emit("say", {"a": 1})
    await elsewhere[0].expect("said")
    await elsewhere[0].emit("say_next_door", {"room": key})
    assert await there[0].expect("said") == {"through": "the wall"}


@pytest.mark.parametrize("handler", ["mixed", "amixed", "amixed_awaited"])
async def test_200_mixed_emits_arrive_in_order_in_both_processes(cluster: Cluster, key: str, handler: str) -> None:
    here, there = await cluster.connect(f"/flood/{key}", each=2)
    await here[0].emit(handler)
    assert await numbers(here[0], 200) == list(range(200))
    for client in (here[1], *there):
        assert await numbers(client, 100) == list(range(1, 200, 2))


@pytest.mark.parametrize("handler", ["thousand", "athousand", "athousand_awaited"])
async def test_1000_emits_in_one_handler_arrive_in_order_in_both_processes(
    cluster: Cluster, key: str, handler: str
) -> None:
    here, there = await cluster.connect(f"/flood/{key}", each=2)
    await here[0].emit(handler)
    for client in (*here, *there):
        assert await numbers(client, 1_000) == list(range(1_000))


async def test_redis_is_asked_once_per_process_and_not_once_per_client(
    cluster: Cluster, redis: RedisServer, key: str
) -> None:
    few = await count_commands(cluster, redis, f"/room/{key}-few", 1)
    many = await count_commands(cluster, redis, f"/room/{key}-many", 25)
    assert many["publish"] == few["publish"]
    # Joining again, and waiting for the next message, go on all the time, more so where the machine is slow; of the
    # clients that were added there would be 48 * 20 commands or more.
    assert many.total() < few.total() + 100


async def count_commands(cluster: Cluster, redis: RedisServer, path: str, each: int) -> Counter[str]:
    """What 20 broadcasts cost, each sent when all clients have the one before."""
    here, there = await cluster.connect(path, each)
    before = Counter(redis.command_counts())
    for number in range(20):
        await here[0].emit("say", {"n": number})
        for client in (*here, *there):
            assert await numbers(client, 1) == [number]
    return Counter(redis.command_counts()) - before


SCRIPT = "import asyncio, django; django.setup(); from tests.project.websockets.sending import news; "

PROGRAMS = {
    "a script": ("-c", SCRIPT + "news.publish('published', {'from': 'a script'})"),
    "a command": (
        *("-m", "django", "shell", "-c"),
        "from tests.project.websockets.sending import news; news.publish('published', {'from': 'a command'})",
    ),
    "an async script": ("-c", SCRIPT + "asyncio.run(news.apublish('published', {'from': 'an async script'}))"),
    "a script that ends": (
        "-c",
        SCRIPT + "\nasync def main(): news.publish('published', {'from': 'a script that ends'})\nasyncio.run(main())",
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_program_that_serves_nobody_publishes_to_both_processes(cluster: Cluster, program: str) -> None:
    here, there = await cluster.connect("/news")
    await run_python(*PROGRAMS[program], **cluster.variables)
    for client in (*here, *there):
        assert await client.expect("published") == {"from": program}
        assert await client.settle() == []


MANY = """
import time, django; django.setup()
from tests.project.websockets.sending import news
for number in range(300): news.publish('n', {'n': number})
time.sleep(1)  # a layer that was full has room again
news.publish('n', {'n': 300})
"""


async def test_what_a_program_publishes_arrives_in_order_and_what_does_not_is_counted(cluster: Cluster) -> None:
    here, there = await cluster.connect("/news")
    await run_python("-c", MANY, **cluster.variables)
    for client, server in ((here[0], cluster.here), (there[0], cluster.there)):
        heard: list[int] = []
        while not heard or heard[-1] < 300:
            heard += await numbers(client, 1)
        counts = re.findall(r"^(\d+) messages of another process were lost", server.log.text, re.MULTILINE)
        assert heard == sorted(set(heard))
        assert len(heard) == 301 - sum(map(int, counts))


async def test_client_that_comes_just_as_the_last_one_leaves_hears_other_processes(cluster: Cluster, key: str) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path)
    leaving = here[0]
    for number in range(20):
        coming, _ = await asyncio.gather(cluster.here.connect(path), leaving.close())
        await there[0].emit("say", {"n": number})
        assert await numbers(coming, 1) == [number]
        leaving = coming


@pytest.mark.parametrize("page", ["/publish", "/apublish", "/publish-in-thread", "/create-user"])
async def test_page_of_one_process_publishes_to_both(cluster: Cluster, page: str) -> None:
    here, there = await cluster.connect("/news")
    await cluster.here.request(page)
    for client in (*here, *there):
        await client.expect("published")
        assert await client.settle() == []


async def test_page_publishes_to_both_after_its_commit_and_nothing_after_rollback(cluster: Cluster) -> None:
    here, there = await cluster.connect("/news")
    await cluster.here.request("/publish-and-roll-back")
    await cluster.here.request("/publish-in-transaction")
    for client in (*here, *there):
        assert [(await client.receive())["event"] for _ in range(2)] == ["now", "later"]


@pytest.fixture
async def layer(cluster: Cluster) -> AsyncIterator[RedisChannelLayer | RedisPubSubChannelLayer]:
    """The cluster's channel layer, for a program that knows nothing else."""
    url = cluster.variables["TEST_REDIS"]
    if cluster.variables["TEST_LAYER"] == "core":
        core = RedisChannelLayer(hosts=[{"address": url, "socket_timeout": None}])
        yield core
        await core.close_pools()
    else:
        pubsub = RedisPubSubChannelLayer(hosts=[url])
        yield pubsub
        await pubsub.flush()


async def test_another_program_sends_through_the_group(
    cluster: Cluster, key: str, layer: RedisChannelLayer | RedisPubSubChannelLayer
) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path, each=2)
    message = {"type": "websocket.event", "path": path, "event": "foreign", "data": {"a": "</script>"}}
    await layer.group_send(group_name(path), message)
    for client in (*here, *there):
        assert await client.expect("foreign") == {"a": "</script>"}
        assert await client.settle() == []
    assert r"<\/script>" in here[0].transcript[0]


async def test_message_that_was_lost_on_the_way_is_counted_and_logged(
    cluster: Cluster, key: str, layer: RedisChannelLayer | RedisPubSubChannelLayer
) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path)

    async def send(first: int, text: str) -> None:
        batch = {"sender": key, "path": path, "first": first, "texts": [text], "keys": [None]}
        await layer.group_send(group_name(path), {"type": "websocket.relay", **batch})

    await send(1, '{"event":"first","data":{}}')
    await send(4, '{"event":"fourth","data":{}}')
    for client, server in ((here[0], cluster.here), (there[0], cluster.there)):
        assert [(await client.receive())["event"] for _ in range(2)] == ["first", "fourth"]
        await server.log.wait_for(rf"2 messages of another process were lost on the way \(path {path!r}\)")


async def test_message_that_can_not_be_read_stops_nothing(
    cluster: Cluster, key: str, layer: RedisChannelLayer | RedisPubSubChannelLayer
) -> None:
    path = f"/room/{key}"
    here, there = await cluster.connect(path)
    await layer.group_send(group_name(path), {"type": "something.else"})
    await there[0].emit("say", {"a": 1})
    assert await here[0].expect("said") == {"a": 1}
    for server in (cluster.here, cluster.there):
        await server.log.wait_for("'something.else'")
