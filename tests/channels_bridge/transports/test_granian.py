"""granian sends no close frame while it is asked for a message, so that question is taken back."""

import time

import pytest

from tests.support.asgi import Server
from tests.support.transports import Servers


@pytest.fixture
async def server(servers: Servers):
    async with servers.get("granian").visit() as server:
        yield server


async def test_a_client_that_says_nothing_is_closed_at_once(server: Server) -> None:
    client = await server.connect("/control")
    await client.emit("close_later", {"seconds": 0.1})
    assert await client.closed() == (4001, "later")


async def test_a_client_whose_handler_runs_is_closed_meanwhile(server: Server) -> None:
    client = await server.connect("/control")
    began = time.monotonic()
    await client.emit("close_later", {"seconds": 3})  # by then its next messages are waited for already
    await client.emit("wait", {"seconds": 6})
    assert (await client.receive())["event"] == "begun"
    assert await client.closed() == (4001, "later")
    assert time.monotonic() - began < 6
