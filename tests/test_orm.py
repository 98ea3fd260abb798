"""The database in handlers: it works, and its connections neither pile up nor go stale."""

import asyncio
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.waiting import until


@pytest.mark.parametrize("handler", ["create", "acreate"])
async def test_handler_writes_and_reads(server: Server, key: str, handler: str) -> None:
    client = await server.connect("/people")
    name = f"{server.kind}-{key}"
    assert await client.request(handler, {"name": name}) == {"name": name}


async def test_sync_handler_begins_without_the_connection_of_the_one_before(server: Server) -> None:
    client = await server.connect("/people")
    for _ in range(2):
        await client.request("count")
        assert await client.request("is_connected") is False


async def test_broken_connection_is_replaced_before_the_next_handler(server: Server) -> None:
    client = await server.connect("/people")
    assert await client.request("spoil") == "broken"
    assert isinstance(await client.request("count"), int)


async def test_broken_connection_of_the_async_orm_is_replaced_soon(server: Server) -> None:
    client = await server.connect("/people")
    assert await client.request("spoil_shared_thread") == "broken"

    async def is_replaced() -> bool:
        return bool(await client.request("acount_if_possible") != "broken")

    await until(is_replaced, 5, pause=0.1)


async def test_connections_do_not_pile_up_over_threads(server: Server) -> None:
    clients = [await server.connect(f"/shelf/{number}") for number in range(40)]
    await asyncio.gather(*(client.request("count") for client in clients))
    assert open_databases(server) <= 1  # that of the thread which the async ORM shares


def open_databases(server: Server) -> int:
    """How many descriptors of the database file the server holds."""
    links = [link.readlink() for link in Path(f"/proc/{server.pid}/fd").iterdir()]
    return sum(link.name.endswith("test.sqlite3") for link in links)
