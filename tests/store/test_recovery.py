"""What processes make of each store, a real one."""

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from tests.support.kept import Process, hello
from tests.support.layers import BROKER
from tests.support.waiting import turns, until
from tornado_websockets.store import Retention
from tornado_websockets.store.database import DatabaseStore, IdleConnection
from tornado_websockets.store.guard import Guard


@pytest.fixture
def start(make, namespace):
    def start():
        retention = Retention(namespace=namespace)
        store = make(retention)
        idle = IdleConnection(store, 0.0) if isinstance(store, DatabaseStore) else None  # none is open at the end
        guard = Guard(store, idle, retention=retention)
        return Process(store=lambda: guard, history=10, retain=("track",))

    return start


async def test_processes_recover_and_mend_each_other(start, kind):
    with override_settings(CHANNEL_LAYERS=BROKER):
        layer = get_channel_layer()
        here = start()
        there = here if kind == "memory" else start()
        stays, leaves = await here.connect(), await there.connect()
        since = (await hello(leaves))["at"]
        await leaves.leave()
        await here.ws.publish("said", {"n": 1})
        await there.ws.publish("said", {"n": 2})
        await until(lambda: len(stays.received) == 2)
        groups, sent = layer.groups, len(layer.texts)
        layer.groups = {}
        await there.ws.publish("track", {"n": 3})
        await until(lambda: len(layer.texts) > sent)
        await turns()
        layer.groups = groups
        await until(lambda: [frame["data"]["n"] for frame in stays.received] == [1, 2, 3])
        back = await there.connect()
        assert back.received == [{"event": "track", "data": {"n": 3}}]
        welcome = await hello(back, since)
        assert welcome["recovered"] is True
        assert sorted(event["data"]["n"] for event in welcome["events"]) == [1, 2, 3]
        await there.ws.aforget(None)
        assert (await hello(back, since))["recovered"] is False
        for client in (stays, back):
            await client.leave()
