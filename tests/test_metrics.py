"""What has happened, in numbers."""

import re

from django.test import RequestFactory

from tornado_websockets.core.counters import counters
from tornado_websockets.metrics import prometheus, snapshot
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket


def differences(before):
    return {name: value - before[name] for name, value in snapshot().items() if value != before[name]}


async def test_counts_connections_messages_and_errors():
    ws = WebSocket("/metrics", add_to_handlers=False)

    @ws.on
    async def echo(socket, data):
        socket.emit("echo", data)

    @ws.on
    async def fail():
        raise LookupError

    before = snapshot()
    async with Client("/metrics", websocket=ws) as client:
        await client.emit("echo")
        await client.receive("echo")
        await client.emit("fail")
        await client.receive("warning")
        counted = differences(before)
        assert counted.pop("handler_seconds") > 0
        assert counted == {
            "connections": 1,
            "connections_opened": 1,
            "messages_in": 2,
            "messages_out": 2,
            "messages_refused": 1,
            "handler_errors": 1,
        }
    assert snapshot()["connections"] == before["connections"]


def test_snapshot_is_not_changed_by_what_happens_later():
    taken = snapshot()
    counters.messages_lost += 1
    assert snapshot()["messages_lost"] == taken["messages_lost"] + 1


def test_view_gives_every_number_in_prometheus_text_format():
    response = prometheus(RequestFactory().get("/metrics"))
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = dict(re.findall(r"^tornado_websockets_(\S+) (\S+)$", response.text, re.MULTILINE))
    assert {name.removesuffix("_total") for name in samples} == set(snapshot())
    assert "# TYPE tornado_websockets_connections gauge" in response.text
    assert "# TYPE tornado_websockets_messages_in_total counter" in response.text
