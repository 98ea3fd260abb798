import asyncio

import pytest
from django.test import override_settings

from tests.support.kept import Process, hello
from tests.support.waiting import until
from tornado_websockets.core.conversation.hello import INTERVAL
from tornado_websockets.store.memory import MemoryStore


class Waiting(MemoryStore):
    """One that must be waited for."""

    waits = True


@pytest.fixture
async def client():
    process = Process(history=10, has_relay=False)

    @process.ws.on
    async def said(socket):
        socket.emit("heard")

    return await process.connect()


@pytest.fixture
def waiting():
    with override_settings(TORNADO_WEBSOCKETS={"STORE": f"{__name__}.Waiting"}):
        yield


def seconds():
    return asyncio.get_running_loop().time()


async def test_a_store_that_must_be_waited_for_is_asked_once_a_second_for_a_client(waiting, client):
    started = seconds()
    await hello(client)
    assert seconds() < started + INTERVAL
    at = (await hello(client))["at"]
    assert seconds() >= started + INTERVAL
    assert (await hello(client, at))["recovered"] is True
    assert seconds() >= started + 2 * INTERVAL


async def test_what_else_the_client_says_meanwhile_is_handled(waiting, client):
    await hello(client)
    await client.send("tws.hello", {"since": None}, id=1)
    await client.send("said")
    await until(lambda: "reply" in client.events)
    assert client.events == ["tws.welcome", "heard", "tws.welcome", "reply"]


async def test_one_in_memory_is_asked_at_once(client):
    started = seconds()
    for _ in range(5):
        await hello(client)
    assert seconds() < started + INTERVAL


async def test_a_client_that_leaves_is_waited_for_no_longer(waiting, client):
    await hello(client)
    started = seconds()
    await client.send("tws.hello", {"since": None})
    await client.leave()
    assert seconds() < started + INTERVAL / 2
