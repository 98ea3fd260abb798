"""``WebSocketHandler`` in a Tornado application of the test's own."""

import asyncio
import gc
import json
import select
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import tornado.websocket
from django.test import override_settings

from tests.support import told_sessions
from tests.support.client import Refused
from tests.support.waiting import turns as turn_round
from tests.support.waiting import until
from tests.tornado.application import Raw, Serving, serving
from tornado_websockets.core.connections.inbox import MAX_WAITING
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.hub import Hub, hub
from tornado_websockets.core.delivery.turnstile import MOST_IN
from tornado_websockets.tornado_bridge.transport import ClosingTimes
from tornado_websockets.websocket import WebSocket, endpoint_of
from tornado_websockets.websockethandler import WebSocketHandler

#: A masked text frame, of a client that does nothing by itself.
MASK = bytes(4)


def frame(text: str) -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + MASK + text.encode()


class Visit:
    """One WebSocket that notes what happens, and its application.

    :ivar notes: what handlers have noted, in order.
    :ivar made: the Tornado handlers of all connections.
    """

    def __init__(self, path: str = "/x", **options: Any) -> None:
        self.notes: list[str] = []
        self.made: list[WebSocketHandler] = []
        self.proceed = asyncio.Event()
        self.closing_times = ClosingTimes()
        self.ws = WebSocket(path, add_to_handlers=False, **options)
        self.ws.on(self.close)
        self.ws.on(self.echo)
        self.ws.on(self.say)
        self.ws.on(self.leave)
        self.ws.on(self.wait)

    @property
    def handler(self) -> Any:
        made = self.made

        class Handler(WebSocketHandler):
            closing_times = self.closing_times

            def initialize(self, websocket: WebSocket) -> None:
                super().initialize(websocket)
                made.append(self)

        return (r"/ws/.*", Handler, {"websocket": self.ws})

    async def close(self, socket: Any) -> None:
        self.notes.append("close")

    async def echo(self, socket: Any, data: Any) -> None:
        socket.emit("echo", data)

    async def say(self, data: Any) -> None:
        self.ws.emit("said", data)

    async def leave(self, socket: Any, data: Any) -> None:
        socket.close(data.get("code"), data.get("reason"))

    async def wait(self, socket: Any) -> None:
        self.notes.append("waiting")
        await self.proceed.wait()
        self.notes.append("waited")

    async def noted(self, note: str) -> None:
        await until(lambda: note in self.notes)


@pytest.fixture
async def visit() -> Visit:
    return Visit()


@pytest.fixture
async def served(visit: Visit) -> AsyncIterator[Serving]:
    async with serving(visit.handler) as served:
        yield served
    assert visit.ws.handlers == []
    assert hub.shard().topics == {}


def test_it_is_a_handler_of_tornado() -> None:
    assert issubclass(WebSocketHandler, tornado.websocket.WebSocketHandler)


async def test_the_socket_of_a_handler_is_the_tornado_handler(visit: Visit, served: Serving) -> None:
    await served.connect("/ws/x")
    assert visit.ws.handlers == visit.made


async def test_the_socket_has_the_members_it_has_under_channels(visit: Visit, served: Serving) -> None:
    await served.connect("/ws/x?a=1", {"X-Test": "a word"})
    (socket,) = visit.made
    socket.state["of"] = "the application"
    assert len(socket.id) == 32
    assert socket.path == "/x"
    assert socket.kwargs == {}
    assert socket.query_string == "a=1"
    assert socket.headers["x-test"] == socket.headers["X-TEST"] == "a word"
    assert socket.user.is_anonymous
    assert socket.session.is_empty()
    assert socket.state == {"of": "the application"}
    assert socket.closed is False


async def test_user_session_and_path_can_be_assigned_as_under_channels(visit: Visit, served: Serving) -> None:
    await served.connect("/ws/x")
    (socket,) = visit.made
    socket.user = "somebody"
    assert connection_of(socket).user == "somebody"


async def test_an_order_that_comes_while_the_session_is_read_is_carried_out(
    visit: Visit, served: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = visit.ws.to(exclude=[])
    monkeypatch.setattr(told_sessions.SessionStore, "on_load", lambda: everybody.disconnect(4100))
    with override_settings(SESSION_ENGINE=told_sessions.__name__):
        client = await served.connect("/ws/x", {"Cookie": "sessionid=somebodys"})
        assert await client.closed() == (4100, "")


async def test_each_client_comes_in_once_by_the_door(visit: Visit, served: Serving) -> None:
    before = hub.shard().door.came
    await served.connect("/ws/x")
    assert hub.shard().door.came == before + 1


async def test_emit_reaches_the_client(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    visit.made[0].emit("news", {"a": 1})
    assert await client.expect("news") == {"a": 1}


async def test_emit_after_the_close_raises(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.close()
    await visit.noted("close")
    with pytest.raises(tornado.websocket.WebSocketClosedError):
        visit.made[0].emit("news", {"a": 1})


async def test_a_warning_has_a_code(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    visit.made[0].emit_warning("Careful.", "code")
    assert await client.expect("warning") == {"code": "code", "message": "Careful."}


async def test_two_messages_leave_at_once(visit: Visit, served: Serving) -> None:
    """The second does not wait for the acknowledgement of the first, for which Linux takes 40 ms."""
    client = await served.connect("/ws/x")
    delays = []
    for number in range(10):
        await client.emit("echo", {"n": number})
        await client.emit("echo", {"n": number})
        await client.receive()
        start = time.monotonic()
        await client.receive()
        delays.append(time.monotonic() - start)
    assert sorted(delays)[5] < 0.02


async def test_on_message_can_be_overridden() -> None:
    ws = WebSocket("/x", add_to_handlers=False)

    @ws.on
    async def echo(socket: Any, data: Any) -> None:
        socket.emit("echo", data)

    class Polite(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            super().on_message(str(message).replace("rude", "kind"))

    async with serving(("/ws/x", Polite, {"websocket": ws})) as served:
        client = await served.connect("/ws/x")
        await client.emit("echo", {"a": "rude word"})
        assert await client.expect("echo") == {"a": "kind word"}


def _fail(self: WebSocketHandler) -> None:
    raise RuntimeError("of the application")


@pytest.mark.parametrize("own", [_fail, lambda self: None], ids=["fails", "without-super"])
async def test_an_on_connection_close_of_its_own_keeps_nobody_here(own: Callable[[WebSocketHandler], None]) -> None:
    ws = WebSocket("/x", add_to_handlers=False)
    notes = []

    @ws.on
    def close() -> None:
        notes.append("close")

    kind = type("Forgetful", (WebSocketHandler,), {"on_connection_close": own})
    async with serving(("/ws/x", kind, {"websocket": ws})) as served:
        before = counters.connections
        client = await served.connect("/ws/x")
        await client.close()
        await until(lambda: notes and not ws.handlers and counters.connections == before)
    assert notes == ["close"]


async def test_on_close_can_be_overridden() -> None:
    ws = WebSocket("/x", add_to_handlers=False)
    notes = []

    class Noting(WebSocketHandler):
        def on_close(self) -> None:
            notes.append(self.close_code)
            super().on_close()

    async with serving(("/ws/x", Noting, {"websocket": ws})) as served:
        client = await served.connect("/ws/x")
        await client.close()
        await until(lambda: notes and not ws.handlers)
    assert notes == [1000]


@pytest.mark.parametrize("fails", [False, True])
async def test_an_on_close_of_its_own_keeps_nobody_here(fails: bool) -> None:
    ws = WebSocket("/x", add_to_handlers=False)
    notes = []

    class Forgetful(WebSocketHandler):
        def on_close(self) -> None:
            notes.append("on_close")
            if fails:
                raise RuntimeError("of the application")

    @ws.on
    def close() -> None:
        notes.append("close")

    async with serving(("/ws/x", Forgetful, {"websocket": ws})) as served:
        before = counters.connections
        client = await served.connect("/ws/x")
        await client.close()
        await until(lambda: len(notes) == 2 and not ws.handlers and counters.connections == before)
    assert notes == ["on_close", "close"]


async def test_one_is_registered_on_open_and_not_before() -> None:
    asked, proceed = asyncio.Event(), asyncio.Event()

    async def authorize(socket: Any) -> bool:
        asked.set()
        await proceed.wait()
        return True

    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        client = await served.raw("/ws/x")
        await asked.wait()
        assert visit.ws.handlers == []
        assert hub.shard().topics == {}
        proceed.set()
        assert await client.status() == 101
        await until(lambda: visit.ws.handlers)
        client.abort()
        await visit.noted("close")


async def test_plain_requests_leave_broadcasts_intact(visit: Visit, served: Serving) -> None:
    clients = [await served.connect("/ws/x") for _ in range(2)]
    plain = Raw(*await asyncio.open_connection("127.0.0.1", served.port))
    for number in range(1_000):
        plain.ask("/ws/x", {"Host": "127.0.0.1"}, method="GET" if number % 2 else "POST")
    statuses = {await _skip(plain) for _ in range(1_000)}
    plain.abort()
    await clients[0].emit("say", {"a": 1})
    assert statuses == {400, 405}
    assert len(visit.ws.handlers) == 2
    for client in clients:
        assert await client.expect("said") == {"a": 1}


async def _skip(client: Raw) -> int:
    """The status of an answer that is read to its end."""
    head = await client.reader.readuntil(b"\r\n\r\n")
    (length,) = (line.split()[1] for line in head.splitlines() if line.lower().startswith(b"content-length"))
    await client.reader.readexactly(int(length))
    return int(head.split()[1])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": "h2c"}, 400),
        ({"Connection": "close"}, 400),
        ({"Sec-WebSocket-Version": "12"}, 426),
        ({"Sec-WebSocket-Key": ""}, 400),
    ],
)
async def test_half_a_handshake_is_refused(visit: Visit, served: Serving, headers: dict[str, str], status: int) -> None:
    client = await served.raw("/ws/x", headers)
    assert await client.status() == status
    client.abort()
    await turn_round()
    assert visit.notes == []


async def test_parameters_of_the_path_are_converted() -> None:
    visit = Visit("/room/<slug:room>/<int:number>")
    async with serving(visit.handler) as served:
        await served.connect("/ws/room/a-b/7")
        assert visit.made[0].kwargs == {"room": "a-b", "number": 7}


async def test_parameters_may_be_percent_encoded() -> None:
    visit = Visit("/word/<str:word>")
    async with serving(visit.handler) as served:
        await served.connect("/ws/word/caf%C3%A9+%20")
        assert visit.made[0].kwargs == {"word": "café+ "}
        assert visit.made[0].path == "/word/café+ "


async def test_each_concrete_path_is_a_room_of_its_own() -> None:
    visit = Visit("/room/<slug:room>")
    async with serving(visit.handler) as served:
        here, there = await served.connect("/ws/room/a"), await served.connect("/ws/room/b")
        await here.emit("say", {"in": "a"})
        await there.emit("say", {"in": "b"})
        assert await here.expect("said") == {"in": "a"}
        assert await there.expect("said") == {"in": "b"}


async def test_a_path_that_does_not_match_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    visit = Visit("/room/<int:number>")
    async with serving(visit.handler) as served:
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/room/seven")
    assert refused.value.status == 403
    assert "it does not match '/room/<int:number>'" in caplog.text
    assert "Traceback" not in caplog.text


@override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10)
async def test_a_query_of_more_parameters_than_django_reads_is_refused(
    visit: Visit, served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    await served.connect("/ws/x?a=1" + "&" * 9)
    assert visit.made[0].query["a"] == "1"
    with pytest.raises(Refused) as refused:
        await served.connect("/ws/x?" + "&" * 10)
    assert refused.value.status == 403
    assert "it has 11 query parameters, above DATA_UPLOAD_MAX_NUMBER_FIELDS" in caplog.text


async def test_it_can_be_mounted_at_any_path() -> None:
    visit = Visit()
    async with serving(("/elsewhere", *visit.handler[1:])) as served:
        client = await served.connect("/elsewhere")
        await client.emit("echo", {"a": 1})
        assert await client.expect("echo") == {"a": 1}


async def test_mounted_elsewhere_its_parameters_are_the_groups_of_the_pattern() -> None:
    visit = Visit("/room/<int:number>")
    async with serving((r"/elsewhere/(?P<number>.*)", *visit.handler[1:])) as served:
        await served.connect("/elsewhere/7")
        assert visit.made[0].kwargs == {"number": 7}
        with pytest.raises(Refused) as refused:
            await served.connect("/elsewhere/seven")
    assert refused.value.status == 403


async def test_headers_that_come_twice_are_joined_as_under_channels(visit: Visit, served: Serving) -> None:
    headers = [("X-Test", "a"), ("X-Test", "b"), ("Cookie", "a=1"), ("Cookie", "b=2")]
    await served.connect("/ws/x", headers)
    assert visit.made[0].headers["x-test"] == "a, b"
    assert visit.made[0].headers["cookie"] == "a=1; b=2"


@override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["*"]})
@pytest.mark.parametrize("origin", ["http://[1:2]", "null", "http://elsewhere.example"])
async def test_where_all_origins_are_allowed_each_is_let_in(visit: Visit, served: Serving, origin: str) -> None:
    await served.connect("/ws/x", {"Origin": origin})
    assert len(visit.ws.handlers) == 1


async def test_a_subclass_may_refuse_more_origins() -> None:
    class Strict(WebSocketHandler):
        def check_origin(self, origin: str) -> bool:
            return origin.startswith("https:")

    ws = WebSocket("/x", add_to_handlers=False)
    async with serving(("/ws/x", Strict, {"websocket": ws})) as served:
        await served.connect("/ws/x", {"Origin": f"https://127.0.0.1:{served.port}"})
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/x", {"Origin": f"http://127.0.0.1:{served.port}"})
    assert refused.value.status == 403


def _prepare(handler: Any) -> None:
    WebSocketHandler.prepare(handler)
    handler.made.append(handler.get_status())


def _prepare_alone(handler: Any) -> None:
    handler.made.append(200)


async def _prepare_later(handler: Any) -> None:
    if (turn := WebSocketHandler.prepare(handler)) is not None:
        await turn
    handler.made.append(handler.get_status())


@pytest.mark.parametrize(("prepare", "seen"), [(_prepare, 403), (_prepare_alone, 200), (_prepare_later, 403)])
async def test_a_subclass_lets_in_nobody_by_its_prepare(prepare: Any, seen: int) -> None:
    kind = type("Preparing", (WebSocketHandler,), {"prepare": prepare, "made": []})
    async with serving(("/ws/x", kind, {"websocket": WebSocket("/x", add_to_handlers=False)})) as served:
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/x", {"Origin": "http://elsewhere.example"})
        assert refused.value.status == 403
        await asyncio.gather(*(served.connect("/ws/x") for _ in range(2 * MOST_IN)))
    assert kind.made == [seen, *[200] * (2 * MOST_IN)]


def _is_let_in(socket: Any) -> bool:
    return bool(socket.headers.get("x-password") == "open")


async def _is_let_in_async(socket: Any) -> bool:
    return _is_let_in(socket)


@pytest.mark.parametrize("authorize", [_is_let_in, _is_let_in_async])
async def test_authorize_decides_who_comes_in(authorize: Any) -> None:
    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        await served.connect("/ws/x", {"X-Password": "open"})
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/x")
    assert refused.value.status == 403
    assert len(visit.made) == 2
    assert visit.notes == ["close"]


async def test_an_authorize_that_fails_refuses(caplog: pytest.LogCaptureFixture) -> None:
    def authorize(socket: Any) -> bool:
        raise ValueError("in authorize")

    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/x")
    assert refused.value.status == 403
    assert caplog.text.count("Traceback") == 1


async def test_an_authorize_that_closes_refuses() -> None:
    async def authorize(socket: Any) -> bool:
        socket.close()
        return True

    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        with pytest.raises(Refused) as refused:
            await served.connect("/ws/x")
    assert refused.value.status == 403


async def test_a_client_that_leaves_during_authorize_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    asked, proceed = asyncio.Semaphore(0), asyncio.Event()

    async def authorize(socket: Any) -> bool:
        asked.release()
        await proceed.wait()
        return True

    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        for number in range(20):
            client = await served.raw("/ws/x")
            await asked.acquire()
            client.abort()
            if number % 2:  # half of them are known to have gone when authorize ends
                await until(lambda: visit.made[-1]._on_close_called)
        proceed.set()
        await until(lambda: all(handler._on_close_called for handler in visit.made))
    await _are_forgotten(visit)
    assert visit.notes == ["close"] * visit.notes.count("close")
    assert "Traceback" not in caplog.text


async def test_a_client_that_leaves_during_open_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    visit = Visit()

    async def open(socket: Any) -> None:  # noqa: A001
        visit.notes.append("open")
        await visit.proceed.wait()

    visit.ws.on(open)
    async with serving(visit.handler) as served:
        clients = [await served.raw("/ws/x") for _ in range(20)]
        await until(lambda: len(visit.notes) == 20)
        for client in clients:
            client.abort()
        visit.proceed.set()
        await until(lambda: not visit.ws.handlers)
    await _are_forgotten(visit)
    assert visit.notes == ["open"] * 20 + ["close"] * 20
    assert "Traceback" not in caplog.text


@override_settings(TORNADO_WEBSOCKETS={"MAX_CONNECTIONS": 1})
async def test_handshakes_that_come_to_nothing_are_not_counted() -> None:
    asked = asyncio.Semaphore(0)
    proceed = asyncio.Event()

    async def authorize(socket: Any) -> bool:
        asked.release()
        if "x-wait" in socket.headers:
            await proceed.wait()
        return "x-refuse" not in socket.headers

    visit = Visit(authorize=authorize)
    async with serving(visit.handler) as served:
        for headers in ({"X-Refuse": "1"}, {"Sec-WebSocket-Key": ""}, {"Sec-WebSocket-Version": "1"}):
            client = await served.raw("/ws/x", headers)
            assert await client.status() != 101
            client.abort()
            await asked.acquire()
        client = await served.raw("/ws/x", {"X-Wait": "1"})
        await asked.acquire()
        client.abort()
        await until(lambda: visit.made[-1]._on_close_called)
        proceed.set()
        await turn_round()
        for _ in range(2):
            client = await served.connect("/ws/x")
            with pytest.raises(Refused):
                await served.connect("/ws/x")
            await client.close()
            await until(lambda: not visit.ws.handlers)


class Broken:
    """A publisher that joins nothing."""

    async def join(self, path: str) -> None:
        raise ConnectionError("no way")

    async def leave(self, path: str) -> None:
        pass


async def test_a_client_whose_opening_fails_is_forgotten(
    visit: Visit, served: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    other_hub = Hub()
    other_hub.publisher = Broken()
    endpoint_of(visit.ws).hub = other_hub
    with pytest.raises(Refused) as caught:
        await served.connect("/ws/x")
    assert caught.value.status == 500
    assert visit.ws.handlers == visit.notes == other_hub.topics() == []
    assert caplog.text.count("Traceback") == 1


async def _are_forgotten(visit: Visit) -> None:
    """Nothing holds a handler whose client has gone."""
    references = [weakref.ref(handler) for handler in visit.made]
    visit.made.clear()
    await turn_round()
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)
    assert visit.ws.handlers == []
    assert hub.shard().topics == {}


@pytest.mark.parametrize("way", ["close", "abort", "leave", "leave and abort", "close twice"])
async def test_close_runs_once_however_it_went(visit: Visit, served: Serving, way: str) -> None:
    client = await served.connect("/ws/x")
    if "leave" in way:
        await client.emit("leave", {"code": 4000})
    if "abort" in way:
        client.abort()
    if "close" in way:
        await client.close()
    if "twice" in way:
        await visit.noted("close")
        visit.made[0].close()
        visit.made[0].on_connection_close()
    await client.closed()
    await visit.noted("close")
    await until(lambda: hub.shard().is_empty)
    assert visit.notes == ["close"]


@pytest.mark.parametrize("way", ["close", "abort"])
async def test_close_waits_for_the_handler_that_is_running(visit: Visit, served: Serving, way: str) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    client.writer.write(frame('{"event": "wait"}'))
    await visit.noted("waiting")
    if way == "close":
        client.writer.write(b"\x88\x80" + MASK)
    client.writer.transport.abort() if way == "abort" else client.writer.close()
    await turn_round()
    assert visit.notes == ["waiting"]
    visit.proceed.set()
    await visit.noted("close")
    assert visit.notes == ["waiting", "waited", "close"]


async def test_close_waits_even_if_sending_has_found_the_client_gone(visit: Visit, served: Serving) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    client.writer.write(frame('{"event": "wait"}'))
    await visit.noted("waiting")
    client.abort()
    await until(lambda: _finds_it_gone(visit.made[0]))
    assert visit.made[0].closed
    await turn_round()
    assert visit.notes == ["waiting"]
    visit.proceed.set()
    await visit.noted("close")
    assert visit.notes == ["waiting", "waited", "close"]


def _finds_it_gone(socket: WebSocketHandler) -> bool:
    try:
        socket.emit("news")
    except tornado.websocket.WebSocketClosedError:
        return True
    return False


@pytest.mark.parametrize(("code", "reason"), [(None, None), (1000, "good-bye"), (4000, "é" * 61), (4999, "")])
async def test_a_close_has_code_and_reason(visit: Visit, served: Serving, code: int | None, reason: str | None) -> None:
    client = await served.connect("/ws/x")
    visit.made[0].close(code, reason)
    assert await client.closed() == (code or 1000, reason or "")


async def test_a_close_comes_after_what_was_sent_before(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    visit.made[0].emit("last", {"words": "x" * 5_000_000})
    visit.made[0].close()
    assert len((await client.expect("last"))["words"]) == 5_000_000
    await client.closed()


async def test_one_that_does_not_answer_a_close_is_cut_off(visit: Visit) -> None:
    visit.closing_times = ClosingTimes(answer=0.1)
    async with serving(visit.handler) as served:
        client = await served.raw("/ws/x")
        assert await client.status() == 101
        await until(lambda: visit.ws.handlers)
        visit.made[0].close(4000)
        async with asyncio.timeout(2):
            assert await client.reader.read() == b"\x88\x02\x0f\xa0"
        client.abort()
        await visit.noted("close")


@override_settings(TORNADO_WEBSOCKETS={"MAX_OUTBOX_BYTES": 10_000_000})
async def test_one_that_takes_too_little_is_told_4008_if_it_reads_on(visit: Visit, served: Serving) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    await _overflow(visit)
    async with asyncio.timeout(2):
        assert (await client.reader.read())[-4:] == b"\x88\x02\x0f\xa8"
    client.abort()
    await visit.noted("close")


@override_settings(TORNADO_WEBSOCKETS={"MAX_OUTBOX_BYTES": 10_000_000})
async def test_one_that_takes_nothing_is_cut_off(visit: Visit) -> None:
    visit.closing_times = ClosingTimes(abort=0.1)
    async with serving(visit.handler) as served:
        client = await served.raw("/ws/x")
        assert await client.status() == 101
        client.writer.transport.pause_reading()
        await _overflow(visit)
        async with asyncio.timeout(2):
            await visit.noted("close")
        client.abort()


async def _overflow(visit: Visit) -> None:
    """Emit more than a client may leave untaken."""
    await until(lambda: visit.ws.handlers)
    with suppress(tornado.websocket.WebSocketClosedError):
        for _ in range(30):
            visit.made[0].emit("much", {"x": "x" * 1_000_000})
    await until(lambda: visit.made[0].closed)


async def test_a_message_of_a_million_bytes_is_taken(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    text = json.dumps({"event": "echo", "data": {"x": ""}})
    await client.send(text.replace('""', f'"{"x" * (1_000_000 - len(text))}"'))
    assert len((await client.expect("echo"))["x"]) == 1_000_000 - len(text)


async def test_one_byte_more_is_too_large_and_the_connection_lives(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    text = json.dumps({"event": "echo", "data": {"x": ""}})
    await client.send(text.replace('""', f'"{"x" * (1_000_001 - len(text))}"'))
    assert (await client.expect("warning"))["code"] == "too_large"
    await client.emit("echo", {"still": "alive"})
    assert await client.expect("echo") == {"still": "alive"}


async def test_fragments_of_one_byte_are_one_message(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client._connection.send(list(json.dumps({"event": "echo", "data": {"x": "x" * 2_000}})))
    assert await client.expect("echo") == {"x": "x" * 2_000}


async def test_bytes_are_refused_and_the_connection_lives(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.send(b'{"event": "echo"}')
    assert (await client.expect("warning"))["code"] == "binary"
    await client.emit("echo", {"still": "alive"})
    assert await client.expect("echo") == {"still": "alive"}


async def test_a_limit_of_the_application_itself_closes(visit: Visit) -> None:
    async with serving(visit.handler, websocket_max_message_size=1_000) as served:
        client = await served.connect("/ws/x")
        await client.send("x" * 1_001)
        assert (await client.closed())[0] == 1009
        await visit.noted("close")


async def test_a_long_handler_does_not_look_like_a_peer_that_has_vanished(visit: Visit) -> None:
    async with serving(visit.handler, websocket_ping_interval=0.2, websocket_ping_timeout=0.2) as served:
        client = await served.connect("/ws/x")
        await client.emit("wait")
        await visit.noted("waiting")
        for _ in range(3):
            await (await client._connection.ping())
            await asyncio.sleep(0.2)  # an interval of the server
        visit.proceed.set()
        await client.emit("echo", {"still": "alive"})
        assert await client.expect("echo") == {"still": "alive"}


async def test_a_client_that_leaves_during_a_long_handler_is_noticed(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.emit("wait")
    await visit.noted("waiting")
    await client.close()
    await until(lambda: visit.made[0]._on_close_called)
    with pytest.raises(tornado.websocket.WebSocketClosedError):
        visit.made[0].emit("news")
    assert visit.notes == ["waiting"]
    visit.proceed.set()
    await visit.noted("close")
    assert visit.notes == ["waiting", "waited", "close"]


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells before everything is read")
async def test_a_client_that_leaves_is_noticed_where_it_has_sent_too_much_to_be_read(
    visit: Visit, served: Serving
) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    client.writer.write(frame('{"event": "wait"}') + frame('{"event": "echo"}') * (MAX_WAITING + 10))
    await until(lambda: visit.made and len(visit.made[0]._inbox._pieces) > MAX_WAITING)
    client.abort()
    await until(lambda: visit.made[0].closed)
    assert visit.notes == ["waiting"]
    visit.proceed.set()
    await visit.noted("close")


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells before everything is read")
@pytest.mark.parametrize("way", ["abort", "close"])
async def test_nothing_is_kept_of_what_a_client_has_sent_that_left_during_a_long_handler(
    visit: Visit, served: Serving, way: str
) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    stuck = frame('{"event": "wait"}') + frame('{"event": "echo"}') * 400_000  # which no kernel takes as a whole
    line = client.writer.get_extra_info("socket").dup()
    with suppress(BlockingIOError):
        while stuck:
            stuck = stuck[line.send(stuck) :]
    line.close()
    await visit.noted("waiting")
    getattr(client.writer.transport, way)()
    inbox = visit.made[0]._inbox
    await until(lambda: visit.made[0]._on_close_called and len(inbox._pieces) == 2)  # of which one is the end
    assert visit.made[0].ws_connection is None
    assert visit.notes == ["waiting"]
    visit.proceed.set()
    await visit.noted("close")
    assert visit.notes == ["waiting", "waited", "close"]


async def test_a_ping_of_the_protocol_is_answered_during_a_long_handler(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.emit("wait")
    await visit.noted("waiting")
    await client.emit("echo", {"n": 1})
    await client.emit("tws.ping")
    async with asyncio.timeout(2):
        assert await client.receive() == {"event": "tws.pong"}
    visit.proceed.set()
    assert await client.expect("echo") == {"n": 1}


async def test_what_comes_during_a_long_handler_is_handled_after_it_in_order(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.emit("wait")
    await visit.noted("waiting")
    for number in range(100):
        await client.emit("echo", {"n": number})
    await turn_round()
    visit.proceed.set()
    assert [await client.expect("echo") for _ in range(100)] == [{"n": number} for number in range(100)]


async def test_what_was_sent_before_the_close_is_handled(visit: Visit, served: Serving) -> None:
    @visit.ws.on
    async def take(socket: Any, data: Any) -> None:
        visit.notes.append(data["n"])
        socket.emit("taken")

    client = await served.raw("/ws/x")
    assert await client.status() == 101
    messages = [frame(json.dumps({"event": "take", "data": {"n": number}})) for number in range(5)]
    client.writer.write(b"".join(messages) + b"\x88\x80" + MASK)
    await visit.noted("close")
    assert visit.notes == [0, 1, 2, 3, 4, "close"]


async def test_a_peer_that_has_vanished_is_noticed(visit: Visit) -> None:
    async with serving(visit.handler, websocket_ping_interval=0.1, websocket_ping_timeout=0.1) as served:
        client = await served.raw("/ws/x")
        assert await client.status() == 101
        await until(lambda: visit.ws.handlers)
        await until(lambda: _finds_it_gone(visit.made[0]))
        assert (await client.reader.read()).endswith(b"\x88\x10\x03\xf3ping timed out")
        await visit.noted("close")


# What Tornado has to send with.


async def _frames(client: Raw, count: int) -> list[tuple[int, bytes]]:
    """Opcode and payload of so many short frames."""
    frames = []
    for _ in range(count):
        first, length = await client.reader.readexactly(2)
        frames.append((first & 0xF, await client.reader.readexactly(length)))
    return frames


def _send_all(socket: Any) -> None:
    socket.emit("one")
    socket.write_message("two é")
    socket.ping(b"three")
    socket.emit("four")
    socket.write_message({"a": 5})
    socket.write_message(b"\xff", binary=True)


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_what_tornado_sends_with_keeps_its_order_among_emits(visit: Visit, served: Serving, kind: str) -> None:
    def send(socket: Any) -> None:
        _send_all(socket)
        visit.notes.append("next line")

    async def asend(socket: Any) -> None:
        send(socket)

    visit.ws.events["send"] = send if kind == "plain" else asend
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    client.writer.write(frame('{"event": "send"}'))
    assert await _frames(client, 6) == [
        (1, b'{"event":"one","data":{}}'),
        (1, "two é".encode()),
        (9, b"three"),
        (1, b'{"event":"four","data":{}}'),
        (1, b'{"a": 5}'),
        (2, b"\xff"),
    ]
    await visit.noted("next line")
    client.abort()


async def test_write_message_can_be_awaited(visit: Visit, served: Serving) -> None:
    @visit.ws.on
    async def send(socket: Any) -> None:
        await socket.write_message("x" * 100_000)
        visit.notes.append("sent")

    client = await served.connect("/ws/x")
    await client.emit("send")
    await visit.noted("sent")


async def test_write_message_waits_behind_what_a_slow_client_has_not_taken(visit: Visit, served: Serving) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    await until(lambda: visit.ws.handlers)
    visit.made[0].emit("much", {"x": "x" * 7_000_000})
    visit.made[0].emit("last")
    visit.made[0].write_message("after all")
    async with asyncio.timeout(5):
        await client.reader.readexactly(7_000_000)
        rest = b""
        while not rest.endswith(b"after all"):
            rest += await client.reader.read(1000)
    assert rest.endswith(b'\x81\x1a{"event":"last","data":{}}\x81\x09after all')
    client.abort()


async def test_what_tornado_sends_with_raises_once_the_connection_is_closed(visit: Visit, served: Serving) -> None:
    client = await served.connect("/ws/x")
    await client.close()
    await visit.noted("close")
    for send in (visit.made[0].write_message, visit.made[0].ping):
        with pytest.raises(tornado.websocket.WebSocketClosedError):
            send("too late")


async def test_a_ping_of_more_than_125_bytes_is_an_error(visit: Visit, served: Serving) -> None:
    await served.connect("/ws/x")
    with pytest.raises(ValueError, match="at most 125 bytes to send with a ping, got 126"):
        visit.made[0].ping("x" * 126)


async def test_a_subclass_may_send_as_soon_as_it_is_opened() -> None:
    class Greeting(WebSocketHandler):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            opening = super().open(*args, **kwargs)
            self.write_message("hello")
            return opening

    ws = WebSocket("/x", add_to_handlers=False)
    async with serving(("/ws/x", Greeting, {"websocket": ws})) as served:
        client = await served.raw("/ws/x")
        assert await client.status() == 101
        assert await _frames(client, 1) == [(1, b"hello")]
        client.abort()
