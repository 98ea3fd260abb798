"""Servers that import the application before they fork their workers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import Server
from tests.support.cluster import numbers
from tests.support.sockets import SocketClient
from tests.support.transports import Servers


@pytest.fixture
async def gunicorn(mortal_servers: Servers) -> AsyncIterator[Server]:
    """Two workers of a preloaded application, on the core layer."""
    with mortal_servers.fresh("gunicorn-preload", TEST_LAYER="core") as server:
        async with server.visit() as visit:
            yield visit


async def one_in_each_worker(server: Server, path: str) -> list[SocketClient]:
    """Clients of both workers; which of them takes a connection is the kernel's choice."""
    clients: dict[int, SocketClient] = {}
    async with asyncio.timeout(20):
        while len(clients) < 2:
            client = await server.connect(path)
            clients[await client.request("pid")] = client
    return list(clients.values())


async def test_workers_hear_each_other_completely(gunicorn: Server, key: str) -> None:
    here, there = await one_in_each_worker(gunicorn, f"/room/{key}")
    for number in range(50):
        await here.emit("say", {"n": number})
    assert await numbers(there, 50) == list(range(50))
