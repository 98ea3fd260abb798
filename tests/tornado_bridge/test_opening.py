"""``WebSocketHandler`` whose subclass has an ``open`` of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.websocket import WebSocketClosedError

from tests.support.waiting import turns, until
from tests.tornado.application import Serving, serving
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.handlers.calling import current
from tornado_websockets.core.stopping import stop
from tornado_websockets.signals import connected
from tornado_websockets.websocket import WebSocket, endpoint_of
from tornado_websockets.websockethandler import WebSocketHandler

Open = Callable[[Any], Any]


class Visit:
    """A WebSocket whose handlers note what happens.

    :ivar made: Tornado's handlers of all connections.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.made: list[Any] = []
        self.ws = WebSocket("/x", add_to_handlers=False)

        @self.ws.on
        async def open(socket: Any) -> None:  # noqa: A001 the name of the event
            self.notes.append("open")
            socket.emit("opened")

        @self.ws.on
        async def close(socket: Any) -> None:
            self.notes.append("close")

        @self.ws.on
        async def echo(socket: Any, data: Any) -> None:
            socket.emit("echo", data)

    @asynccontextmanager
    async def opened_by(self, own: Open) -> AsyncIterator[Serving]:
        """Serve it by a subclass with that ``open``."""
        made = self.made

        class Own(WebSocketHandler):
            def initialize(self, websocket: WebSocket) -> None:
                super().initialize(websocket)
                made.append(self)

            open = own

        async with serving(("/ws/x", Own, {"websocket": self.ws})) as served:
            yield served
        assert hub.shard().topics == {}
        assert "/x" not in hub._clients


@pytest.fixture
def visit() -> Visit:
    return Visit()


def after(self: Any) -> None:
    WebSocketHandler.open(self)
    self.emit("hello", {})


def before(self: Any) -> None:
    self.emit("hello", {})
    WebSocketHandler.open(self)


def alone(self: Any) -> None:
    self.emit("hello", {})


async def later_after(self: Any) -> None:
    WebSocketHandler.open(self)
    self.emit("hello", {})
    await asyncio.sleep(0.01)


async def later_before(self: Any) -> None:
    self.emit("hello", {})
    await asyncio.sleep(0.01)
    WebSocketHandler.open(self)


async def later_alone(self: Any) -> None:
    await self.emit("hello", {})
    await asyncio.sleep(0.01)


ALL = [after, before, alone, later_after, later_before, later_alone]


@pytest.mark.parametrize("own", ALL)
async def test_it_may_emit_and_its_client_is_connected(visit: Visit, own: Open) -> None:
    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert {(await client.receive())["event"] for _ in range(2)} == {"hello", "opened"}
        await client.emit("echo", {"a": 1})
        assert await client.expect("echo") == {"a": 1}
        assert visit.ws.handlers == visit.made
        await client.close()
        await until(lambda: "close" in visit.notes)
    assert visit.notes == ["open", "close"]


@pytest.mark.parametrize("own", [before, alone, later_before, later_alone])
async def test_what_it_emits_first_comes_first(visit: Visit, own: Open) -> None:
    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert [(await client.receive())["event"] for _ in range(2)] == ["hello", "opened"]


async def test_much_that_it_emits_comes_in_order_before_what_the_open_handler_does(visit: Visit) -> None:
    def own(self: Any) -> None:
        for number in range(200):
            self.emit("much", {"n": number, "x": "x" * 20_000})
        WebSocketHandler.open(self)

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert [(await client.expect("much"))["n"] for _ in range(200)] == [*range(200)]
        assert (await client.receive())["event"] == "opened"


async def test_nothing_is_lost_that_it_emits_before_it_closes(visit: Visit) -> None:
    def own(self: Any) -> None:
        for number in range(200):
            self.emit("much", {"n": number, "x": "x" * 20_000})
        self.close(4001, "bye")

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert [(await client.expect("much"))["n"] for _ in range(200)] == [*range(200)]
        assert await client.closed() == (4001, "bye")


async def test_it_may_send_all_that_a_socket_sends(visit: Visit) -> None:
    def own(self: Any) -> None:
        self.emit_warning("Careful.")
        self.emit_html("#a", None, swap="delete")
        self.write_message({"event": "mine", "data": {}})
        WebSocketHandler.open(self)

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        events = [(await client.receive())["event"] for _ in range(4)]
    assert events == ["warning", "tws.html", "mine", "opened"]


async def test_it_may_emit_from_a_thread(visit: Visit) -> None:
    async def own(self: Any) -> None:
        await asyncio.to_thread(self.emit, "hello", {})
        WebSocketHandler.open(self)

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert [(await client.receive())["event"] for _ in range(2)] == ["hello", "opened"]


async def test_what_it_emits_arrives_while_it_waits(visit: Visit) -> None:
    proceed = asyncio.Event()

    async def own(self: Any) -> None:
        self.emit("hello", {})
        await proceed.wait()

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert (await client.receive())["event"] == "hello"
        assert visit.ws.handlers == []
        proceed.set()
        assert (await client.receive())["event"] == "opened"


async def test_its_client_hears_a_broadcast_once_it_has_joined(visit: Visit) -> None:
    def own(self: Any) -> None:
        visit.ws.emit("missed")
        WebSocketHandler.open(self)
        visit.ws.emit("heard")

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert {(await client.receive())["event"] for _ in range(2)} == {"heard", "opened"}


async def test_nothing_is_sent_before_the_handshake_is_answered(visit: Visit) -> None:
    raised: list[str] = []

    class Hasty(WebSocketHandler):
        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            for send in (self.emit, self.write_message):
                try:
                    send("early")
                except Exception as error:
                    raised.append(type(error).__name__)
            return super().select_subprotocol(subprotocols)

    async with serving(("/ws/x", Hasty, {"websocket": visit.ws})) as served:
        client = await served.connect("/ws/x")
        assert (await client.receive())["event"] == "opened"
    assert raised == ["WebSocketClosedError", "WebSocketClosedError"]


def close(self: Any) -> None:
    self.close(4001, "bye")


def close_first(self: Any) -> None:
    self.close(4001, "bye")
    WebSocketHandler.open(self)


async def close_later(self: Any) -> None:
    await asyncio.sleep(0.01)
    self.close(4001, "bye")


async def close_and_wait(self: Any) -> None:
    self.close(4001, "bye")
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("own", [close, close_first, close_later, close_and_wait])
async def test_it_may_close_before_the_client_has_joined(visit: Visit, own: Open) -> None:
    before = counters.connections
    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert await client.closed() == (4001, "bye")
        assert visit.ws.handlers == []
        assert counters.connections == before
    assert visit.notes == []


async def test_it_may_close_after_the_client_has_joined(visit: Visit) -> None:
    def own(self: Any) -> None:
        WebSocketHandler.open(self)
        self.close(4001, "bye")

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert await client.closed() == (4001, "bye")
        await until(lambda: "close" in visit.notes)
    assert visit.notes == ["open", "close"]


@pytest.mark.parametrize("joins", [False, True])
async def test_one_that_fails_keeps_nobody_here(visit: Visit, joins: bool) -> None:
    before = counters.connections

    def own(self: Any) -> None:
        if joins:
            WebSocketHandler.open(self)
        raise RuntimeError("of the application")

    async with visit.opened_by(own) as served:
        client = await served.connect("/ws/x")
        assert (await client.closed())[0] == 1006
        await until(lambda: not visit.ws.handlers and counters.connections == before and hub.shard().is_empty)
        with pytest.raises(WebSocketClosedError):
            visit.made[0].emit("late")
    assert visit.notes == (["open", "close"] if joins else [])


async def test_one_that_joins_twice_joins_once(visit: Visit) -> None:
    def own(self: Any) -> None:
        WebSocketHandler.open(self)
        WebSocketHandler.open(self)

    async with visit.opened_by(own) as served:
        await served.connect("/ws/x")
        await until(lambda: visit.notes)
        assert visit.ws.handlers == visit.made
    assert visit.notes == ["open", "close"]


@pytest.mark.parametrize("own", [alone, close, after])
async def test_its_clients_hold_up_no_stop(visit: Visit, own: Open) -> None:
    async with visit.opened_by(own) as served:
        await served.connect("/ws/x")
        await until(lambda: visit.notes or own is close)
        assert await stop(hub.shard(), 1)


async def test_one_that_never_returns_is_cancelled_in_the_end(visit: Visit) -> None:
    async def own(self: Any) -> None:
        visit.notes.append("waiting")
        try:
            await asyncio.Event().wait()
        finally:
            visit.notes.append("cancelled")

    async with visit.opened_by(own) as served:
        await served.connect("/ws/x")
        await until(lambda: visit.notes)
        assert await stop(hub.shard(), 0.1)
    assert visit.notes == ["waiting", "cancelled"]


async def test_what_is_done_as_a_client_joins_is_no_handler_of_its_own(visit: Visit) -> None:
    seen: list[Any] = []

    def note(sender: Any, **kwargs: Any) -> None:
        seen.append(current.get())

    connected.connect(note)
    try:
        async with visit.opened_by(after) as served:
            await served.connect("/ws/x")
            await until(lambda: visit.notes)
    finally:
        connected.disconnect(note)
    assert seen == [None]


async def test_a_topic_is_left_once_where_somebody_who_is_told_of_the_client_fails(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visit.opened_by(before) as served:
        first = await served.connect("/ws/x")
        await until(lambda: visit.notes)
        entered = hub._clients["/x"]
        monkeypatch.setattr(endpoint_of(visit.ws), "on_connected", lambda connection: 1 / 0)
        second = await served.connect("/ws/x")
        assert (await second.closed())[0] == 1006
        await until(lambda: len(hub.shard().topics["/x"]) == 1)
        await turns(5)
        assert hub._clients["/x"] == entered
        await first.close()
