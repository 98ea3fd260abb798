"""``tws.ping``: whether the line and the process behind it are alive, asked in whatever state they are."""

import time

import pytest
from django.test import override_settings

from tests.support.asgi import Server
from tests.support.communicator import InProcess
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket

PONG = {"event": "tws.pong"}
BEGUN = {"event": "begun", "data": {}}

Anyhow = Server | InProcess


async def test_is_answered(anyhow: Anyhow) -> None:
    client = await anyhow.connect("/control")
    await client.emit("tws.ping")
    assert await client.receive() == PONG


async def test_is_answered_with_a_reply_where_one_is_asked_for(anyhow: Anyhow) -> None:
    client = await anyhow.connect("/control")
    await client.emit("tws.ping", id=7)
    assert await client.receive() == PONG
    assert await client.receive() == {"event": "reply", "id": 7, "data": {}}


@pytest.mark.parametrize("event", ["block", "wait"])
async def test_is_answered_within_two_seconds_while_a_handler_runs(anyhow: Anyhow, event: str) -> None:
    client = await anyhow.connect("/control")
    await client.emit(event, {"seconds": 2.5}, id=1)
    assert await client.receive() == BEGUN
    began = time.monotonic()
    await client.emit("tws.ping")
    assert await client.receive() == PONG
    assert time.monotonic() - began < 2
    assert (await client.receive())["id"] == 1


async def test_passes_what_waits_behind_the_handler(anyhow: Anyhow) -> None:
    client = await anyhow.connect("/control")
    await client.emit("wait", {"seconds": 2.5}, id=1)
    assert await client.receive() == BEGUN
    for number in range(2, 22):
        await client.emit("echo", {"n": number}, id=number)
    await client.emit("tws.ping")
    assert await client.receive() == PONG
    assert [(await client.receive())["id"] for _ in range(21)] == list(range(1, 22))


async def test_other_events_of_the_protocol_are_unknown(anyhow: Anyhow) -> None:
    client = await anyhow.connect("/control")
    await client.emit("tws.something", id=1)
    assert (await client.receive())["error"]["code"] == "unknown_event"


class TestCounting:
    @pytest.fixture
    def ws(self):
        ws = WebSocket("/counting", add_to_handlers=False)

        @ws.on
        def echo(data):
            return data

        return ws

    @override_settings(TORNADO_WEBSOCKETS={"MAX_MESSAGES_PER_SECOND": 1})
    async def test_pings_are_no_messages(self, ws):
        async with Client("/counting", websocket=ws) as client:
            for _ in range(50):
                await client.emit("tws.ping")
            assert await client.request("echo", {"n": 1}) == {"n": 1}
            for _ in range(50):
                await client.receive("tws.pong")

    @override_settings(TORNADO_WEBSOCKETS={"MAX_MESSAGES_PER_SECOND": 1})
    async def test_pings_above_a_hundred_a_second_are(self, ws):
        async with Client("/counting", websocket=ws) as client:
            for _ in range(120):
                await client.emit("tws.ping")
            assert (await client.receive("warning"))["code"] == "rate_limited"


def test_no_emit_may_use_its_names():
    ws = WebSocket("/names", add_to_handlers=False)
    with pytest.raises(ValueError, match=r"tws\."):
        ws.publish("tws.ping")
