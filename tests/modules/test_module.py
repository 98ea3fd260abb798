"""``Module``: events of its own on somebody's WebSocket."""

import pytest

from tornado_websockets.exceptions import InvalidInstanceError, NotCallableError, WebSocketEventAlreadyBinded
from tornado_websockets.modules import Module
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket


@pytest.fixture
def ws() -> WebSocket:
    return WebSocket("/modules", add_to_handlers=False)


async def test_handler_answers_the_event_named_after_the_module(ws):
    module = Module("foo")
    ws.bind(module)

    @module.on
    async def ask():
        return "answer"

    async with Client("/modules", websocket=ws) as client:
        assert await client.request("module_foo_ask") == "answer"


async def test_handlers_registered_before_binding_count(ws):
    module = Module("foo")

    @module.on
    async def ask():
        return "answer"

    ws.bind(module)
    async with Client("/modules", websocket=ws) as client:
        assert await client.request("module_foo_ask") == "answer"


async def test_emit_carries_the_name_of_the_module(ws):
    module = Module("foo")
    ws.bind(module)

    @ws.on
    async def go():
        module.emit("news", {"a": 1})

    async with Client("/modules", websocket=ws) as client:
        await client.emit("go")
        assert await client.receive("module_foo_news") == {"a": 1}


async def test_open_and_close_are_called_after_those_of_the_websocket(ws):
    module = Module("foo")
    calls = []

    def note(text):
        async def call():
            calls.append(text)

        call.__name__ = text.split()[1]
        return call

    module.on(note("module open"))
    module.on(note("module close"))
    ws.bind(module)
    ws.on(note("websocket open"))
    ws.on(note("websocket close"))
    async with Client("/modules", websocket=ws):
        assert calls == ["websocket open", "module open"]
    assert calls[2:] == ["websocket close", "module close"]


@pytest.mark.parametrize("event", ["open", "close"])
async def test_client_can_not_call_open_or_close_of_a_module(ws, event):
    module = Module("foo")
    calls = []

    async def handler():
        calls.append(event)

    handler.__name__ = event
    module.on(handler)
    ws.bind(module)
    async with Client("/modules", websocket=ws) as client:
        before = list(calls)
        with pytest.raises(RequestRefused, match="reserved_event"):
            await client.request(f"module_foo_{event}")
        assert calls == before


def test_websocket_lists_its_modules(ws):
    first, second = Module("a"), Module("b")
    ws.bind(first)
    ws.bind(second)
    assert ws.modules == [first, second]


def test_bind_refuses_what_is_no_module(ws):
    with pytest.raises(InvalidInstanceError, match=r"modules\.Module"):
        ws.bind("module")  # type: ignore[arg-type]


def test_two_modules_of_one_name_are_refused(ws):
    first = Module("foo")
    ws.bind(first)
    with pytest.raises(WebSocketEventAlreadyBinded):
        ws.bind(Module("foo"))
    assert ws.modules == [first]


def test_two_handlers_of_one_name_are_refused(ws):
    module = Module("foo")
    ws.bind(module)

    def ask():
        """Anything."""

    module.on(ask)
    with pytest.raises(WebSocketEventAlreadyBinded) as caught:
        module.on(ask)
    assert caught.value.event == "module_foo_ask"


@pytest.mark.parametrize("is_the_same", [True, False])
def test_module_is_bound_once(ws, is_the_same):
    module = Module("foo")
    ws.bind(module)
    with pytest.raises(RuntimeError, match="already bound"):
        (ws if is_the_same else WebSocket("/other", add_to_handlers=False)).bind(module)


def test_emit_of_an_unbound_module_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"WebSocket\.bind"):
        Module("foo").emit("news")


def test_on_refuses_what_can_not_be_called():
    with pytest.raises(NotCallableError):
        Module("foo").on("handler")  # type: ignore[type-var]


@pytest.mark.parametrize("name", [None, 3])
def test_name_is_a_string(name):
    with pytest.raises(TypeError, match="name of the module"):
        Module(name)


class Hesitant(Module):
    """Its first binding fails half-way."""

    is_ready = False

    def initialize(self):
        @self.on
        async def ask():
            return "answer"

        if not self.is_ready:
            raise LookupError


async def test_that_could_not_be_bound_leaves_nothing_and_may_be_bound_again(ws):
    module = Hesitant("foo")
    with pytest.raises(LookupError):
        ws.bind(module)
    assert ws.events == {}
    module.is_ready = True
    ws.bind(module)
    async with Client("/modules", websocket=ws) as client:
        assert await client.request("module_foo_ask") == "answer"


def test_is_not_bound_where_its_events_have_handlers_already(ws):
    @ws.on_event("module_foo_ask")
    async def ask(): ...

    with pytest.raises(WebSocketEventAlreadyBinded, match="module_foo_ask"):
        ws.bind(Module("foo"))
    ws.bind(Module("bar"))


def test_may_have_a_name_with_which_another_s_begins(ws):
    other = Module("foo")

    @other.on
    async def ask(): ...

    ws.bind(other)
    ws.bind(Module(""))
