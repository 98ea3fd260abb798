"""What has happened, in numbers."""

import re

import pytest
from django.test import RequestFactory

from tornado_websockets.core.counters import counters
from tornado_websockets.core.recovery.position import position_to_text
from tornado_websockets.core.watching import on_handled, on_refused
from tornado_websockets.exceptions import Refused
from tornado_websockets.metrics import prometheus, prometheus_all, snapshot
from tornado_websockets.metrics.meanings import MEANINGS
from tornado_websockets.metrics.measuring import measures
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket


@pytest.fixture(autouse=True)
def unmeasured():
    yield
    measures.stop()


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


async def test_numbers_are_kept_by_no_cache():
    request = RequestFactory().get("/metrics")
    for response in (prometheus(request), await prometheus_all(request)):
        assert "no-store" in response["Cache-Control"]


def test_every_number_has_its_meaning():
    assert set(MEANINGS) == set(snapshot())
    text = prometheus(RequestFactory().get("/metrics")).text
    for name, meaning in MEANINGS.items():
        assert re.search(rf"^# HELP tornado_websockets_{name}(_total)? {re.escape(meaning)}$", text, re.MULTILINE)


async def test_counts_who_missed_nothing_and_who_did():
    ws = WebSocket("/metrics/kept", add_to_handlers=False, history=10)
    before, position = snapshot(), await ws.aposition()
    async with Client("/metrics/kept", websocket=ws) as client:
        assert not await client.resume(None)  # knows nothing yet, and so has missed nothing
        assert await client.resume(position)
        assert differences(before)["recoveries"] == 1
        assert not await client.resume(position_to_text({"whom nobody knows": 1}))
    assert {name: count for name, count in differences(before).items() if "recover" in name} == {
        "recoveries": 1,
        "recoveries_failed": 1,
    }


@pytest.fixture
def ws():
    ws = WebSocket("/measured/<slug:room>", add_to_handlers=False)

    @ws.on
    async def work():
        pass

    @ws.on
    async def refuse():
        raise Refused("not-now")

    return ws


async def scrape():
    return (await prometheus_all(RequestFactory().get("/metrics"))).text


async def test_nothing_is_measured_before_somebody_asks(ws):
    async with Client("/measured/a", websocket=ws) as client:
        await client.request("work")
    assert (on_handled, on_refused) == ([], [])
    assert "/measured/" not in await scrape()


async def test_handlers_are_measured_and_refusals_counted_by_path(ws):
    await scrape()
    async with Client("/measured/a", websocket=ws) as client, Client("/measured/b", websocket=ws) as other:
        for each in (client, other):
            await each.request("work")
        with pytest.raises(RequestRefused):
            await client.request("refuse")
        await client.emit("unheard-of")
        await client.receive("warning")
    text, of_path = await scrape(), r"process=\"[^\"]+\",path=\"/measured/<slug:room>\""
    counts = re.findall(rf"handler_duration_seconds_bucket{{{of_path},le=\"([^\"]+)\"}} (\d+)", text)
    assert counts[-1] == ("+Inf", "3")
    assert [int(count) for _, count in counts] == sorted(int(count) for _, count in counts)
    assert re.search(rf"handler_duration_seconds_count{{{of_path}}} 3", text)
    codes = dict(re.findall(rf"refusals_total{{{of_path},code=\"([^\"]+)\"}} (\d+)", text))
    assert codes == {"not-now": "1", "unknown_event": "1"}


async def test_every_metric_is_explained_once(ws):
    lines = (await scrape()).splitlines()
    helps = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    kinds = dict(line.split()[2:] for line in lines if line.startswith("# TYPE "))
    assert len(helps) == len(set(helps))
    assert set(helps) == set(kinds)
    names = {re.match(r"[a-z_]+", line)[0] for line in lines if not line.startswith("#")}
    histogram = {"bucket", "sum", "count"}
    assert {re.sub(rf"_({'|'.join(histogram)})$", "", name) for name in names} <= set(kinds)
