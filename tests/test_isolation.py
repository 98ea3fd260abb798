"""A slow sync handler, or a slow query of an async one, delays nobody else."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient
from tests.support.log import DEADLINE

#: Seconds that anything else may take meanwhile.
LIMIT = 0.25 * (4 if os.environ.get("CI") else 1)  # other work may go on where CI runs


@asynccontextmanager
async def sleeping(server: Server, event: str) -> AsyncIterator[AnyClient]:
    """A client of a WebSocket whose handler sleeps for 3 seconds, or until we have seen enough."""
    client = await server.connect("/sleeper")
    await client.emit(event, {"seconds": 3})
    await client.expect("asleep")
    try:
        yield client
    finally:
        helper = await server.connect("/sleeper")
        assert await helper.request("wake") is True
    while (await client.receive())["event"] != "awake":
        pass


@pytest.fixture
async def sleeper(server: Server) -> AsyncIterator[AnyClient]:
    """One whose sync handler does."""
    async with sleeping(server, "sleep") as client:
        yield client


async def seconds(action: Awaitable[object]) -> float:
    """How long it took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.timeout(DEADLINE):
        await action
    return loop.time() - start


async def echoed(client: AnyClient, event: str) -> None:
    await client.emit(event, {"a": 1})
    assert await client.expect("echo") == {"a": 1}


async def heard(speaker: AnyClient, event: str, *listeners: tuple[AnyClient, str]) -> None:
    await speaker.emit(event, {"a": 1})
    for listener, expected in listeners:
        assert await listener.expect(expected) == {"a": 1}


async def test_sync_handler_of_another_websocket_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    client = await server.connect("/wakeful")
    assert await seconds(echoed(client, "echo")) < LIMIT


async def test_async_handler_of_another_websocket_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    client = await server.connect("/wakeful")
    assert await seconds(echoed(client, "aecho")) < LIMIT


async def test_async_handler_of_the_same_websocket_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    client = await server.connect("/sleeper")
    assert await seconds(echoed(client, "aecho")) < LIMIT


@pytest.mark.parametrize("path", ["/wakeful", "/sleeper"])
async def test_new_connection_is_not_delayed(server: Server, sleeper: AnyClient, path: str) -> None:
    assert await seconds(server.connect(path)) < LIMIT


async def test_neither_handshakes_nor_queries_wait_for_the_query_of_an_async_handler(server: Server) -> None:
    session = {"Cookie": f"sessionid={'a' * 32}"}
    client = await server.connect("/people", session)
    async with sleeping(server, "query"):
        assert await seconds(server.connect("/people", session)) < LIMIT
        assert await seconds(client.request("acount_if_possible")) < LIMIT


async def test_broadcast_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    clients = [await server.connect("/wakeful") for _ in range(3)]
    heard_by_all = heard(clients[0], "tell_all", *((client, "told") for client in clients))
    assert await seconds(heard_by_all) < LIMIT


async def test_broadcast_to_the_sleepers_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    client, other = await server.connect("/wakeful"), await server.connect("/sleeper")
    assert await seconds(heard(client, "tell_sleepers", (sleeper, "news"), (other, "news"))) < LIMIT


async def test_page_is_not_delayed(server: Server, sleeper: AnyClient) -> None:
    await server.request("/publish")  # the first one loads what pages need
    assert await seconds(server.request("/publish")) < LIMIT


async def test_client_leaving_is_not_delayed(server: Server, sleeper: AnyClient, key: str) -> None:
    client = await server.connect(f"/life/{key}")
    await client.settle()
    await client.close()
    assert await seconds(server.log.wait_for_notes(key, 2)) < LIMIT
