import asyncio
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tornado.websocket import WebSocketClosedError

from tests.support.memory import MemoryClient, MemoryPublisher
from tests.support.turnstile import CountingTurnstile, HeldTurnstile
from tests.support.waiting import run_on_clock, turns, until
from tornado_websockets.core.connections.admission import Admission
from tornado_websockets.core.connections.connection import BULKY, COSTLY
from tornado_websockets.core.connections.roster import Roster
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.control import CONTROL
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery import turnstile
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.delivery.shard import Pace
from tornado_websockets.core.handlers.calling import current
from tornado_websockets.core.handlers.dispatch import Dispatcher
from tornado_websockets.core.handlers.workers import Workers
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.core.tasks import LAST_SECONDS
from tornado_websockets.exceptions import EmitHandlerError, Refused

LOGGER = "tornado_websockets"
BUDGET = Pace().budget


class Room:
    """A WebSocket, as far as a connection knows one, in a process of its own."""

    def __init__(self):
        self.websocket = "the websocket"
        self.context = "the context"
        self.path = "/test"
        self.presence = self.kept_hub = None
        self.hub = Hub()
        self.admission = Admission()
        self.dispatcher = Dispatcher("/test", {"self", "socket", "data", "room"})
        self.encoder = Encoder()
        self.handlers = Roster()
        self.workers = Workers("/test", 1, lambda call: call())

    def user_key(self, user):
        """Users go by their names."""
        return user

    def translate(self, error):
        """Nothing is meant as a refusal."""

    def refuse_to_broadcast(self, event, topic):
        """Nothing does."""

    def on_connected(self, connection):
        self.handlers.append(connection.socket)

    def on_disconnected(self, connection):
        self.handlers.remove(connection.socket)

    def on(self, callback):
        self.dispatcher.register(callback)
        return callback

    def tell(self, text):
        """Send a text to all clients of ``/test``."""
        self.hub.emit(Message("/test", "told", text))


@pytest.fixture
def room():
    return Room()


@pytest.fixture
async def connect(room):
    """Connects clients, and sees to it that they leave."""
    clients = []

    async def connect(*args, **kwargs):
        client = MemoryClient(room, *args, **kwargs)
        clients.append(client)
        return await client.connect()

    yield connect
    for client in clients:
        client.transport.release()
        await client.leave()


@pytest.fixture
async def client(connect):
    return await connect()


def burn_for(seconds):
    """Take the processor for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def small(size):
    return Limits(max_outbox_bytes=size)


class TestUser:
    async def test_has_a_key_when_the_client_is_in(self, room):
        client = MemoryClient(room, user="ada")
        client.connection.user = "bob"  # as authorize may
        assert client.connection.user_key is None
        await client.connect()
        assert (client.connection.user, client.connection.user_key) == ("bob", "bob")
        await client.leave()

    async def test_has_another_key_when_it_is_set_later(self, connect):
        client = await connect(user="ada")
        client.connection.user = "bob"
        assert (client.connection.user, client.connection.user_key) == ("bob", "bob")


class TestOpening:
    async def test_accepts_before_the_handler_is_called(self, room):
        log = []

        @room.on
        async def open():  # noqa: A001 the name of the event
            log.append("handler")

        async def accept():
            log.append("accepted")

        client = await MemoryClient(room).connect(accept)
        assert log == ["accepted", "handler"]
        await client.leave()

    async def test_shows_in_handlers_before_the_handler_is_called(self, room, connect):
        seen = []

        @room.on
        async def open(socket):  # noqa: A001 the name of the event
            seen.append(list(room.handlers) == [socket])

        await connect()
        assert seen == [True]

    async def test_joins_the_group_before_the_handler_is_called(self, room, connect):
        @room.on
        async def open():  # noqa: A001 the name of the event
            room.tell('{"event": "hello"}')

        client = await connect()
        assert client.events == ["hello"]

    async def test_shows_nowhere_before_it_is_accepted(self, room):
        client = MemoryClient(room)

        async def accept():
            assert room.handlers == []
            assert client.connection not in room.hub.shard().topics.get("/test", ())

        await client.connect(accept)
        await client.leave()

    async def test_of_a_client_that_is_closed_meanwhile_closes_it(self, room):
        calls = []
        room.on(_named("open", lambda: calls.append("open")))
        room.on(_named("close", lambda: calls.append("close")))
        client = MemoryClient(room, "/replaced")

        async def accept():
            client.socket.close(4001, "replaced")

        await client.connect(accept)
        await client.leave()
        assert client.transport.sent == [Close(4001, "replaced")]
        assert client.connection.closed
        assert calls == []
        assert room.handlers == []
        assert not room.hub.has_clients("/replaced")

    async def test_that_fails_leaves_nothing(self, room):
        calls = []
        room.on(_named("open", lambda: calls.append("open")))
        room.on(_named("close", lambda: calls.append("close")))

        async def accept():
            raise ConnectionResetError("gone")

        client = MemoryClient(room, "/fails")
        with pytest.raises(ConnectionResetError):
            await client.connect(accept)
        await client.leave()
        assert calls == []
        assert room.handlers == []
        assert not room.hub.has_clients("/fails")

    async def test_warns_when_the_handler_fails(self, room, connect, caplog):
        @room.on
        async def open():  # noqa: A001 the name of the event
            raise LookupError("secret")

        client = await connect()
        assert [frame["data"]["code"] for frame in client.received] == ["handler_error"]
        assert not client.connection.closed

    async def test_calls_what_is_registered_for_it_in_order(self, room, connect):
        calls = []
        room.dispatcher.register(lambda: calls.append("module"), "module_open", at="open")
        room.dispatcher.register(lambda: calls.append("own"), "open")
        await connect()
        assert calls == ["own", "module"]


class TestHandlers:
    async def test_get_what_they_ask_for(self, room, connect):
        seen = []
        room.on(_named("say", lambda self, socket, data, room: seen.append((self, socket, data, room))))
        client = await connect(kwargs={"room": "lobby"})
        await client.send("say", {"text": "hi"})
        assert seen == [("the context", client.socket, {"text": "hi"}, "lobby")]

    async def test_get_the_socket_that_stands_for_the_connection(self, room, connect):
        seen, stand_in = [], object()

        @room.on
        async def say(socket):
            seen.append(socket)

        client = await connect(socket=stand_in)
        await client.send("say")
        assert seen == [stand_in]
        assert room.handlers == [stand_in]

    async def test_run_in_a_worker_thread_when_sync(self, room, client):
        threads = []
        room.on(_named("say", lambda: threads.append(threading.get_ident())))
        await client.send("say")
        assert threads
        assert threads != [threading.get_ident()]

    async def test_run_where_the_transport_says(self, room):
        calls = []

        async def run(call):
            calls.append("run")
            return call()

        client = await MemoryClient(room, run=run).connect()
        room.on(_named("say", lambda: calls.append("say")))
        await client.send("say")
        await client.leave()
        assert calls == ["run", "say"]

    async def test_run_on_the_loop_when_async(self, room, client):
        threads = []

        @room.on
        async def say():
            threads.append(threading.get_ident())

        await client.send("say")
        assert threads == [threading.get_ident()]

    async def test_are_cancelled_by_the_transport(self, client):
        client.connection.cancel_handler()
        assert client.transport.cancellations == 1

    async def test_take_their_time_and_are_counted(self, room, client):
        before = counters.handler_seconds

        @room.on
        async def say():
            await asyncio.sleep(0.02)

        await client.send("say")
        assert counters.handler_seconds - before >= 0.015


class TestReplies:
    async def test_go_to_frames_with_an_id(self, room, client):
        room.on(_named("add", lambda data: {"sum": data["a"] + data["b"]}))
        await client.send("add", {"a": 1, "b": 2}, id=7)
        assert client.received == [{"event": "reply", "id": 7, "data": {"sum": 3}}]

    async def test_are_empty_when_the_handler_returns_nothing(self, room, client):
        room.on(_named("say", lambda: None))
        await client.send("say", id="x")
        assert client.received == [{"event": "reply", "id": "x", "data": {}}]

    @pytest.mark.parametrize("id_", [0, ""], ids=repr)
    async def test_go_to_frames_with_a_false_id(self, room, client, id_):
        room.on(_named("say", lambda: None))
        await client.send("say", id=id_)
        assert [frame["id"] for frame in client.received] == [id_]

    async def test_go_to_no_other_frames(self, room, client):
        room.on(_named("say", lambda: {"a": 1}))
        await client.send("say")
        assert client.received == []

    async def test_come_after_what_the_handler_sent(self, room, client):
        room.on(_named("say", lambda socket: socket.emit("said") and None))
        await client.send("say", id=1)
        assert client.events == ["said", "reply"]

    async def test_that_json_can_not_hold_are_errors_of_the_handler(self, room, client, caplog):
        room.on(_named("say", lambda: {"value": object()}))
        await client.send("say", id=1)
        assert client.received[0]["error"]["code"] == "handler_error"
        assert "not JSON serializable" in caplog.text


class TestRefusals:
    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ("hello", "invalid_json"),
            ("{}", "missing_event"),
            ('{"event": "unheard-of"}', "unknown_event"),
            ('{"event": "open"}', "reserved_event"),
            ('{"event": "close"}', "reserved_event"),
            ('{"event": "module_open"}', "reserved_event"),
            ('{"event": "say", "data": 1}', "invalid_data"),
            ("[" * 100_000, "too_deep"),
            ('"' + "x" * 2_000_000, "too_large"),
            (b"binary", "binary"),
        ],
        ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
    )
    async def test_are_warnings_and_the_connection_lives(self, room, client, message, code):
        calls = []
        for event in ("open", "close", "say"):
            room.on(_named(event, lambda event=event: calls.append(event)))
        room.dispatcher.register(lambda: calls.append("module"), "module_open", at="open")
        await client.connection.received(message)
        [frame] = client.received
        assert (frame["event"], frame["data"]["code"]) == ("warning", code)
        assert frame["data"]["message"]
        assert calls == []
        await client.send("say")
        assert calls == ["say"]

    @pytest.mark.parametrize(
        ("event", "data", "code"),
        [("unheard-of", {}, "unknown_event"), ("open", {}, "reserved_event"), ("say", 1, "invalid_data")],
    )
    async def test_are_replies_to_frames_with_an_id(self, client, event, data, code):
        await client.send(event, data, id="x")
        [frame] = client.received
        assert (frame["event"], frame["id"], frame["error"]["code"]) == ("reply", "x", code)

    async def test_quote_no_more_than_a_little_of_the_event(self, client):
        await client.send("x" * 10_000)
        assert len(client.received[0]["data"]["message"]) < 200

    async def test_are_counted(self, client):
        before = counters.messages_refused
        await client.send("unheard-of")
        assert counters.messages_refused == before + 1

    async def test_are_for_messages_above_the_rate(self, room, connect):
        calls = []
        room.on(_named("say", lambda: calls.append(1)))
        client = await connect(limits=Limits(max_messages_per_second=0.001))
        await client.send("say")
        await client.send("say", id=1)
        assert calls == [1]
        assert client.received[0]["error"]["code"] == "rate_limited"

    async def test_count_towards_the_rate_themselves(self, connect):
        client = await connect(limits=Limits(max_messages_per_second=0.001))
        await client.connection.received("hello")
        await client.connection.received("hello")
        assert [frame["data"]["code"] for frame in client.received] == ["invalid_json", "rate_limited"]

    async def test_that_cannot_be_sent_are_logged_without_the_token(self, room, connect, caplog):
        def default(value):
            raise TypeError(f"cannot write {value}")

        room.encoder = Encoder(default)

        @room.on
        def say():
            raise Refused("unsayable", of={"secret"})

        client = await connect(offer=Offer("secret", secrets=["secret"]))
        await client.send("say")
        assert "The refusal 'unsayable' cannot be sent" in caplog.text
        assert "cannot write {'<token>'}" in caplog.text
        assert "secret" not in caplog.text


class TestErrorsOfHandlers:
    @pytest.mark.parametrize("kind", [LookupError, SystemExit, asyncio.CancelledError, StopIteration, RecursionError])
    async def test_are_answered_without_detail(self, room, client, kind):
        def say():
            raise kind("secret")

        room.on(say)
        await client.send("say", id=1)
        await client.send("say")
        reply, warning = client.received
        assert (reply["id"], reply["error"]["code"]) == (1, "handler_error")
        assert (warning["event"], warning["data"]["code"]) == ("warning", "handler_error")
        assert "secret" not in "".join(client.transport.sent)
        assert not client.connection.closed

    async def test_are_logged_once_with_their_traceback(self, room, client, caplog):
        @room.on
        async def say():
            raise LookupError("mine")

        await client.send("say")
        [record] = caplog.records
        assert (record.name, record.levelname) == (LOGGER, "ERROR")
        assert isinstance(record.exc_info[1], LookupError)
        assert all(word in record.getMessage() for word in ("'say'", "/test", client.connection.id))

    async def test_are_counted(self, room, client):
        before = counters.handler_errors
        room.on(_named("say", lambda: 1 / 0))
        await client.send("say")
        assert counters.handler_errors == before + 1

    async def test_are_no_interruptions(self, room, client):
        @room.on
        async def say():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await client.send("say")

    async def test_are_no_cancellations_of_the_connection(self, room, client, caplog):
        started = asyncio.Event()

        @room.on
        async def say():
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(client.send("say"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.received == []
        assert caplog.records == []

    async def test_of_close_are_logged_when_the_connection_was_cancelled(self, room, caplog):
        @room.on
        async def close():
            raise LookupError("mine")

        client = await MemoryClient(room, "/cancelled").connect()

        async def serve():
            try:
                await asyncio.Event().wait()
            finally:
                await client.leave()

        task = asyncio.create_task(serve())
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]
        assert not room.hub.has_clients("/cancelled")

    async def test_that_say_the_client_has_gone_are_no_errors(self, room, client, caplog):
        caplog.set_level(logging.INFO, LOGGER)

        @room.on
        async def say(socket):
            await client.leave()
            socket.emit("said")

        await client.send("say")
        await client.send("say")  # it had sent more, of which each says the same
        assert [record.levelname for record in caplog.records] == ["INFO"]

    async def test_that_say_another_client_has_gone_are_errors(self, room, client, connect, caplog):
        other = await connect()
        await other.leave()
        room.on(_named("say", lambda: other.socket.emit("said")))
        await client.send("say")
        assert [record.levelname for record in caplog.records] == ["ERROR"]


class TestEmitting:
    async def test_sends_at_once(self, client):
        client.socket.emit("say", {"text": "hi"})
        assert client.received == [{"event": "say", "data": {"text": "hi"}}]

    async def test_takes_a_string(self, client):
        client.socket.emit("say", "hi")
        assert client.received == [{"event": "say", "data": {"message": "hi"}}]

    async def test_takes_no_data(self, client):
        client.socket.emit("say")
        assert client.received == [{"event": "say", "data": {}}]

    async def test_refuses_what_can_not_be_sent_before_anything_is(self, client):
        with pytest.raises(TypeError):
            client.socket.emit("say", {"value": object()})
        with pytest.raises(TypeError):
            client.socket.emit(1, {})
        assert client.received == []

    async def test_reaches_nobody_else(self, client, connect):
        other = await connect()
        client.socket.emit("say")
        assert other.received == []

    async def test_works_outside_of_handlers(self, client):
        assert current.get() is None
        await client.socket.emit("say")
        assert client.events == ["say"]

    async def test_works_in_a_worker_thread(self, client):
        await asyncio.to_thread(client.socket.emit, "say")
        await until(lambda: client.events == ["say"])

    async def test_keeps_its_order_with_what_goes_to_the_group(self, room, client):
        for number in range(20):
            client.socket.emit("mine", {"number": number})
            room.tell(json.dumps({"event": "ours", "data": {"number": number}}))
        assert [(frame["event"], frame["data"]["number"]) for frame in client.received] == [
            (event, number) for number in range(20) for event in ("mine", "ours")
        ]

    async def test_raises_before_the_connection_is_open(self, room):
        client = MemoryClient(room)
        with pytest.raises(WebSocketClosedError):
            client.socket.emit("say")

    async def test_raises_once_the_connection_is_closed(self, client):
        client.socket.close()
        with pytest.raises(WebSocketClosedError):
            client.socket.emit("say")

    async def test_raises_once_the_client_has_gone(self, client):
        await client.leave()
        with pytest.raises(WebSocketClosedError, match=r"/test"):
            client.socket.emit("say")
        assert client.received == []

    async def test_raises_when_it_finds_the_client_gone(self, client):
        client.transport.error = ClientGone()
        with pytest.raises(WebSocketClosedError):
            client.socket.emit("say")
        assert client.connection.closed
        assert client.transport.aborts == []

    @pytest.mark.parametrize("error", [TypeError("no such argument"), ConnectionResetError("broken")], ids=repr)
    async def test_closes_with_a_traceback_where_the_transport_is_at_fault(self, room, client, caplog, error):
        client.transport.error = error
        room.tell("{}")
        assert client.connection.closed
        assert client.transport.aborts == [1011]
        [record] = caplog.records
        assert "Sending failed (path '/test'" in record.getMessage()
        assert record.exc_info[1] is error

    async def test_logs_no_token_where_the_transport_is_at_fault(self, room, connect, caplog):
        client = await connect(offer=Offer("secret", secrets=["secret"]))
        client.transport.error = TypeError("no secret")
        room.tell("{}")
        assert "TypeError: no <token>" in caplog.text
        assert "secret" not in caplog.text

    async def test_is_silent_about_a_client_that_left(self, room, client, caplog):
        client.transport.error = ClientGone()
        room.tell("{}")
        assert client.connection.closed
        assert caplog.records == []

    async def test_is_counted(self, client):
        before = counters.messages_out
        client.socket.emit("say")
        assert counters.messages_out == before + 1

    async def test_when_awaited_waits_for_a_slow_client(self, connect):
        client = await connect(limits=small(1000))
        client.transport.hold()
        await client.socket.emit("on its way")

        async def emit():
            await client.socket.emit("say", "x" * 600)

        task = asyncio.create_task(emit())
        await turns()
        assert not task.done()
        client.transport.release()
        await asyncio.wait_for(task, 10)

    async def test_in_a_worker_thread_waits_for_a_slow_client(self, connect):
        client = await connect(limits=small(1000))
        client.transport.hold()
        client.socket.emit("on its way")
        congested, done = threading.Event(), threading.Event()

        def emit():
            client.socket.emit("say", "x" * 600)
            congested.wait(10)
            client.socket.emit("say", "more")
            done.set()

        with ThreadPoolExecutor(1) as executor:
            executor.submit(emit)
            await until(lambda: client.connection._outbox.is_congested)
            congested.set()
            assert not await asyncio.to_thread(done.wait, 0.2)
            client.transport.release()
            await until(done.is_set)

    async def test_on_another_loop_can_be_awaited(self, client):
        async def emit():
            await client.socket.emit("say")

        await asyncio.to_thread(lambda: asyncio.run(emit()))
        await until(lambda: client.events == ["say"])

    async def test_a_warning_sends_message_and_code(self, client):
        client.socket.emit_warning("Careful.", "hot")
        client.socket.emit_warning("Careful.")
        assert client.received == [
            {"event": "warning", "data": {"code": "hot", "message": "Careful."}},
            {"event": "warning", "data": {"message": "Careful."}},
        ]


class TestBroadcasting:
    async def test_reaches_all_others_of_the_path(self, room, connect):
        room.on(_named("say", lambda socket: socket.broadcast("said", "hi") and None))
        client, other, stranger = await connect(), await connect(), await connect("/elsewhere")
        await client.send("say")
        await until(lambda: other.received)
        assert other.received == [{"event": "said", "data": {"message": "hi"}}]
        assert client.received == []
        assert stranger.received == []

    async def test_asks_its_endpoint_whether_it_may(self, room, connect):
        asked = []

        def refuse(*question):
            asked.append(question)
            raise EmitHandlerError("say", "/test")

        client, other = await connect(), await connect()
        room.refuse_to_broadcast = refuse
        with pytest.raises(EmitHandlerError):
            client.socket.broadcast("say")
        assert asked == [("say", "/test")]
        assert other.events == []

    async def test_looks_at_the_types_first(self, client):
        with pytest.raises(TypeError, match="dict or a str"):
            client.socket.broadcast("say", 1)

    async def test_can_be_awaited(self, room, connect):
        @room.on
        async def say(socket):
            await socket.broadcast("said")

        client, other = await connect(), await connect()
        await client.send("say")
        assert other.events == ["said"]


class TestClosing:
    async def test_sends_what_was_sent_before_first(self, client):
        client.transport.hold()
        client.socket.emit("one")
        client.socket.emit("two")
        client.socket.close(4001, "bye")
        client.transport.release()
        await until(lambda: len(client.transport.sent) == 3)
        assert client.events == ["one", "two"]
        assert client.transport.sent[-1] == Close(4001, "bye")

    async def test_is_1000_without_reason_by_default(self, client):
        client.socket.close()
        assert client.transport.sent == [Close(1000, "")]

    @pytest.mark.parametrize("code", [1000, 4000, 4999])
    async def test_takes_codes_that_all_servers_pass_on(self, client, code):
        client.socket.close(code)
        assert client.transport.sent == [Close(code, "")]

    @pytest.mark.parametrize("code", [0, 999, 1001, 1006, 3000, 3999, 5000])
    async def test_refuses_other_codes(self, client, code):
        with pytest.raises(ValueError, match=str(code)):
            client.socket.close(code)
        assert not client.connection.closed

    async def test_takes_a_reason_of_123_bytes(self, client):
        client.socket.close(4000, "é" * 61 + "x")
        assert client.transport.sent == [Close(4000, "é" * 61 + "x")]

    async def test_refuses_a_longer_reason(self, client):
        with pytest.raises(ValueError, match="123"):
            client.socket.close(4000, "é" * 62)
        assert not client.connection.closed

    async def test_again_does_nothing(self, client):
        client.socket.close(4001)
        client.socket.close(4002)
        assert client.transport.sent == [Close(4001, "")]

    async def test_after_the_client_has_gone_does_nothing(self, client):
        await client.leave()
        client.socket.close()
        assert client.transport.sent == []

    async def test_before_it_is_open_lets_nobody_in(self, room):
        client = MemoryClient(room)
        client.socket.close()
        assert client.connection.closed
        assert client.transport.sent == []

    async def test_makes_it_deaf(self, room, client):
        calls = []
        room.on(_named("say", lambda: calls.append(1)))
        client.socket.close()
        await client.send("say")
        await client.send("unheard-of")
        assert calls == []
        assert client.received == []

    async def test_ends_what_it_gets_from_the_group(self, room, client):
        client.socket.close()
        room.tell('{"event": "late"}')
        assert client.events == []

    async def test_by_the_server_takes_any_code(self, client):
        client.connection.end(Close(1001, "going"))
        assert client.transport.sent == [Close(1001, "going")]
        assert client.connection.closed

    async def test_can_be_awaited(self, client):
        await client.socket.close()
        assert client.transport.sent == [Close(1000, "")]

    async def test_works_in_a_worker_thread(self, client):
        await asyncio.to_thread(client.socket.close)
        await until(lambda: client.transport.sent == [Close(1000, "")])


class TestClientsThatLeft:
    async def test_cannot_be_sent_to(self, client):
        client.connection.on_lost()
        with pytest.raises(WebSocketClosedError):
            client.socket.emit("say")
        assert client.transport.sent == []

    async def test_are_passed_over_by_broadcasts(self, room, connect):
        client, other = await connect(), await connect()
        client.connection.on_lost()
        room.tell('{"event":"news","data":{}}')
        assert (client.events, other.events) == ([], ["news"])

    async def test_have_what_they_sent_before_handled(self, room, client):
        calls = []
        room.dispatcher.register(lambda: calls.append("say"), "say")
        client.connection.on_lost()
        await client.send("say")
        assert calls == ["say"]

    async def test_after_they_were_closed_are_not_heard(self, room, client):
        calls = []
        room.dispatcher.register(lambda: calls.append("say"), "say")
        client.socket.close()
        client.connection.on_lost()
        await client.send("say")
        assert calls == []

    async def test_have_it_handled_for_a_while_only(self, room, connect):
        calls = []
        room.on(_named("say", lambda socket: calls.append(socket.id)))
        lately, long_ago = await connect(), await connect(straggling=-1.0)
        for client in (lately, long_ago):
            client.connection.on_lost()
            await client.send("say")
        assert [client.connection.is_long_gone for client in (lately, long_ago)] == [False, True]
        assert calls == [lately.connection.id]

    async def test_may_be_lost_twice(self, room, client):
        calls = []
        room.on(_named("say", lambda: calls.append(1)))
        client.connection.on_lost()
        client.connection.on_lost()
        await client.send("say")
        assert calls == [1]

    async def test_cost_no_writing_of_answers(self, room, client):
        client.connection.on_lost()
        room.on(_named("ask", lambda: {1, 2}))  # which JSON does not know
        before = counters.handler_errors
        await client.send("ask", id=1)
        assert counters.handler_errors == before


class TestKicking:
    async def test_closes_at_once_and_drops_what_waits(self, client):
        client.transport.hold()
        client.socket.emit("on its way")
        client.socket.emit("waits")
        client.connection.kick(4401, "Logged out.")
        client.transport.release()
        await until(lambda: len(client.transport.sent) == 2)
        assert client.transport.sent == ['{"event":"on its way","data":{}}', Close(4401, "Logged out.")]

    async def test_has_nothing_handled_of_who_has_left(self, room, client):
        calls = []
        room.dispatcher.register(lambda: calls.append("say"), "say")
        client.connection.on_lost()
        client.connection.kick(4401, "Logged out.")
        await client.send("say")
        assert calls == client.transport.sent == []

    async def test_overtakes_an_orderly_close(self, client):
        client.transport.hold()
        client.socket.emit("on its way")
        client.socket.close(4000)
        client.connection.kick(4401, "Logged out.")
        client.transport.release()
        await until(lambda: len(client.transport.sent) == 2)
        assert client.transport.sent[-1] == Close(4401, "Logged out.")

    async def test_lets_nothing_follow(self, room, client):
        calls = []
        room.dispatcher.register(lambda: calls.append("say"), "say")
        client.connection.kick(4401, "Logged out.")
        await client.connection.received('{"event": "say"}')
        with pytest.raises(WebSocketClosedError):
            client.socket.emit("more")
        assert calls == []

    async def test_of_one_that_is_closed_does_nothing(self, client):
        client.connection.kick(4401, "Logged out.")
        client.connection.kick(4401, "Logged out.")
        assert client.transport.sent == [Close(4401, "Logged out.")]


class TestLeaving:
    async def test_calls_the_handler_once(self, room, client):
        calls = []
        room.on(_named("close", lambda: calls.append(1)))
        await asyncio.gather(client.leave(), client.leave())
        await client.leave()
        assert calls == [1]

    async def test_shows_nowhere_when_the_handler_is_called(self, room, client):
        seen = []

        @room.on
        async def close(socket):
            seen.append((room.handlers, socket.closed, "/test" in room.hub.shard().topics))

        await client.leave()
        assert seen == [([], True, False)]

    async def test_stops_what_is_being_sent(self, client):
        client.transport.hold()
        client.socket.emit("say")
        await client.leave()
        assert client.transport.sending == 0

    async def test_is_finished_though_it_is_cancelled_where_the_client_has_never_joined(self, room):
        client = MemoryClient(room)
        connection = client.connection
        await connection.attend(wait=True)
        connection.on_accepted()
        client.transport.hold()
        connection.write("x")
        await turns()
        closing = asyncio.create_task(connection.on_closed())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        assert not room.hub.has_clients(CONTROL)

    async def test_ends_the_membership_though_the_handler_fails(self, room, caplog):
        room.on(_named("close", lambda: 1 / 0))
        client = await MemoryClient(room, "/leaves").connect()
        assert room.hub.has_clients("/leaves")
        await client.leave()
        assert not room.hub.has_clients("/leaves")
        assert len(caplog.records) == 1

    async def test_is_over_when_the_publisher_has_sent_its_last_words(self, room, client):
        """Until then a server that stops keeps the event loop running."""

        class Draining:
            is_listening = True

            def __init__(self):
                self.is_leaving = asyncio.Event()
                self.has_left = asyncio.Event()

            async def leave(self, topic):
                self.is_leaving.set()
                await self.has_left.wait()

        room.hub.publisher = publisher = Draining()
        leaving = asyncio.create_task(client.leave())
        await publisher.is_leaving.wait()
        assert not room.hub.shard().is_empty
        publisher.has_left.set()
        await leaving
        assert room.hub.shard().is_empty

    @pytest.mark.parametrize("reason", [None, "others are heard", "its store is asked", "its server stops"])
    async def test_takes_a_task_only_where_it_may_have_to_wait(self, room, reason):
        room.hub.publisher = MemoryPublisher()
        room.hub.publisher.is_listening = reason == "others are heard"
        room.kept_hub = room.hub if reason == "its store is asked" else None
        client, loop, tasks = await MemoryClient(room, "/leaves").connect(), asyncio.get_running_loop(), []
        if reason == "its server stops":
            client.connection.end(Close(1001))
        loop.set_task_factory(lambda loop, work, **options: tasks.append(1) or asyncio.Task(work, loop=loop, **options))
        await client.leave()
        loop.set_task_factory(None)
        assert len(tasks) == (reason is not None)
        assert room.hub.publisher.log == ["join /leaves", "leave /leaves"]

    def test_ends_the_membership_though_it_is_cancelled(self, room):
        async def test(clock):
            client = await MemoryClient(room, "/leaves").connect()
            task = asyncio.create_task(client.leave())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert room.hub.has_clients("/leaves")
            await clock.forward(LAST_SECONDS + 1)
            assert not room.hub.has_clients("/leaves")

        started = asyncio.Event()

        @room.on
        async def close():
            started.set()
            await asyncio.Event().wait()

        run_on_clock(test)

    async def test_leaves_what_processes_are_told_though_it_is_cancelled_as_it_leaves_its_path(self, room):
        class Hanging(MemoryPublisher):
            is_listening = True

            async def leave(self, topic):
                await super().leave(topic)
                if topic == "/leaves":
                    raise asyncio.CancelledError

        room.hub.publisher = publisher = Hanging()
        client = MemoryClient(room, "/leaves")
        await client.connection.attend(wait=True)
        await client.connect()
        with pytest.raises(asyncio.CancelledError):
            await client.leave()
        assert publisher.log[-2:] == ["leave /leaves", f"leave {CONTROL}"]
        assert not room.hub.topics()

    async def test_close_handler_runs_to_its_end_though_it_is_cancelled(self, room):
        started, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        @room.on
        async def close():
            started.set()
            await go_on.wait()
            ended.set()

        client = await MemoryClient(room, "/stays").connect()
        task = asyncio.create_task(client.leave())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.wait_for(ended.wait(), 10)

    async def test_is_counted(self, client):
        before = counters.connections
        await client.leave()
        assert counters.connections == before - 1

    async def test_calls_what_is_registered_for_it_in_order(self, room, client):
        calls = []
        room.dispatcher.register(lambda: calls.append("module"), "module_close", at="close")
        room.dispatcher.register(lambda: calls.append("own"), "close")
        await client.leave()
        assert calls == ["own", "module"]

    @pytest.mark.parametrize(
        ("limits", "refusal"),
        [
            (Limits(max_connections=1), "there are 1 connections"),
            (Limits(max_connections_per_address=1), "there are 1 connections from 192.0.2.7"),
        ],
        ids=["in all", "per address"],
    )
    async def test_frees_one_place(self, room, limits, refusal):
        first, second, third = (MemoryClient(room, limits=limits, address="192.0.2.7") for _ in range(3))
        assert first.connection.admit() is None
        assert second.connection.admit() == refusal
        await second.leave()
        assert third.connection.admit() == refusal
        await first.leave()
        await first.leave()
        assert second.connection.admit() is None
        assert third.connection.admit() == refusal
        await second.leave()


class TestSlowClients:
    async def test_are_given_up_when_too_much_waits(self, room, connect, caplog):
        client = await connect(limits=small(1000))
        client.transport.hold()
        before = counters.slow_clients_closed
        for _ in range(10):
            room.tell("x" * 600)
        assert client.transport.aborts == [4008]
        assert client.connection.closed
        assert counters.slow_clients_closed == before + 1

    async def test_are_logged_once(self, room, connect, caplog):
        client = await connect(limits=small(1000))
        client.transport.hold()
        for _ in range(10):
            room.tell("x" * 600)
        [record] = caplog.records
        assert (record.name, record.levelname) == (LOGGER, "WARNING")
        assert "/test" in record.getMessage()
        assert client.connection.id in record.getMessage()

    async def test_delay_nobody(self, room, connect):
        slow, healthy = await connect(limits=small(1000)), await connect()
        slow.transport.hold()
        for _ in range(10):
            room.tell('{"event": "say"}')
        assert healthy.events == ["say"] * 10

    async def test_can_send_no_more_until_they_have_taken_enough(self, room, connect):
        client = await connect(limits=small(1000))
        client.transport.hold()
        client.socket.emit("on its way")
        room.on(_named("say", lambda: None))
        client.socket.emit("say", "x" * 600)
        task = asyncio.create_task(client.send("say"))
        done, _ = await asyncio.wait([task], timeout=0.1)
        assert not done
        client.transport.release()
        await asyncio.wait_for(task, 10)


class TestBackPressure:
    """A client's next message is handled when what its last one caused is out."""

    @staticmethod
    async def is_waiting(task):
        await turns()
        return not task.done()

    async def test_waits_until_its_answer_is_taken(self, room, client):
        room.on(_named("ask", lambda: {"x": "y"}))
        client.transport.hold()
        task = asyncio.create_task(client.send("ask", id=1))
        assert await self.is_waiting(task)
        client.transport.take(1)
        await asyncio.wait_for(task, 10)

    async def test_waits_until_a_refusal_is_taken(self, client):
        client.transport.hold()
        task = asyncio.create_task(client.send("nobody"))
        assert await self.is_waiting(task)
        client.transport.take(1)
        await asyncio.wait_for(task, 10)

    @pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
    async def test_waits_until_what_was_emitted_to_it_is_taken(self, room, client, is_async):
        async def pour(socket):
            for _ in range(3):
                socket.emit("drop")

        room.on(pour if is_async else _named("pour", lambda socket: [socket.emit("drop") for _ in range(3)] and None))
        client.transport.hold()
        task = asyncio.create_task(client.send("pour"))
        for _ in range(3):
            assert await self.is_waiting(task)
            client.transport.take(1)
        await asyncio.wait_for(task, 10)

    async def test_does_not_wait_for_what_comes_after(self, room, client):
        @room.on
        async def ask():
            """Nothing to say."""

        client.transport.hold()
        task = asyncio.create_task(client.send("ask", id=1))
        assert await self.is_waiting(task)
        for _ in range(5):
            room.tell('{"event": "news"}')
        client.transport.take(1)
        await asyncio.wait_for(task, 10)

    async def test_waits_until_its_broadcasts_have_had_their_turn(self, room, client, connect):
        other = await connect()

        @room.on
        async def shout():
            for number in range(2 * BUDGET):
                room.tell(f'{{"event": "{number}"}}')

        await client.send("shout")
        assert other.events == [str(number) for number in range(2 * BUDGET)]

    async def test_is_not_held_back_by_a_receiver_that_takes_nothing(self, room, client, connect):
        deaf = await connect()
        deaf.transport.hold()

        @room.on
        async def shout():
            room.tell('{"event": "x"}')

        await asyncio.wait_for(client.send("shout"), 10)

    async def test_is_not_held_back_by_its_own_line_where_it_asks_for_nothing(self, room, client):
        room.on(_named("say", lambda: None))
        client.transport.hold()
        room.tell('{"event": "news"}')
        await asyncio.wait_for(client.send("say"), 10)
        client.transport.release()

    async def test_waits_where_too_much_of_its_path_waits_for_other_processes(self, room, client):
        calls, has_room = [], asyncio.Event()

        class Busy:
            is_listening = True

            def publish(self, message, outcome=None):
                calls.append(message.topic)

            def is_congested(self, topic):
                return topic == "/test"

            async def room(self, topic):
                await has_room.wait()

            async def leave(self, topic):
                """The client leaves after the test."""

        @room.on
        async def shout():
            room.tell('{"event": "x"}')

        room.on(_named("whisper", lambda: None))
        room.hub.publisher = Busy()
        task = asyncio.create_task(client.send("shout"))
        assert await self.is_waiting(task)
        has_room.set()
        await asyncio.wait_for(task, 10)
        has_room.clear()
        await asyncio.wait_for(client.send("whisper"), 10)  # which sends nothing
        assert calls == ["/test"]

    async def test_applies_to_the_open_handler(self, room):
        async def open(socket):  # noqa: A001 the name of the event
            socket.emit("hello")

        room.on(open)
        client = MemoryClient(room)
        client.transport.hold()
        task = asyncio.create_task(client.connect())
        assert await self.is_waiting(task)
        client.transport.release()
        await (await task).leave()

    async def test_lets_large_messages_be_decoded_one_after_the_other(self, room, connect):
        order = []

        @room.on
        async def note(data):
            order.append(data["n"])
            time.sleep(2 * turnstile.SECONDS)  # noqa: ASYNC251 as decoding does

        clients = [await connect() for _ in range(5)]
        large = [asyncio.create_task(each.send("note", {"n": n, "x": "x" * BULKY})) for n, each in enumerate(clients)]
        await turns(3)
        await (await connect()).send("note", {"n": "small"})
        await asyncio.gather(*large)
        assert order.index("small") < len(order) - 1
        assert sorted(order, key=str) == [0, 1, 2, 3, 4, "small"]

    async def test_the_next_message_waits_where_the_last_took_long_and_nobody_elses_does(
        self, room, connect, monkeypatch
    ):
        held = HeldTurnstile()
        monkeypatch.setattr(room.hub.shard(), "turnstile", held)
        notes = []

        @room.on
        async def burn(data):
            notes.append(data["n"])
            burn_for(20 * COSTLY)
            await asyncio.sleep(0)

        @room.on
        async def note(data):
            notes.append(data["n"])

        client, other = await connect(), await connect()
        await client.send("burn", {"n": 0})
        waiting = asyncio.create_task(client.send("note", {"n": 1}))
        await turns()
        await other.send("note", {"n": 2})
        assert (notes, held.count) == ([0, 2], 1)
        held.let_through(1)
        await waiting
        assert notes == [0, 2, 1]

    @pytest.mark.parametrize("event", ["note", "wait"])
    async def test_who_takes_little_of_the_loop_waits_for_no_turn(self, room, client, monkeypatch, event):
        counting = CountingTurnstile()
        monkeypatch.setattr(room.hub.shard(), "turnstile", counting)

        @room.on
        async def note():
            """Takes nothing."""

        @room.on
        async def wait():
            await asyncio.sleep(3 * COSTLY)

        for _ in range(50):
            await client.send(event)
        assert counting.waits == 0

    async def test_who_takes_long_no_more_waits_no_more(self, room, client, monkeypatch):
        counting = CountingTurnstile()
        monkeypatch.setattr(room.hub.shard(), "turnstile", counting)

        @room.on
        async def burn(data):
            burn_for(data["seconds"])

        for _ in range(4):
            await client.send("burn", {"seconds": 20 * COSTLY})
        assert counting.waits == 3
        for _ in range(50):
            await client.send("burn", {"seconds": 0})
        waits = counting.waits
        await client.send("burn", {"seconds": 0})
        assert 3 < counting.waits == waits

    async def test_what_waits_for_its_turn_is_handled_though_its_client_has_left(self, room, client, monkeypatch):
        held = HeldTurnstile()
        monkeypatch.setattr(room.hub.shard(), "turnstile", held)
        notes = []

        @room.on
        async def burn(data):
            notes.append(data["n"])
            burn_for(20 * COSTLY)

        await client.send("burn", {"n": 0})
        waiting = asyncio.create_task(client.send("burn", {"n": 1}))
        await turns()
        client.connection.on_lost()
        held.let_through(1)
        await waiting
        assert notes == [0, 1]

    async def test_an_order_to_close_from_elsewhere_comes_after_what_a_handler_has_sent(self, room, client):
        @room.on
        async def pour(socket):
            for number in range(4 * BUDGET):
                socket.emit(str(number))

        task = asyncio.create_task(client.send("pour"))
        await asyncio.sleep(0)
        client.socket.close()
        await until(lambda: Close(1000, "") in client.transport.sent)
        await task
        assert client.events == [str(number) for number in range(4 * BUDGET)]

    async def test_what_a_plain_thread_emits_comes_after_what_the_handler_has_sent(self, room, client):
        @room.on
        async def pour(socket):
            for number in range(2 * BUDGET):
                socket.emit(str(number))
            thread = threading.Thread(target=lambda: socket.emit("last"))
            thread.start()
            thread.join(10)

        await client.send("pour")
        await until(lambda: "last" in client.events)
        assert client.events == [*map(str, range(2 * BUDGET)), "last"]

    async def test_answers_do_not_wait_for_the_layer_where_others_flood_the_path(self, room, client):
        class Busy:
            is_listening = True

            def is_congested(self, topic):
                return True

            async def room(self, topic):
                pytest.fail("waited")

            async def leave(self, topic):
                """The client leaves after the test."""

        room.on(_named("ask", lambda: "answer"))
        room.hub.publisher = Busy()
        await client.send("ask", id=1)


class TestClientsThatFlood:
    async def test_get_nothing_more(self, client):
        client.transport.hold()
        client.socket.emit("on its way")
        client.socket.emit("waiting")
        client.connection.on_flood(1008, "it is rude")
        client.transport.release()
        await turns()
        assert client.transport.aborts == [1008]
        assert client.events == ["on its way"]
        assert client.connection.closed

    async def test_have_nothing_more_handled(self, room, client):
        calls = []
        room.on(_named("say", lambda: calls.append(1)))
        client.connection.on_flood(1008, "it is rude")
        await client.send("say")
        assert calls == []

    async def test_are_counted_and_logged_once(self, client, caplog):
        before = counters.flooding_clients_closed
        client.connection.on_flood(1008, "it is rude")
        client.connection.on_flood(1008, "it is rude")
        assert counters.flooding_clients_closed == before + 1
        [record] = caplog.records
        assert "it is rude" in record.getMessage()
        assert client.connection.id in record.getMessage()


class TestTheCurrentConnection:
    async def test_is_known_to_async_handlers(self, room, client):
        seen = []

        @room.on
        async def say():
            seen.append(current.get())

        await client.send("say")
        assert seen == [client.connection]

    async def test_is_known_to_sync_handlers(self, room, client):
        seen = []
        room.on(_named("say", lambda: seen.append(current.get())))
        await client.send("say")
        assert seen == [client.connection]

    async def test_is_known_to_what_a_handler_starts(self, room, client):
        seen, tasks, handled = [], [], asyncio.Event()

        async def later():
            await handled.wait()
            seen.append(current.get())
            await asyncio.to_thread(lambda: seen.append(current.get()))

        @room.on
        async def say():
            tasks.append(asyncio.create_task(later()))

        await client.send("say")
        handled.set()
        await tasks[0]
        assert seen == [client.connection] * 2

    @pytest.mark.parametrize("fails", [False, True])
    async def test_is_nobody_after_a_handler(self, room, client, fails):
        room.on(_named("say", (lambda: 1 / 0) if fails else (lambda: None)))
        await client.send("say")
        assert current.get() is None


class TestDescription:
    async def test_tells_path_and_state(self, client):
        assert repr(client.connection) == f"<Connection {client.connection.id} on /test open>"
        await client.leave()
        assert "closed" in repr(client.connection)

    async def test_ids_are_unique(self, connect):
        clients = [await connect() for _ in range(3)]
        assert len({client.connection.id for client in clients}) == 3

    async def test_state_is_a_dict_of_ones_own(self, connect):
        one, other = await connect(), await connect()
        one.connection.state["name"] = "Ada"
        assert other.connection.state == {}


def _named(name, function):
    function.__name__ = name
    return function


async def test_who_cannot_join_leaves_its_topic(monkeypatch):
    room = Room()
    monkeypatch.setattr(room, "user_key", lambda user: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await MemoryClient(room).connect()
    assert room.hub._clients == {}
