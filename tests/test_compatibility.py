"""What applications of 2016 rely on, over each transport; most other rows need none, and are below."""

import json

import pytest
from django.utils.translation import gettext_lazy

from tests.support.asgi import Server
from tests.support.communicator import InProcess
from tests.tornado.application import serving
from tornado_websockets.core.handlers.signatures import Handler
from tornado_websockets.exceptions import (
    EmitHandlerError,
    InvalidInstanceError,
    NotCallableError,
    PublishError,
    WebSocketEventAlreadyBinded,
)
from tornado_websockets.modules import Module, ProgressBar
from tornado_websockets.modules.progress_bar import ProgressBar as FirstProgressBar
from tornado_websockets.testing import Client
from tornado_websockets.tornado_bridge.routing import Entry
from tornado_websockets.websocket import WebSocket, endpoint_of

Anyhow = Server | InProcess


class TestSocket:
    async def test_keeps_what_is_set_on_it(self, anyhow: Anyhow) -> None:
        client = await anyhow.connect("/habits")
        await client.request("remember", {"name": "Ada"})
        assert await client.request("recall") == {"nickname": "Ada", "user": "Ada"}

    async def test_knows_its_websocket(self, anyhow: Anyhow) -> None:
        client = await anyhow.connect("/habits")
        assert await client.request("ask_of_itself") == {"is_it": True, "path": "/habits"}

    async def test_keeps_it_until_close(self, anyhow: Anyhow, key: str) -> None:
        client, other = await anyhow.connect(f"/habits/{key}"), await anyhow.connect(f"/habits/{key}")
        await client.request("introduce", {"name": "Ada"})
        await client.close()
        assert await other.expect("left") == {"message": "Ada"}


class TestDecoratedHandlers:
    async def test_get_what_the_wrapper_takes(self, anyhow: Anyhow) -> None:
        client = await anyhow.connect("/habits")
        await client.emit("decorated", {"b": 1, "a": 2}, id=1)
        assert await client.expect("logged") == {"keys": ["a", "b"]}
        assert await client.receive() == {"event": "reply", "id": 1, "data": {"b": 1, "a": 2}}

    async def test_get_what_is_wrapped_takes_where_the_wrapper_only_hands_on(self, anyhow: Anyhow) -> None:
        client = await anyhow.connect("/habits")
        assert await client.request("passed", {"a": 1}) == {"path": "/habits", "a": 1}


class TestEmittingFromWhatAHandlerStarted:
    @pytest.mark.parametrize("start", ["thread", "timer", "late thread", "pool", "a pool of its own"])
    async def test_reaches_the_others(self, anyhow: Anyhow, start: str) -> None:
        client, other = await anyhow.connect("/habits"), await anyhow.connect("/habits")
        await client.emit("emit_from", {"start": start})
        assert await other.expect("said") == {"message": start}

    @pytest.mark.parametrize("event", ["emit_from_executor", "emit_from_executor_of_tornado", "emit_from_callback"])
    async def test_reaches_them_from_the_event_loop_too(self, anyhow: Anyhow, event: str) -> None:
        client, other = await anyhow.connect("/habits"), await anyhow.connect("/habits")
        await client.emit(event)
        assert (await other.expect("said"))["message"] in event

    async def test_reaches_the_room_on_paths_with_parameters(self, anyhow: Anyhow, key: str) -> None:
        client, other = await anyhow.connect(f"/habits/{key}"), await anyhow.connect(f"/habits/{key}")
        for start in ("thread", "timer", "late thread", "pool"):
            await client.emit("emit_from_room", {"start": start})
            assert await other.expect("said") == {"message": start}


def one():
    """Handle something."""


def two():
    """Handle something else."""


class TestEvents:
    @pytest.fixture
    def ws(self):
        return WebSocket("/events", add_to_handlers=False)

    def test_are_a_dict(self, ws):
        assert isinstance(ws.events, dict)

    async def test_are_registered_by_assignment(self, ws):
        ws.events["a-b"] = lambda data: {"got": data}
        ws.events.update({"c d": lambda: {"c": "d"}})
        assert ws.events.setdefault("e", test_no_path_is_the_root) is test_no_path_is_the_root
        async with Client("/events", websocket=ws) as client:
            assert await client.request("a-b", {"x": 1}) == {"got": {"x": 1}}
            assert await client.request("c d") == {"c": "d"}

    async def test_open_can_be_assigned(self, ws):
        ws.events["open"] = lambda socket: socket.emit("hello") and None
        async with Client("/events", websocket=ws) as client:
            await client.receive("hello")

    async def test_an_assignment_takes_the_place_of_the_one_before(self, ws):
        ws.events["x"] = lambda: {"is": "old"}
        ws.events["x"] = lambda: {"is": "new"}
        async with Client("/events", websocket=ws) as client:
            assert await client.request("x") == {"is": "new"}

    @pytest.mark.parametrize("take", [dict.__delitem__, dict.pop], ids=["del", "pop"])
    async def test_can_be_taken_away(self, ws, take):
        @ws.on
        def x():
            """Anything."""

        getattr(ws.events, take.__name__)("x")
        assert "x" not in ws.events
        assert endpoint_of(ws).dispatcher.find("x") is None

    @pytest.mark.parametrize(
        "change",
        [
            lambda events: events.popitem(),
            lambda events: events.pop("x"),
            lambda events: events.pop("x", None),
            lambda events: events.pop("x", None, None),
            lambda events: events.__delitem__("x"),
            lambda events: events.clear(),
            lambda events: events.update({}, {}),
            lambda events: events.update(None),
            lambda events: events.update(self=one, others=two),
            lambda events: events.update([("x", one)], y=two),
            lambda events: events.setdefault("x", one) and events.setdefault("x") and events.setdefault("x", two),
            lambda events: events.__ior__([("x", one)]),
            lambda events: (events.update(x=one, y=two), events.popitem(), events.copy(), events | {"z": one}),
        ],
        ids=range(13),
    )
    def test_change_as_a_dict_does(self, ws, change):
        def outcome(events):
            try:
                return change(events)
            except Exception as error:
                return type(error)

        plain = {}
        assert outcome(ws.events) == outcome(plain)
        assert ws.events == plain
        assert [event for event, _ in endpoint_of(ws).dispatcher.items()] == list(plain)

    def test_can_be_joined_with_others_in_place(self, ws):
        events = ws.events
        ws.events |= {"x": one}
        assert ws.events is events
        assert endpoint_of(ws).dispatcher.find("x").callback is one

    def test_can_be_replaced(self, ws):
        ws.events["x"] = one
        ws.events = {"y": two}
        assert ws.events == {"y": two}
        assert endpoint_of(ws).dispatcher.find("x") is None

    @pytest.mark.parametrize("events", [{"y": two, "x": 5}, {"y": two, "tws.x": one}, None, 5], ids=range(4))
    def test_are_replaced_as_a_whole_or_not_at_all(self, ws, events):
        ws.events.update(z=two, x=one)
        with pytest.raises((NotCallableError, ValueError, TypeError)):
            ws.events = events
        assert list(ws.events.items()) == [("z", two), ("x", one)]
        assert [event for event, _ in endpoint_of(ws).dispatcher.items()] == ["z", "x"]

    @pytest.mark.parametrize(
        "change",
        [
            lambda ws: setattr(ws, "events", {**ws.events, "say": two}),
            lambda ws: setattr(ws, "events", {"wipe": two}),
            lambda ws: ws.events.update(ws.events.copy()),
            lambda ws: ws.events.update(wipe=two),
        ],
        ids=["assigned with others", "assigned", "the same again", "another"],
    )
    def test_that_stay_keep_their_rules(self, ws, change):
        ws.on_event("wipe", allow=lambda socket: False, rate="1/s")(one)
        rules = endpoint_of(ws).dispatcher.find("wipe").rules
        change(ws)
        assert endpoint_of(ws).dispatcher.find("wipe").rules == rules
        assert ws.events["wipe"] in {one, two}

    def test_of_a_module_stay_as_they_are(self, ws):
        bar = ProgressBar("bar", cancel=lambda socket: False)
        ws.bind(bar)
        before = endpoint_of(ws).dispatcher.items()
        ws.events = ws.events | {"say": two}
        assert endpoint_of(ws).dispatcher.items()[:-1] == before

    def test_taken_out_have_no_rules_afterwards(self, ws):
        ws.on_event("wipe", allow=lambda socket: False)(one)
        del ws.events["wipe"]
        ws.events["wipe"] = one
        assert type(endpoint_of(ws).dispatcher.find("wipe")) is Handler

    def test_may_be_given_as_pairs(self, ws):
        ws.events = iter([("x", one), ("y", two)])
        assert ws.events == {"x": one, "y": two}

    def test_copies_are_plain_dicts(self, ws):
        ws.events.copy()["x"] = one
        assert type(ws.events.copy()) is type(ws.events | {"x": one}) is dict
        assert ws.events == {}

    def test_what_is_no_function_is_refused(self, ws):
        with pytest.raises(NotCallableError):
            ws.events["x"] = "y"
        assert ws.events == {}

    def test_a_second_decorator_of_the_name_is_refused_still(self, ws):
        ws.events["x"] = lambda: None

        def x():
            """Anything."""

        with pytest.raises(WebSocketEventAlreadyBinded):
            ws.on(x)


class TestHandlers:
    async def test_are_a_list(self):
        ws = WebSocket("/list", add_to_handlers=False)
        async with Client("/list", websocket=ws) as first, Client("/list", websocket=ws) as second:
            connections = [first.connection, second.connection]
            handlers = ws.handlers
            assert isinstance(handlers, list)
            assert handlers == connections
            assert handlers.copy() == connections
            assert handlers + [1] == [*connections, 1]  # noqa: RUF005 what is tested
            assert [1] + handlers == [1, *connections]  # noqa: RUF005
            assert list(reversed(handlers)) == connections[::-1]
            assert json.dumps(handlers, default=lambda socket: socket.id) == json.dumps([c.id for c in connections])

    async def test_stay_sorted(self):
        ws = WebSocket("/sorted", add_to_handlers=False)
        async with Client("/sorted", websocket=ws) as first, Client("/sorted", websocket=ws) as second:
            ws.handlers.sort(key=lambda socket: socket is first.connection)
            assert ws.handlers == [second.connection, first.connection]


@pytest.mark.parametrize("data", ["", [], None])
async def test_nothing_is_sent_as_an_empty_object(data):
    ws = WebSocket("/nothing", add_to_handlers=False)

    @ws.on
    def ask():
        ws.emit("x", data)

    module = Module("m")
    ws.bind(module)

    @ws.on
    def ask_module():
        module.emit("x", data)

    async with Client("/nothing", websocket=ws) as client:
        await client.emit("ask")
        assert await client.receive("x") == {}
        await client.emit("ask_module")
        assert await client.receive("module_m_x") == {}


@pytest.mark.parametrize("data", ["", [], None, gettext_lazy("")])
async def test_nothing_is_broadcast_as_to_all_but_one(data):
    ws = WebSocket("/nothing", add_to_handlers=False)

    @ws.on
    def ask(socket):
        socket.broadcast("x", data)
        ws.to(exclude=socket).emit("y", data)

    async with Client("/nothing", websocket=ws) as client, Client("/nothing", websocket=ws) as other:
        await client.emit("ask")
        assert await other.receive("x") == {}
        assert await other.receive("y") == {}


async def test_to_one_client_a_string_is_sent_as_such_and_a_list_never():
    ws = WebSocket("/nothing", add_to_handlers=False)

    @ws.on
    def ask(socket):
        with pytest.raises(TypeError, match="as a dict or a str, got \\[\\]"):
            socket.emit("x", [])
        socket.emit("x", "")

    async with Client("/nothing", websocket=ws) as client:
        await client.emit("ask")
        assert await client.receive("x") == {"message": ""}


@pytest.mark.parametrize(
    ("error", "args"),
    [
        (EmitHandlerError("e", "/p"), ("e", "/p")),
        (PublishError("e", "/p"), ("e", "/p")),
        (WebSocketEventAlreadyBinded("e", "/p"), ("e", "/p")),
        (NotCallableError(1), (1,)),
        (InvalidInstanceError(1, "a.B"), (1, "a.B")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_args_of_an_error_are_what_it_was_made_of(error, args):
    assert error.args == args
    assert str(error) not in (str(args), "")


def test_no_path_is_the_root():
    assert WebSocket("", add_to_handlers=False).path == "/"


async def test_the_root_is_served_on_both_transports():
    ws = WebSocket("", add_to_handlers=False)

    @ws.on
    def ask():
        return {"path": ws.path}

    assert ws.route.resolve("ws/") is not None
    async with serving(Entry.of(ws)) as served:
        client = await served.connect("/ws/")
        assert await client.request("ask") == {"path": "/"}


class TestModules:
    def test_have_their_whole_name(self):
        assert Module("foo").name == "module_foo"

    def test_may_have_no_name(self):
        assert Module().event_name("x") == "module_x"

    def test_are_bound_to_nothing_at_first(self):
        assert Module("foo")._websocket is None

    async def test_are_initialised_when_everything_works(self):
        class Counter(Module):
            def __init__(self, name, start):
                super().__init__(name)
                self.start = start

            def initialize(self):
                self.seen = (self._websocket, self.websocket, self.context, self.start)

                @self.on
                def ask():
                    self.emit("answer", {"start": self.start})

        ws = WebSocket("/module", add_to_handlers=False)
        ws.context = "the context"
        counter = Counter("foo", 7)
        ws.bind(counter)
        assert counter.seen == (ws, ws, "the context", 7)
        async with Client("/module", websocket=ws) as client:
            await client.emit("module_foo_ask")
            assert await client.receive("module_foo_answer") == {"start": 7}

    def test_set_the_context_of_the_websocket(self):
        ws, module = WebSocket("/module", add_to_handlers=False), Module("foo")
        ws.bind(module)
        module.context = "new"
        assert ws.context == "new"

    async def test_take_handlers_before_they_are_bound(self):
        ws, module = WebSocket("/module", add_to_handlers=False), Module("foo")

        @module.on
        def ask():
            return {"an": "answer"}

        ws.bind(module)
        async with Client("/module", websocket=ws) as client:
            assert await client.request("module_foo_ask") == {"an": "answer"}


async def frames(client, count):
    return [await client.receive_any() for _ in range(count)]


UPDATE = [("before_update", {}), ("update", {"current": 5, "label": "l"}), ("after_update", {})]


def named(prefix, events):
    return [(prefix + event, data) for event, data in events]


class TestProgressBar:
    @pytest.fixture
    def ws(self):
        return WebSocket("/bar", add_to_handlers=False)

    @pytest.mark.parametrize("args", [(), ("",)])
    def test_may_have_no_name(self, args):
        bar = ProgressBar(*args)
        assert bar.name == "module_progressbar"
        assert bar.event_name("init") == "module_progressbar_init"

    async def test_emits_by_hand(self, ws):
        bar = ProgressBar("foo")
        ws.bind(bar)
        prefix = "module_progressbar_foo_"
        async with Client("/bar", websocket=ws) as client:
            introduction = await frames(client, 3)
            bar.current = 5
            bar.emit_update("l")
            assert await frames(client, 3) == named(prefix, UPDATE)
            bar.emit_done()
            assert await frames(client, 1) == [(prefix + "done", {})]
            bar.current = 0
            bar.emit_init()
            assert await frames(client, 3) == introduction

    async def test_emits_by_hand_to_every_client(self, ws):
        bar = ProgressBar("foo")
        ws.bind(bar)
        async with Client("/bar", websocket=ws) as first, Client("/bar", websocket=ws) as second:
            for client in (first, second):
                await frames(client, 3)
            for emit, count in ((bar.emit_init, 3), (bar.emit_update, 3), (bar.emit_done, 1)):
                emit()
                assert await frames(first, count) == await frames(second, count)

    async def test_ticks_and_opens_by_what_may_be_overridden(self, ws):
        class Loud(ProgressBar):
            def emit_init(self):
                self._tell("hello")

            def emit_update(self, label=None):
                self._tell("step", {"at": self.current, "label": label})

            def emit_done(self):
                self._tell("over")

        bar = Loud("foo", max=1)
        ws.bind(bar)
        async with Client("/bar", websocket=ws) as client:
            bar.tick("one")
            prefix = "module_progressbar_foo_"
            expected = [("hello", {}), ("step", {"at": 1, "label": "one"}), ("over", {})]
            assert await frames(client, 3) == named(prefix, expected)

    async def test_the_last_bound_of_two_introduces_itself_once(self, ws):
        for position in (1, 2):
            bar = ProgressBar("foo")
            bar.current = position
            ws.bind(bar)
        async with Client("/bar", websocket=ws) as client:
            assert (await client.receive("module_progressbar_foo_init"))["current"] == 2
            await client.receive("module_progressbar_foo_after_init")
            await client.assert_nothing("module_progressbar_foo_init")

    async def test_a_handler_open_takes_the_place_of_the_introduction(self, ws):
        bar = ProgressBar("foo")

        @bar.on
        def open(socket):  # noqa: A001 the name of the event
            socket.emit("mine")

        ws.bind(bar)
        async with Client("/bar", websocket=ws) as client:
            assert await client.receive_any() == ("mine", {})
            await client.assert_nothing()

    def test_attributes_are_plain(self):
        bar = ProgressBar("foo")
        bar.current = 150
        bar.max = 500
        assert (bar.current, bar.max) == (150, 500)

    async def test_indeterminate_ones_tell_no_position(self, ws):
        bar = ProgressBar("foo", indeterminate=True)
        ws.bind(bar)
        async with Client("/bar", websocket=ws) as client:
            assert await client.receive("module_progressbar_foo_init") == {"indeterminate": True}
            bar.tick()
            assert await client.receive("module_progressbar_foo_update") == {}
            bar.tick("l")
            assert await client.receive("module_progressbar_foo_update") == {"label": "l"}


class TestFirstProgressBar:
    def test_path_is_its_own(self):
        bar = FirstProgressBar("/test", add_to_handlers=False)
        assert (bar.path, bar.websocket.path) == ("/test", "/module/progress_bar/test")

    def test_value_is_unchecked_when_indeterminate(self):
        bar = FirstProgressBar("/test", 0, 0, add_to_handlers=False)
        bar.value = 7
        assert bar.value == 7

    async def test_emits_by_hand(self):
        bar = FirstProgressBar("/test", add_to_handlers=False)
        async with Client(bar.websocket.path, websocket=bar.websocket) as client:
            state = {"indeterminate": False, "min": 0, "max": 100, "value": 0}
            assert await frames(client, 3) == [("before_init", {}), ("init", state), ("after_init", {})]
            bar.value = 5
            bar.emit_update("l")
            bar.emit_done()
            update = {"value": 5, "label": "l"}
            assert await frames(client, 4) == [
                ("before_update", {}),
                ("update", update),
                ("after_update", {}),
                ("done", {}),
            ]

    async def test_indeterminate_ones_tell_no_value(self):
        bar = FirstProgressBar("/test", 0, 0, add_to_handlers=False)
        async with Client(bar.websocket.path, websocket=bar.websocket) as client:
            assert await client.receive("init") == {"indeterminate": True}
            bar.tick("l")
            assert await client.receive("update") == {"label": "l"}

    async def test_ticks_by_what_may_be_overridden(self):
        class Loud(FirstProgressBar):
            def emit_init(self):
                self.websocket.publish("hello")

            def emit_update(self, label=None):
                self.websocket.publish("step", {"at": self.value, "label": label})

            def emit_done(self):
                self.websocket.publish("over")

        bar = Loud("/test", max=1, add_to_handlers=False)
        async with Client(bar.websocket.path, websocket=bar.websocket) as client:
            bar.tick("one")
            assert await frames(client, 3) == [("hello", {}), ("step", {"at": 1, "label": "one"}), ("over", {})]
