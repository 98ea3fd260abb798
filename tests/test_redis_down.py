"""Redis goes down: clients of the same process lose nothing, and what the others lose is counted."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import Server
from tests.support.cluster import Cluster, numbers, two_of
from tests.support.process import free_port, run_python
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers


@pytest.mark.parametrize("before", ["", "from gevent import monkey; monkey.patch_all()\n"], ids=["", "gevent"])
@pytest.mark.parametrize("layer_name", ["core", "pubsub"])
async def test_publish_from_a_program_raises_where_the_layer_is_down(layer_name: str, before: str) -> None:
    output = await run_python(
        "-c",
        f"{before}import django; django.setup()\n"
        "from tests.project.websockets.sending import news\n"
        "from tornado_websockets.exceptions import PublishError\n"
        "try: news.publish('published')\n"
        "except PublishError as error: print(error.event, error.path)",
        TEST_LAYER=layer_name,
        TEST_REDIS=f"redis://127.0.0.1:{free_port()}/0",
    )
    assert output.splitlines()[-1] == "published /news"


@pytest.fixture(params=["core", "pubsub"])
async def layered(request: pytest.FixtureRequest, mortal_servers: Servers) -> AsyncIterator[Server]:
    """One daphne on that."""
    async with mortal_servers.get("daphne", TEST_LAYER=request.param).visit() as server:
        server.log.forgiven = "channels_redis"  # which reports that its connection broke
        yield server


@pytest.fixture(params=["core", "pubsub"])
async def mortal(
    request: pytest.FixtureRequest, mortal_redis: RedisServer, mortal_servers: Servers
) -> AsyncIterator[Cluster]:
    """Two daphnes on that."""
    async with two_of(mortal_servers, request.param, mortal_redis) as cluster:
        for server in (cluster.here, cluster.there):
            server.log.forgiven = "channels_redis"
        yield cluster


async def test_clients_of_the_sending_process_lose_nothing_while_the_layer_is_down(
    layered: Server, mortal_redis: RedisServer, key: str
) -> None:
    here = [await layered.connect(f"/room/{key}") for _ in range(2)]
    mortal_redis.kill()
    for number in range(50):
        await here[0].emit("say", {"n": number})
    for client in here:
        assert await numbers(client, 50) == list(range(50))


async def test_client_can_connect_while_the_layer_is_down(layered: Server, mortal_redis: RedisServer, key: str) -> None:
    mortal_redis.kill()
    here = [await layered.connect(f"/room/{key}") for _ in range(2)]
    await here[0].emit("say", {"a": 1})
    for client in here:
        assert await client.expect("said") == {"a": 1}


async def test_publish_of_a_serving_process_raises_while_the_layer_is_down_and_serves_its_own_clients(
    layered: Server, mortal_redis: RedisServer
) -> None:
    client = await layered.connect("/news")
    mortal_redis.kill()
    assert (await client.request("publish")).startswith("PublishError")
    assert await client.request("publish_and_await") == "PublishError"
    told = [json.loads(text)["data"] for text in client.transcript if "published" in text]
    assert told == [{"from": "a handler"}, {"from": "an async handler"}]


async def test_what_the_layer_did_not_take_is_counted_and_clients_hear_again_when_it_is_back(
    mortal: Cluster, mortal_redis: RedisServer, key: str
) -> None:
    here, there = await mortal.connect(f"/room/{key}")
    await here[0].emit("say", {"n": 0})
    assert await numbers(there[0], 1) == [0]
    mortal_redis.kill()
    for number in range(1, 6):
        await here[0].emit("say", {"n": number})
    await mortal.here.log.wait_for("The channel layer takes no messages")
    assert await numbers(here[0], 6) == list(range(6))
    mortal_redis.start()
    number = 5
    async with asyncio.timeout(20):
        while not (heard := await hears(there[0])):
            number += 1
            await here[0].emit("say", {"n": number})
            assert await numbers(here[0], 1) == [number]
    assert heard == [number]
    await mortal.here.log.wait_for(r"it took \d+ less than were sent")
    missed = (await mortal.there.log.wait_for(r"^(\d+) messages of another process were lost"))[1]
    assert int(missed) == number - 1


async def hears(client: SocketClient) -> list[int]:
    """What it counts, if something comes soon."""
    try:
        async with asyncio.timeout(0.5):
            return await numbers(client, 1)
    except TimeoutError:
        return []
