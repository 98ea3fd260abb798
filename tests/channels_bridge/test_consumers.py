import asyncio
import copy
import json
import pickle
from itertools import count

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.testing import WebsocketCommunicator
from django.test import override_settings

from channels_bridge.consumers import WebSocketConsumer, consumer_for, wanted_headers
from tests.support.waiting import until
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.delivery.shard import Pace
from tornado_websockets.websocket import WebSocket

_numbers = count()


@pytest.fixture
def path():
    return f"/consumers/{next(_numbers)}"


@pytest.fixture
def ws(path):
    return WebSocket(path, add_to_handlers=False)


@pytest.fixture
async def communicate():
    """Connects communicators, and ends them."""
    communicators = []

    def communicate(ws, path=None, **kwargs):
        communicator = WebsocketCommunicator(ws.consumer.as_asgi(), path or f"/ws{ws.path}", **kwargs)
        communicators.append(communicator)
        return communicator

    yield communicate
    for communicator in communicators:
        if not communicator.future.done():
            await communicator.disconnect()


@pytest.fixture
async def client(ws, communicate):
    """A client that is connected."""
    client = communicate(ws)
    assert await client.connect() == (True, None)
    return client


def on(ws, name):
    def register(function):
        function.__name__ = name
        return ws.on(function)

    return register


async def at_work(ws, communicate):
    """A client whose handler does not end by itself, and what its handlers note."""
    noted = []

    @on(ws, "work")
    async def work():
        noted.append("began")
        await asyncio.Event().wait()

    @on(ws, "close")
    async def close():
        noted.append("closed")

    client = communicate(ws)
    await client.connect()
    await client.send_json_to({"event": "work"})
    await until(lambda: noted)
    return client, noted


class TestClasses:
    def test_are_consumers_of_channels(self, ws):
        consumer = consumer_for(ws)
        assert issubclass(consumer, WebSocketConsumer)
        assert issubclass(consumer, AsyncWebsocketConsumer)
        assert consumer.websocket is ws

    def test_are_named_after_the_path(self):
        assert consumer_for(WebSocket("/room/<slug:room>", False)).__name__ == "RoomSlugRoomConsumer"

    def test_are_independent(self, ws):
        assert consumer_for(ws) is not consumer_for(ws)


class TestConnecting:
    async def test_is_accepted(self, client):
        assert await client.receive_nothing(0.01)

    async def test_calls_open_with_a_socket_that_knows_the_handshake(self, ws, communicate):
        sockets = []

        @ws.on
        def open(socket):  # noqa: A001 the name of the event
            sockets.append(socket)

        client = communicate(
            ws, headers=[(b"X-Name", b"Ada"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-name", b"B")]
        )
        client.scope.update(user="the user", session="the session", client=("203.0.113.9", 4711))
        await client.connect()
        await until(lambda: sockets)
        [socket] = sockets
        assert (socket.path, socket.kwargs) == (ws.path, {})
        assert (socket.user, socket.session, socket.address) == ("the user", "the session", "203.0.113.9")
        assert socket.headers["x-name"] == socket.headers["X-NAME"] == "Ada, B"
        assert socket.headers["Cookie"] == "a=1; b=2"
        assert socket.headers.copy() == socket.headers == {"x-NAME": "Ada, B", "Cookie": "a=1; b=2"}
        for copied in (copy.deepcopy(socket.headers), pickle.loads(pickle.dumps(socket.headers))):
            assert copied == socket.headers
        assert len(socket.headers) == 2
        assert "Ada, B" in repr(socket.headers)

    async def test_is_by_the_door_without_our_application_too(self, ws, communicate):
        before = hub.shard().door.came
        await communicate(ws).connect()
        assert hub.shard().door.came == before + 1

    async def test_works_where_the_scope_knows_less(self, ws, communicate):
        sockets = []

        @ws.on
        def open(socket):  # noqa: A001 the name of the event
            sockets.append(socket)

        client = communicate(ws)
        del client.scope["headers"]
        await client.connect()
        await until(lambda: sockets)
        [socket] = sockets
        assert (socket.user, socket.session, socket.address, dict(socket.headers)) == (None, None, None, {})

    async def test_takes_the_parameters_of_the_path(self, communicate):
        ws, seen = WebSocket("/consumers/<slug:room>/<int:page>", False), []
        on(ws, "open")(lambda socket, room, page: seen.append((socket.path, room, page)))
        client = communicate(ws, "/ws/consumers/lobby/007")
        await client.connect()
        await until(lambda: seen)
        assert seen == [("/consumers/lobby/7", "lobby", 7)]

    async def test_takes_the_parameters_that_a_router_found(self, communicate):
        ws, seen = WebSocket("/consumers/<slug:room>", False), []
        on(ws, "open")(lambda socket, room: seen.append((socket.path, room)))
        client = communicate(ws, "/mounted/elsewhere")
        client.scope["url_route"] = {"args": (), "kwargs": {"room": "lobby", "language": "en"}}
        await client.connect()
        await until(lambda: seen)
        assert seen == [("/consumers/lobby", "lobby")]

    async def test_to_a_path_that_does_not_match_is_refused(self, communicate, caplog):
        client = communicate(WebSocket("/consumers/<int:page>", False), "/ws/consumers/one")
        assert (await client.connect())[0] is False
        assert "does not match" in caplog.text

    @pytest.mark.parametrize(
        "headers", [[(b"origin", b"http://evil.com")], [(b"host", b"evil.com")], [(b"Origin", b"null")]], ids=repr
    )
    async def test_from_elsewhere_is_refused(self, ws, communicate, headers, caplog):
        calls = []
        on(ws, "open")(lambda: calls.append("open"))
        on(ws, "close")(lambda: calls.append("close"))
        client = communicate(ws, headers=headers)
        assert (await client.connect())[0] is False
        await client.wait()
        [record] = caplog.records
        assert (record.name, record.levelname) == ("tornado_websockets", "WARNING")
        assert ws.path in record.getMessage()
        assert calls == []

    async def test_from_here_is_accepted(self, ws, communicate):
        client = communicate(ws, headers=[(b"host", b"testserver"), (b"origin", b"https://testserver")])
        assert (await client.connect())[0] is True

    @pytest.mark.parametrize("answer", [True, False])
    async def test_is_for_authorize_to_decide(self, path, communicate, answer):
        calls = []

        def authorize(socket):
            calls.append(socket.path)
            return answer

        ws = WebSocket(path, False, authorize=authorize)
        on(ws, "open")(lambda: calls.append("open"))
        client = communicate(ws)
        assert (await client.connect())[0] is answer
        if answer:
            await until(lambda: calls == [path, "open"])
        else:
            await client.wait()
            assert calls == [path]

    async def test_that_authorize_closes_is_refused(self, path, communicate):
        def authorize(socket):
            socket.close()
            return True

        client = communicate(WebSocket(path, False, authorize=authorize))
        assert (await client.connect())[0] is False

    @override_settings(TORNADO_WEBSOCKETS={"MAX_CONNECTIONS_PER_ADDRESS": 1})
    async def test_is_refused_when_there_are_too_many(self, ws, communicate, caplog):
        clients = [communicate(ws) for _ in range(3)]
        for client, address in zip(clients, ["203.0.113.9", "203.0.113.9", "203.0.113.8"], strict=True):
            client.scope["client"] = (address, 4711)
        assert [(await client.connect())[0] for client in clients] == [True, False, True]
        assert "1 connections from 203.0.113.9" in caplog.text

    @override_settings(TORNADO_WEBSOCKETS={"MAX_CONNECTIONS_PER_ADDRESS": 1})
    async def test_is_possible_again_when_one_has_gone(self, ws, communicate):
        for _ in range(3):
            client = communicate(ws)
            client.scope["client"] = ("203.0.113.9", 4711)
            assert (await client.connect())[0] is True
            await client.disconnect()

    @override_settings(TORNADO_WEBSOCKETS={"MAX_CONNECTIONS_PER_ADDRESS": 1})
    async def test_that_was_refused_takes_no_place(self, path, communicate):
        answers = iter([False, True])
        ws = WebSocket(path, False, authorize=lambda socket: next(answers))
        results = []
        for _ in range(2):
            client = communicate(ws)
            client.scope["client"] = ("203.0.113.9", 4711)
            results.append((await client.connect())[0])
        assert results == [False, True]

    async def test_by_a_client_that_did_not_wait_leaves_nothing(self, ws):
        calls = []
        on(ws, "open")(lambda: calls.append("open"))
        on(ws, "close")(lambda: calls.append("close"))

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            raise ConnectionResetError

        scope = {"type": "websocket", "path": f"/ws{ws.path}", "headers": []}
        await ws.consumer.as_asgi()(scope, receive, send)
        assert calls == []
        assert ws.path not in hub.shard().topics


class TestMessages:
    async def test_are_handled(self, ws, client):
        on(ws, "echo")(lambda socket, data: socket.emit("echoed", data) and None)
        await client.send_json_to({"event": "echo", "data": {"text": "hi"}})
        assert await client.receive_json_from() == {"event": "echoed", "data": {"text": "hi"}}

    async def test_are_handled_in_order(self, ws, client):
        numbers, all_sent = [], asyncio.Event()

        @ws.on
        async def count(data):
            if data["number"] == 0:
                await all_sent.wait()
            numbers.append(data["number"])

        for number in range(100):
            await client.send_json_to({"event": "count", "data": {"number": number}})
        all_sent.set()
        await until(lambda: len(numbers) == 100)
        assert numbers == list(range(100))

    async def test_that_are_binary_are_refused_and_the_connection_lives(self, client):
        await client.send_to(bytes_data=b"binary")
        assert (await client.receive_json_from())["data"]["code"] == "binary"
        await client.send_json_to({})
        assert (await client.receive_json_from())["data"]["code"] == "missing_event"

    @pytest.mark.parametrize(
        "message",
        [{"text": None, "bytes": b"x"}, {"bytes": b"x"}, {"text": "{}", "bytes": None}, {"text": "{}"}],
        ids=repr,
    )
    async def test_may_have_either_form_of_asgi(self, client, message):
        await client.send_input({"type": "websocket.receive", **message})
        code = (await client.receive_json_from())["data"]["code"]
        assert code == ("missing_event" if message.get("text") else "binary")

    async def test_above_the_limit_of_the_settings_are_refused(self, ws, communicate):
        with override_settings(TORNADO_WEBSOCKETS={"MAX_MESSAGE_BYTES": 10}):
            client = communicate(ws)
            await client.connect()
        await client.send_to("x" * 11)
        assert (await client.receive_json_from())["data"]["code"] == "too_large"

    async def test_of_one_client_let_others_run(self, ws):
        handled, turns_of_others = [], 0

        @ws.on
        async def count():
            handled.append(1)

        text = json.dumps({"event": "count"})
        incoming = iter([{"type": "websocket.connect"}, *[{"type": "websocket.receive", "text": text}] * 1000])

        async def receive():
            return next(incoming, {"type": "websocket.disconnect", "code": 1000})

        async def send(message):
            pass

        scope = {"type": "websocket", "path": f"/ws{ws.path}", "headers": []}
        serving = asyncio.create_task(ws.consumer.as_asgi()(scope, receive, send))
        while not serving.done():
            await asyncio.sleep(0)
            turns_of_others += 1
        await serving
        assert len(handled) == 1000
        assert turns_of_others >= 1000 // Pace().handled


class TestLeaving:
    async def test_calls_close_once(self, ws, client):
        calls = []
        on(ws, "close")(lambda: calls.append(1))
        await client.disconnect()
        assert calls == [1]
        assert ws.handlers == []

    async def test_calls_close_when_the_server_cancels(self, ws, client):
        calls = []

        @ws.on
        async def close():
            calls.append(1)

        client.future.cancel()
        await asyncio.wait([client.future])
        assert calls == [1]
        assert client.future.cancelled()

    async def test_calls_close_when_a_handler_is_cancelled(self, ws, client):
        calls, started = [], asyncio.Event()

        @ws.on
        async def work():
            started.set()
            await asyncio.Event().wait()

        @ws.on
        async def close():
            calls.append(1)

        await client.send_json_to({"event": "work"})
        await started.wait()
        client.future.cancel()
        await asyncio.wait([client.future])
        assert calls == [1]

    async def test_is_what_an_error_of_receiving_amounts_to(self, ws):
        calls = []
        on(ws, "close")(lambda: calls.append(1))
        incoming = iter([{"type": "websocket.connect"}])

        async def receive():
            try:
                return next(incoming)
            except StopIteration:
                raise ConnectionResetError from None

        async def send(message):
            pass

        scope = {"type": "websocket", "path": f"/ws{ws.path}", "headers": []}
        with pytest.raises(ConnectionResetError):
            await ws.consumer.as_asgi()(scope, receive, send)
        assert calls == [1]

    async def test_by_closing_sends_code_and_reason(self, ws, client):
        on(ws, "leave")(lambda socket: socket.close(4001, "bye") and None)
        await client.send_json_to({"event": "leave"})
        assert await client.receive_output() == {"type": "websocket.close", "code": 4001, "reason": "bye"}


class TestHandlersAtWork:
    async def test_end_when_the_shard_cancels_them(self, ws, communicate):
        client, noted = await at_work(ws, communicate)
        hub.shard().cancel_handlers()
        await client.wait(10)
        assert noted == ["began", "closed"]
        assert await client.receive_output() == {"type": "websocket.close", "code": 1001, "reason": ""}

    async def test_can_be_cancelled_by_the_server(self, ws, communicate):
        client, noted = await at_work(ws, communicate)
        client.future.cancel()
        await asyncio.wait([client.future])
        assert client.future.cancelled()
        assert noted == ["began", "closed"]


class TestSlowClients:
    @staticmethod
    async def serve(ws, send):
        """Serve a client that sends nothing, until it is given up for taking nothing."""
        connect = [{"type": "websocket.connect"}]

        async def receive():
            if not connect:
                await asyncio.Event().wait()
            return connect.pop()

        scope = {"type": "websocket", "path": f"/ws{ws.path}", "headers": []}
        with override_settings(TORNADO_WEBSOCKETS={"MAX_OUTBOX_BYTES": 1000}):
            serving = asyncio.create_task(ws.consumer.as_asgi()(scope, receive, send))
            await until(lambda: ws.handlers)
        for _ in range(3):
            hub.deliver(Message(ws.path, "told", "x" * 600))
        await asyncio.wait_for(serving, 10)

    async def test_are_closed_with_4008(self, ws, caplog):
        sent, calls = [], []
        on(ws, "close")(lambda: calls.append("close"))

        async def send(message):
            if message["type"] == "websocket.send":
                await asyncio.Event().wait()
            sent.append(message)

        await self.serve(ws, send)
        assert sent[-1] == {"type": "websocket.close", "code": 4008, "reason": ""}
        assert calls == ["close"]
        assert "slow client" in caplog.text


class TestWantedHeaders:
    def test_are_found_in_any_case_and_in_order(self):
        scope = {"headers": [(b"Host", b"one"), (b"origin", b"x"), (b"HOST", b"\xe9"), (b"date", b"y")]}
        assert wanted_headers(scope) == {b"host": ["one", "é"], b"origin": ["x"]}

    def test_are_none_where_there_are_no_headers(self):
        assert wanted_headers({}) == {}
