"""``publish`` from everywhere in one process, and what other programs send through the channel layer."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import Server
from tests.support.transports import Servers


@pytest.fixture(params=["no layer", "memory"])
async def layered(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """A server without a channel layer, and one with the layer that stays in its process."""
    variables = {} if request.param == "no layer" else {"TEST_LAYER": request.param}
    async with servers.get("daphne", **variables).visit() as server:
        yield server


@pytest.mark.parametrize(
    ("page", "source"),
    [
        ("/publish", "a sync view"),
        ("/apublish", "an async view"),
        ("/publish-in-async", "an async view, not awaited"),
        ("/publish-in-thread", "a thread of a view"),
        ("/create-user", "a signal"),
    ],
)
async def test_page_publishes(layered: Server, page: str, source: str) -> None:
    clients = [await layered.connect("/news") for _ in range(2)]
    await layered.request(page)
    for client in clients:
        assert await client.expect("published") == {"from": source}
        assert await client.settle() == []


@pytest.mark.parametrize(
    ("handler", "source"),
    [
        ("publish", "a handler"),
        ("publish_and_await", "an async handler"),
        ("publish_in_thread", "a thread"),
    ],
)
async def test_handler_publishes(layered: Server, handler: str, source: str) -> None:
    client, other = [await layered.connect("/news") for _ in range(2)]
    await client.emit(handler)
    expected = [{"event": "published", "data": {"from": source}}]
    assert await client.settle() == expected
    assert await other.settle() == expected


async def test_page_publishes_on_uvicorn(servers: Servers) -> None:
    async with servers.get("uvicorn").visit() as server:
        client = await server.connect("/news")
        await server.request("/publish")
        assert await client.expect("published") == {"from": "a sync view"}


async def test_publish_in_a_transaction_of_a_page_waits_for_its_commit(layered: Server) -> None:
    client = await layered.connect("/news")
    await layered.request("/publish-in-transaction")
    assert [frame["event"] for frame in await client.settle()] == ["now", "later"]


async def test_publish_in_a_transaction_of_a_page_sends_nothing_after_rollback(layered: Server) -> None:
    client = await layered.connect("/news")
    await layered.request("/publish-and-roll-back")
    assert await client.settle() == []


async def test_publish_in_a_transaction_of_a_handler_waits_for_its_commit(layered: Server) -> None:
    client = await layered.connect("/news")
    await client.emit("publish_in_transaction")
    assert [frame["event"] for frame in await client.settle()] == ["now", "later", "later still"]


async def test_publish_in_a_transaction_of_a_handler_sends_nothing_after_rollback(layered: Server) -> None:
    client = await layered.connect("/news")
    await client.emit("publish_and_roll_back")
    assert await client.settle() == []


async def test_program_that_knows_only_the_layer_sends_through_the_group(servers: Servers) -> None:
    async with servers.get("daphne", TEST_LAYER="memory").visit() as server:
        client, elsewhere = await server.connect("/news"), await server.connect("/elsewhere")
        await server.request("/group-send")
        assert await client.expect("foreign") == {"from": "a program"}
        assert await elsewhere.settle() == []


async def test_emit_reaches_everybody_once_with_the_layer_in_memory(servers: Servers) -> None:
    async with servers.get("daphne", TEST_LAYER="memory").visit() as server:
        clients = [await server.connect("/news") for _ in range(3)]
        await clients[0].emit("tell", {"a": 1})
        await clients[0].settle()
        await server.request("/group-send")  # goes the long way, so that it comes after whatever else does
        for client in clients:
            while (await client.receive())["event"] != "foreign":
                pass
            assert [json.loads(text)["event"] for text in client.transcript] == ["told", "foreign"]
