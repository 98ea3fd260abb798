"""The signals of connections and their events."""

import asyncio
import logging

import pytest

from tornado_websockets import signals
from tornado_websockets.core.watching import on_handled, on_refused
from tornado_websockets.exceptions import Refused
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket

SIGNALS = ["connected", "disconnected", "event_handled", "event_refused"]


@pytest.fixture
def ws():
    ws = WebSocket("/signals", add_to_handlers=False)

    @ws.on
    def say(data):
        return data

    @ws.on
    async def fail():
        raise RuntimeError

    @ws.on
    async def refuse():
        raise Refused("never")

    @ws.on
    async def count(data):
        for number in range(data["to"]):
            yield number
        if "for ever" in data:
            await asyncio.sleep(1000)

    return ws


@pytest.fixture
def heard(ws):
    """What the receivers of this WebSocket were called with."""
    heard = []

    def receive(signal, sender, **options):
        name = next(name for name in SIGNALS if getattr(signals, name) is signal)
        assert sender is ws
        heard.append((name, {key: value for key, value in options.items() if key != "socket"}))
        assert options["socket"].path == "/signals"

    for name in SIGNALS:
        getattr(signals, name).connect(receive, sender=ws)
    yield heard
    for name in SIGNALS:
        getattr(signals, name).disconnect(receive, sender=ws)


def durations(heard):
    """How long the handlers took, which is taken out."""
    return [options.pop("duration") for _, options in heard if "duration" in options]


async def test_tell_of_connections(ws, heard):
    async with Client("/signals", websocket=ws):
        assert heard == [("connected", {})]
    assert heard == [("connected", {}), ("disconnected", {})]


async def test_tell_of_events_that_were_handled(ws, heard):
    async with Client("/signals", websocket=ws) as client:
        await client.request("say", {"text": "hi"})
        assert 0 < durations(heard)[0] < 5
        assert heard[1:] == [("event_handled", {"event": "say", "outcome": "handled"})]


async def test_tell_of_generators_when_their_last_part_is_out(ws, heard):
    async with Client("/signals", websocket=ws) as client:
        assert [part async for part in client.stream("count", {"to": 2})] == [0, 1]
        parts = client.stream("count", {"to": 1, "for ever": True})
        await anext(parts)
        assert len(heard) == 2
        await parts.aclose()
        durations(heard)
        assert heard[1:] == [
            ("event_handled", {"event": "count", "outcome": "handled"}),
            ("event_handled", {"event": "count", "outcome": "cancelled"}),
        ]


@pytest.mark.parametrize(
    ("event", "outcome", "code"), [("fail", "failed", "handler_error"), ("refuse", "refused", "never")]
)
async def test_tell_of_those_that_were_not(ws, heard, event, outcome, code):
    async with Client("/signals", websocket=ws) as client:
        with pytest.raises(RequestRefused):
            await client.request(event)
        durations(heard)
        assert heard[1:] == [
            ("event_handled", {"event": event, "outcome": outcome}),
            ("event_refused", {"event": event, "code": code}),
        ]


@pytest.mark.parametrize(
    ("text", "event", "code"),
    [("{", None, "invalid_json"), ('{"event": "whisper"}', "whisper", "unknown_event")],
)
async def test_tell_of_what_never_got_to_a_handler(ws, heard, text, event, code):
    async with Client("/signals", websocket=ws) as client:
        await client.send_text(text)
        await client.receive("warning")
        assert heard[1:] == [("event_refused", {"event": event, "code": code})]


async def test_a_receiver_that_fails_is_nobody_elses_trouble(ws, caplog):
    def fail(**_):
        raise RuntimeError("of a receiver")

    signals.event_handled.connect(fail)
    try:
        async with Client("/signals", websocket=ws) as client:
            assert await client.request("say", {"text": "hi"}) == {"text": "hi"}
    finally:
        signals.event_handled.disconnect(fail)
    assert "of a receiver" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize("name", SIGNALS)
def test_receivers_are_not_async_since_nobody_would_await_them(name):
    async def receive(**_): ...

    with pytest.raises(TypeError, match="plain function"):
        getattr(signals, name).connect(receive)


def test_nobody_is_told_where_nobody_listens():
    def receive(**_): ...

    assert (on_handled, on_refused) == ([], [])
    for signal, tellers in ((signals.event_handled, on_handled), (signals.event_refused, on_refused)):
        signal.connect(receive)
        signal.connect(receive, sender=1)
        assert len(tellers) == 1
        signal.disconnect(receive)
        assert len(tellers) == 1
        signal.disconnect(receive, sender=1)
        assert tellers == []
