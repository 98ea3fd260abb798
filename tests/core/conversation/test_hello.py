import asyncio

import pytest
from django.test import override_settings

from tests.support.kept import Process, hello
from tests.support.waiting import until
from tornado_websockets.core.conversation import hello as hellos
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


@pytest.fixture
def interval(request, monkeypatch):
    monkeypatch.setattr(hellos, "INTERVAL", request.param)
    return request.param


#: So long that whoever waits for it runs into the time-out of the test; and so short that all may wait.
LONG = pytest.mark.parametrize("interval", [600.0], indirect=True)
SHORT = pytest.mark.parametrize("interval", [0.05], indirect=True)


def seconds():
    return asyncio.get_running_loop().time()


@SHORT
async def test_a_store_that_must_be_waited_for_is_asked_now_and_then_for_a_client(waiting, client, interval):
    started = seconds()
    await hello(client)
    at = (await hello(client))["at"]
    assert seconds() >= started + interval
    assert (await hello(client, at))["recovered"] is True
    assert seconds() >= started + 2 * interval


@LONG
async def test_is_asked_at_once_for_the_first_hello(waiting, client, interval):
    await hello(client)


async def test_what_else_the_client_says_meanwhile_is_handled(waiting, client):
    await hello(client)
    await client.send("tws.hello", {"since": None}, id=1)
    await client.send("said")
    await until(lambda: "reply" in client.events)
    assert client.events == ["tws.welcome", "heard", "tws.welcome", "reply"]


@LONG
async def test_one_in_memory_is_asked_at_once(client, interval):
    for _ in range(5):
        await hello(client)


@LONG
async def test_a_client_that_leaves_is_waited_for_no_longer(waiting, client, interval):
    await hello(client)
    await client.send("tws.hello", {"since": None})
    await client.leave()
