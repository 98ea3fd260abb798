"""Registration for events of any name: which names, which functions, which rules."""

import pytest

from tornado_websockets.exceptions import NotCallableError, WebSocketEventAlreadyBinded
from tornado_websockets.modules import Module
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket


@pytest.fixture
def ws() -> WebSocket:
    return WebSocket("/on-event", add_to_handlers=False)


@pytest.fixture(params=["WebSocket", "Module"])
def on_event(request, ws):
    module = Module("part")
    ws.bind(module)
    return ws.on_event if request.param == "WebSocket" else module.on_event


def test_returns_the_function_unchanged(on_event):
    def say(data): ...

    assert on_event("say")(say) is say


@pytest.mark.parametrize("event", ["", "x" * 129, "open", "close", "tws.ping", "tws."])
def test_refuses_some_names(on_event, event):
    with pytest.raises(ValueError, match=r"event|connection itself"):
        on_event(event)


@pytest.mark.parametrize("event", [None, 1, print])
def test_refuses_what_is_no_name(on_event, event):
    with pytest.raises(TypeError, match="Expected the name of an event as a str"):
        on_event(event)


def test_refuses_the_names_of_bound_modules(ws):
    ws.bind(Module("part"))
    for event in ("module_part", "module_part_x"):
        with pytest.raises(ValueError, match=r"use module\.on_event"):
            ws.on_event(event)
    ws.on_event("module_partly")(lambda: 1)


def test_takes_the_names_of_a_module_that_could_not_be_bound(ws):
    class Broken(Module):
        def initialize(self):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        ws.bind(Broken("part"))
    ws.on_event("module_part_x")(lambda: 1)
    assert "module_part_x" in ws.events


def test_refuses_what_cannot_be_called(on_event):
    with pytest.raises(NotCallableError):
        on_event("say")("no function")


def test_refuses_a_second_handler(ws):
    ws.on_event("*")(lambda: 1)
    with pytest.raises(WebSocketEventAlreadyBinded):
        ws.on_event("*")(lambda: 2)


def test_leaves_on_as_it_was(ws):
    with pytest.raises(NotCallableError):
        ws.on("say")


def test_needs_no_name_of_the_function(ws):
    ws.on_event("say")(lambda: 1)
    assert list(ws.events) == ["say"]


@pytest.mark.parametrize("rate", ["10", "0/s", "ten/s", "10/d", "-1/s", "1.5/s", "10/s ", "10 / s", ""])
def test_refuses_what_is_no_rate(on_event, ws, rate):
    with pytest.raises(ValueError, match="Expected a rate such as '10/s', '5/m' or '100/h'"):
        on_event("say", rate=rate)(lambda: 1)


def test_refuses_a_rate_that_is_no_text(ws):
    with pytest.raises(TypeError, match="Expected a rate such as"):
        ws.on_event("say", rate=10)(lambda: 1)


@pytest.mark.parametrize("rate", ["10/s", "5/m", "100/h"])
def test_takes_rates(on_event, rate):
    on_event("say", rate=rate)(lambda: 1)


def test_refuses_an_allow_that_cannot_be_called(ws):
    with pytest.raises(NotCallableError):
        ws.on_event("say", allow=True)(lambda: 1)


def test_refuses_an_allow_that_takes_what_nothing_can_fill(ws):
    with pytest.raises(TypeError, match="Nothing can fill the parameter 'user'"):
        ws.on_event("say", allow=lambda user: True)(lambda: 1)


async def test_event_is_given_where_it_is_named_and_not_to_the_rest(ws):
    @ws.on
    async def named(event):
        return event

    @ws.on
    async def rest(**rest):
        return sorted(rest)

    async with Client("/on-event", websocket=ws) as client:
        assert await client.request("named") == "named"
        assert await client.request("rest") == ["data", "socket"]


async def test_rate_comes_before_allow(ws):
    asked = []

    @ws.on_event("say", rate="1/h", allow=lambda: asked.append(1) or True)
    async def say(): ...

    async with Client("/on-event", websocket=ws) as client:
        await client.request("say")
        with pytest.raises(RequestRefused, match="rate_limited"):
            await client.request("say")
    assert asked == [1]
