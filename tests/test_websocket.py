import asyncio
import threading
from itertools import count

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import BaseChannelLayer
from django.test import override_settings
from django.urls import URLPattern

from tests.support.layers import REFUSING
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.delivery.group_names import group_name
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.exceptions import (
    EmitHandlerError,
    InvalidInstanceError,
    NotCallableError,
    WebSocketEventAlreadyBinded,
)
from tornado_websockets.websocket import WebSocket, endpoint_of, registry

_numbers = count()
ANYWHERE = override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": True})


@pytest.fixture
def path():
    return f"/websocket/{next(_numbers)}"


@pytest.fixture
def ws(path):
    return WebSocket(path, add_to_handlers=False)


@pytest.fixture
async def connect(ws):
    """Connects clients, and sees to it that they leave."""
    clients = []

    async def connect(to=None, path=None, **kwargs):
        to = to or ws
        endpoint = endpoint_of(to)
        client = MemoryClient(endpoint, path or endpoint.pattern.build(kwargs), kwargs)
        clients.append(client)
        return await client.connect()

    yield connect
    for client in clients:
        await client.leave()


def test_has_no_other_public_names_than_those_of_the_contract(ws):
    assert sorted(name for name in dir(ws) if not name.startswith("_")) == [
        "aforget",
        "ais_present",
        "apeople",
        "aposition",
        "apublish",
        "apublish_html",
        "arecheck",
        "bind",
        "consumer",
        "context",
        "emit",
        "emit_html",
        "events",
        "follow",
        "forget",
        "group_name",
        "group_name_for",
        "handlers",
        "is_present",
        "modules",
        "on",
        "on_event",
        "path",
        "people",
        "position",
        "publish",
        "publish_html",
        "recheck",
        "route",
        "to",
    ]


class TestConstructor:
    def test_serves_the_path(self, path):
        ws = WebSocket(path)
        assert registry.find(f"/ws{path}") == (ws, {})

    @pytest.mark.parametrize("positional", [True, False])
    def test_serves_nothing_when_told_so(self, path, positional):
        WebSocket(path, False) if positional else WebSocket(path, add_to_handlers=False)
        assert registry.find(f"/ws{path}") is None

    def test_adds_the_leading_slash(self, path):
        ws = WebSocket(path.removeprefix("/"))
        assert ws.path == path
        assert registry.find(f"/ws{path}") == (ws, {})

    def test_begins_with_nothing(self, ws):
        assert (ws.handlers, dict(ws.events), ws.context, ws.modules) == ([], {}, None, [])

    @pytest.mark.parametrize("concurrency", [0, -1])
    def test_refuses_to_handle_nothing_at_a_time(self, path, concurrency):
        with pytest.raises(ValueError, match="concurrency"):
            WebSocket(path, concurrency=concurrency)
        assert registry.find(f"/ws{path}") is None

    def test_refuses_an_authorize_that_is_always_true(self, path):
        def authorize(socket):
            yield False

        with pytest.raises(TypeError, match="generator"):
            WebSocket(path, authorize=authorize)

    def test_refuses_an_authorize_that_can_not_be_called(self, path):
        with pytest.raises(NotCallableError) as caught:
            WebSocket(path, authorize="staff")
        assert caught.value.thing == "staff"
        assert registry.find(f"/ws{path}") is None

    @pytest.mark.parametrize("given", [None, 7], ids=repr)
    def test_refuses_a_path_that_is_none(self, given):
        with pytest.raises(TypeError, match="path"):
            WebSocket(given)

    @pytest.mark.parametrize("given", ["no", 1, None], ids=repr)
    def test_refuses_another_second_argument_than_whether_to_serve(self, path, given):
        with pytest.raises(TypeError, match="add_to_handlers"):
            WebSocket(path, given)

    def test_tells_its_path(self, ws):
        assert repr(ws) == f"<WebSocket {ws.path}>"


class TestOn:
    def test_returns_the_callback(self, ws):
        def say():
            pass

        assert ws.on(say) is say
        assert dict(ws.events) == {"say": say}

    def test_refuses_a_second_handler(self, ws):
        @ws.on
        def say():
            pass

        with pytest.raises(WebSocketEventAlreadyBinded) as caught:
            ws.on(say)
        assert (caught.value.event, caught.value.path) == ("say", ws.path)

    def test_refuses_a_name(self, ws):
        with pytest.raises(NotCallableError):
            ws.on("say")

    def test_knows_the_parameters_of_the_path(self):
        def say(room):
            pass

        WebSocket("/room/<room>", False).on(say)
        with pytest.raises(TypeError, match="'room'"):
            WebSocket("/room", False).on(say)

    def test_may_be_an_assignment_to_the_events(self, ws):
        def say():
            """Anything."""

        ws.events["say"] = say
        with pytest.raises(WebSocketEventAlreadyBinded):
            ws.on(say)

    async def test_gives_handlers_the_context_as_self(self, ws, connect):
        class Chat:
            def __init__(self):
                self.names = []
                ws.context = self

            @ws.on
            def join(self, data):
                self.names.append(data["name"])

        chat, client = Chat(), await connect()
        await client.send("join", {"name": "Ada"})
        assert chat.names == ["Ada"]


class TestEmit:
    async def test_reaches_all_clients(self, ws, connect):
        @ws.on
        async def say(data):
            ws.emit("said", data)

        clients = [await connect() for _ in range(3)]
        await clients[0].send("say", {"text": "hi"})
        assert [client.received for client in clients] == [[{"event": "said", "data": {"text": "hi"}}]] * 3

    async def test_works_in_a_sync_handler(self, ws, connect):
        ws.on(_named("say", lambda: ws.emit("said") and None))
        client = await connect()
        await client.send("say")
        await until(lambda: client.events == ["said"])

    async def test_can_be_awaited(self, ws, connect):
        @ws.on
        async def say():
            await ws.emit("said")

        client = await connect()
        await client.send("say")
        assert client.events == ["said"]

    async def test_may_be_a_task(self, ws, connect):
        @ws.on
        async def say(socket):
            await asyncio.create_task(ws.emit("said"))
            async with asyncio.TaskGroup() as group:
                group.create_task(socket.emit("said alone"))

        client = await connect()
        await client.send("say")
        assert client.events == ["said", "said alone"]

    async def test_works_in_what_a_handler_starts(self, ws, connect):
        tasks = []

        async def later():
            await asyncio.sleep(0)
            ws.emit("task")
            await asyncio.to_thread(ws.emit, "thread")
            await sync_to_async(ws.emit)("asgiref")

        @ws.on
        async def say():
            tasks.append(asyncio.create_task(later()))

        client = await connect()
        await client.send("say")
        await tasks[0]
        await until(lambda: client.events == ["task", "thread", "asgiref"])

    @pytest.mark.parametrize("moment", ["open", "close"])
    async def test_works_when_clients_come_and_go(self, ws, connect, moment):
        client = await connect()

        @ws.on
        async def open():  # noqa: A001 the name of the event
            ws.emit("open")

        @ws.on
        async def close():
            ws.emit("close")

        other = await connect()
        await other.leave()
        assert moment in client.events

    async def test_works_from_a_handler_of_another_websocket(self, ws, connect):
        other = WebSocket("/other", False)
        other.on(_named("say", lambda: ws.emit("said") and None))
        client, caller = await connect(), await connect(other)
        await caller.send("say")
        await until(lambda: client.events == ["said"])
        assert caller.events == []

    async def test_skips_a_dead_client(self, ws, connect, caplog):
        @ws.on
        async def say():
            ws.emit("said")

        client, dead = await connect(), await connect()
        dead.transport.error = ClientGone()
        await client.send("say", id=1)
        assert client.events == ["said", "reply"]
        assert caplog.records == []

    def test_outside_of_handlers_is_an_error(self, ws):
        with pytest.raises(EmitHandlerError, match="publish") as caught:
            ws.emit("say")
        assert (caught.value.event, caught.value.path) == ("say", ws.path)

    async def test_outside_of_handlers_is_an_error_in_async_code_too(self, ws, connect):
        client = await connect()
        with pytest.raises(EmitHandlerError):
            ws.emit("say")
        assert client.received == []

    async def test_after_a_handler_is_an_error(self, ws, connect):
        ws.on(_named("say", lambda: None))
        client = await connect()
        await client.send("say")
        with pytest.raises(EmitHandlerError):
            ws.emit("said")

    async def test_in_a_thread_that_no_handler_has_started_is_an_error(self, ws, connect):
        errors, running, done = [], threading.Event(), threading.Event()

        def work():
            running.wait(10)
            try:
                ws.emit("said")
            except EmitHandlerError as error:
                errors.append(error)
            done.set()

        @ws.on
        async def say():
            running.set()
            await asyncio.to_thread(done.wait, 10)

        client = await connect()
        threading.Thread(target=work).start()
        await client.send("say")
        assert len(errors) == 1


class TestHandlers:
    async def test_may_be_assigned_by_the_application(self, ws, connect):
        client = await connect()
        ws.handlers = [client.socket, "a stranger"]
        assert ws.handlers == [client.socket, "a stranger"]
        with pytest.raises(InvalidInstanceError):
            ws.emit("say")

    async def test_may_have_been_emptied_by_the_application(self, ws, connect):
        client = await connect()
        ws.handlers.clear()
        await client.leave()
        assert client.connection.closed


class TestEmitWithParameters:
    @pytest.fixture
    def ws(self):
        return WebSocket("/room/<slug:room>", add_to_handlers=False)

    async def test_reaches_the_room_of_the_handler(self, ws, connect):
        @ws.on
        async def say():
            ws.emit("said")

        client, other = await connect(room="lobby"), await connect(room="bar")
        await client.send("say")
        assert (client.events, other.events) == (["said"], [])

    async def test_is_an_error_in_a_handler_of_another_websocket(self, ws, connect):
        errors, other = [], WebSocket("/other", False)

        @other.on
        async def say():
            try:
                ws.emit("said")
            except EmitHandlerError as error:
                errors.append(error.path)

        client = await connect(other)
        await client.send("say")
        assert errors == ["/room/<slug:room>"]

    @ANYWHERE
    def test_is_an_error_outside_of_handlers_though_it_is_allowed_elsewhere(self, ws):
        with pytest.raises(EmitHandlerError):
            ws.emit("say")


class TestBroadcast:
    async def test_outside_of_handlers_is_an_error(self, connect):
        client = await connect()
        with pytest.raises(EmitHandlerError) as caught:
            client.socket.broadcast("say")
        assert (caught.value.event, caught.value.path) == ("say", client.connection.path)

    @ANYWHERE
    async def test_works_outside_of_handlers_where_that_is_allowed(self, connect):
        client, other = await connect(), await connect()
        client.socket.broadcast("say")
        assert (client.events, other.events) == ([], ["say"])


class TestEmitAnywhere:
    @ANYWHERE
    async def test_reaches_all_clients(self, ws, connect):
        client = await connect()
        ws.emit("one")
        await ws.emit("two")
        assert client.events == ["one", "two"]

    @ANYWHERE
    async def test_works_in_a_thread(self, ws, connect):
        client = await connect()
        await asyncio.to_thread(ws.emit, "say")
        await until(lambda: client.events == ["say"])

    @override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": False})
    def test_is_an_error_when_it_is_switched_off(self, ws):
        with pytest.raises(EmitHandlerError):
            ws.emit("say")


class TestOrderOfChecks:
    @pytest.mark.parametrize(
        ("event", "data"), [(1, {}), (None, {}), ("say", 1), ("say", ["x"]), ("say", {"value": object()})]
    )
    @pytest.mark.parametrize("send", ["emit", "publish"])
    def test_types_come_first(self, ws, send, event, data):
        ws.handlers.append("a stranger")
        with pytest.raises(TypeError) as caught:
            getattr(ws, send)(event, data)
        assert not isinstance(caught.value, InvalidInstanceError)

    @pytest.mark.parametrize("send", ["emit", "publish"])
    def test_strangers_come_second(self, ws, send):
        ws.handlers.append("a stranger")
        with pytest.raises(InvalidInstanceError) as caught:
            getattr(ws, send)("say")
        assert caught.value.actual_instance == "a stranger"
        assert caught.value.expected_instance_name == "tornado_websockets.websockethandler.WebSocketHandler"

    async def test_strangers_are_found_among_many(self, ws, connect):
        await connect()
        stranger = object()
        ws.handlers.append(stranger)
        await connect()
        with pytest.raises(InvalidInstanceError) as caught:
            ws.emit("say")
        assert caught.value.actual_instance is stranger

    async def test_strangers_are_refused_in_handlers_too(self, ws, connect):
        ws.on(_named("say", lambda: ws.emit("said") and None))
        client = await connect()
        ws.handlers.append("a stranger")
        await client.send("say")
        assert client.received[0]["data"]["code"] == "handler_error"

    async def test_strangers_are_refused_by_socket_broadcast_too(self, ws, connect):
        client = await connect()
        ws.handlers.append("a stranger")
        with pytest.raises(InvalidInstanceError):
            client.socket.broadcast("say")

    def test_the_place_comes_last(self, ws):
        with pytest.raises(EmitHandlerError):
            ws.emit("say", {"text": "hi"})


class TestPublish:
    async def test_reaches_all_clients(self, ws, connect):
        clients = [await connect() for _ in range(2)]
        ws.publish("say", "hi")
        assert [client.received for client in clients] == [[{"event": "say", "data": {"message": "hi"}}]] * 2

    async def test_reaches_one_room(self, connect):
        ws = WebSocket("/room/<slug:room>", False)
        here, there = await connect(ws, room="lobby"), await connect(ws, room="bar")
        ws.publish("one", room="lobby")
        await ws.apublish("two", {"a": 1}, room="lobby")
        assert (here.events, there.events) == (["one", "two"], [])

    @pytest.mark.parametrize("parameters", [{}, {"rom": "lobby"}, {"room": "lobby", "page": 1}], ids=repr)
    def test_refuses_missing_and_unknown_parameters(self, parameters):
        with pytest.raises(TypeError, match="takes the parameters: room"):
            WebSocket("/room/<slug:room>", False).publish("say", **parameters)

    def test_refuses_values_that_the_path_does_not_take(self):
        with pytest.raises(ValueError, match="No path"):
            WebSocket("/room/<slug:room>", False).publish("say", room="a b")

    async def test_as_a_coroutine_refuses_the_same(self, ws):
        with pytest.raises(TypeError):
            await ws.apublish("say", room="lobby")

    async def test_as_a_coroutine_works_in_what_outlives_a_sync_handler(self, ws, connect):
        handled, tasks = asyncio.Event(), []

        async def later():
            await handled.wait()
            await ws.apublish("later")

        async def begin():
            tasks.append(asyncio.create_task(later()))

        @ws.on
        def say():
            async_to_sync(begin)()

        client = await connect()
        await client.send("say")
        handled.set()
        await tasks[0]
        assert client.events == ["later"]


class TestGroupName:
    def test_is_that_of_the_path(self, ws):
        assert ws.group_name == group_name(ws.path)
        assert BaseChannelLayer().require_valid_group_name(ws.group_name)

    def test_is_unknown_for_a_path_with_parameters(self):
        with pytest.raises(TypeError, match="room"):
            WebSocket("/room/<slug:room>", False).group_name  # noqa: B018 it is the access that raises

    def test_is_known_for_each_concrete_path(self):
        ws = WebSocket("/room/<slug:room>", False)
        assert ws.group_name_for(room="lobby") == group_name("/room/lobby")

    async def test_is_what_a_client_is_found_by(self, connect):
        ws = WebSocket("/page/<int:page>", False)
        client = await connect(ws, page=7)
        hub.deliver(Message("/page/7", "x", '{"event": "x"}'))
        assert client.events == ["x"]


class TestConsumer:
    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/chat", "ChatConsumer"),
            ("/some/chat-room", "SomeChatRoomConsumer"),
            ("/a_b.c", "ABCConsumer"),
            ("/camelCase", "CamelCaseConsumer"),
            ("/", "Consumer"),
        ],
    )
    def test_is_named_after_the_path(self, path, name):
        assert WebSocket(path, False).consumer.__name__ == name

    def test_is_a_consumer_of_channels(self, ws):
        assert issubclass(ws.consumer, AsyncWebsocketConsumer)
        assert ws.consumer.websocket is ws

    def test_is_made_once(self, ws):
        assert ws.consumer is ws.consumer

    def test_is_not_shared(self, ws):
        assert WebSocket(ws.path, False).consumer is not ws.consumer

    def test_is_part_of_the_route(self, ws):
        assert isinstance(ws.route, URLPattern)
        assert ws.route is ws.route
        assert ws.route.resolve(f"ws{ws.path}").func.consumer_class is ws.consumer


class TestChannelLayerTrouble:
    @override_settings(CHANNEL_LAYERS=REFUSING)
    async def test_does_not_concern_emit(self, ws, connect, caplog):
        @ws.on
        async def say():
            ws.emit("said")

        client, other = await connect(), await connect()
        await client.send("say", id=1)
        assert client.events == ["said", "reply"]
        assert other.events == ["said"]
        await until(lambda: "takes no messages" in caplog.text)


def _named(name, function):
    function.__name__ = name
    return function
