"""Two processes in one: nothing of the relay, the hub or a WebSocket is there once only."""

import contextlib

import pytest
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.communicator import InProcess
from tests.support.layers import BROKER
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
async def start():
    """Starts what is another process to others: a WebSocket with clients of its own, a hub and a relay."""
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(override_settings(CHANNEL_LAYERS=BROKER))

        async def start():
            ws, hub = WebSocket("/chat", add_to_handlers=False), Hub()
            hub.publisher = Relay(hub, Encoder())
            endpoint_of(ws).hub = hub
            return ws, await stack.enter_async_context(InProcess(ws.consumer.as_asgi()).visit())

        yield start


async def test_what_one_publishes_reaches_the_clients_of_both_once(start):
    (here, way_here), (there, way_there) = await start(), await start()
    mine, theirs = await way_here.connect("/chat"), await way_there.connect("/chat")
    assert len(here.handlers) == len(there.handlers) == 1
    await here.publish("news")
    await there.publish("answer")
    await here.publish("end")
    await there.publish("end")
    for client in (mine, theirs):
        heard = [(await client.receive())["event"] for _ in range(4)]
        assert sorted(heard) == ["answer", "end", "end", "news"]


async def test_projects_with_namespaces_of_their_own_share_a_layer_and_hear_nothing_of_each_other(start):
    production, staging = (override_settings(TORNADO_WEBSOCKETS={"NAMESPACE": name}) for name in ("live", "staging"))
    with production:
        (_, way), (here, _) = await start(), await start()
        client = await way.connect("/chat")
    with staging:
        there, _ = await start()
        await there.publish("tried")
    with production:
        await here.publish("real")
    assert (await client.receive())["event"] == "real"
