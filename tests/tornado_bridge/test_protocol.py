"""How what clients send is parsed in a Tornado application of the test's own, and what of it waits."""

import gc
import json
import time
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.peer import PING, PONG, TEXT, Peer, frame, peer
from tests.support.turnstile import CountingTurnstile, HeldTurnstile, put_up
from tests.support.waiting import turns, until
from tests.tornado.application import Serving, serving
from tornado_websockets.core.connections.connection import COSTLY
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.tornado_bridge.handler import LARGE
from tornado_websockets.tornado_bridge.protocol import FRAMES_IN_A_ROW
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler

ECHO = b'{"event": "echo", "data": {}}'


@pytest.fixture
async def turnstile(monkeypatch: pytest.MonkeyPatch) -> CountingTurnstile:
    return put_up(CountingTurnstile(), monkeypatch)


@pytest.fixture
async def served(turnstile: CountingTurnstile) -> AsyncIterator[Serving]:
    ws = WebSocket("/x", add_to_handlers=False)

    @ws.on
    async def echo(socket: Any) -> None:
        socket.emit("echo")

    async with serving((r"/ws/.*", WebSocketHandler, {"websocket": ws})) as served:
        yield served


async def test_who_sends_now_and_then_waits_behind_nobody(turnstile: CountingTurnstile, served: Serving) -> None:
    client = await served.connect("/ws/x")
    for _ in range(3 * FRAMES_IN_A_ROW):
        await client.emit("echo")
        await client.expect("echo")
    assert turnstile.waits == 0


async def test_who_sends_much_at_once_lets_others_go_first(turnstile: CountingTurnstile, served: Serving) -> None:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    client.writer.write(frame(ECHO) * (10 * FRAMES_IN_A_ROW))
    for _ in range(10 * FRAMES_IN_A_ROW):
        await client.reader.readuntil(b"}}")
    assert turnstile.waits >= 9


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> HeldTurnstile:
    """A turnstile at which somebody waits already."""
    turnstile = HeldTurnstile()
    monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
    turnstile.queue(lambda: True)
    return turnstile


class Noting:
    """An application that notes the numbers it is sent, and answers with them.

    :ivar made: the Tornado handlers of all connections.
    """

    def __init__(self) -> None:
        self.notes: list[int | str] = []
        self.made: list[WebSocketHandler] = []
        self.ws = WebSocket("/x", add_to_handlers=False)
        self.ws.on(self.note)
        self.ws.on(self.burn)
        self.ws.on(self.close)

    @property
    def handler(self) -> Any:
        made = self.made

        class Handler(WebSocketHandler):
            def initialize(self, websocket: WebSocket) -> None:
                super().initialize(websocket)
                made.append(self)

        return (r"/ws/.*", Handler, {"websocket": self.ws})

    async def note(self, socket: Any, data: Any) -> None:
        self.notes.append(data["n"])
        socket.emit("noted", {"n": data["n"]})

    async def burn(self) -> None:
        end = time.thread_time() + 20 * COSTLY
        while time.thread_time() < end:
            pass

    async def close(self) -> None:
        self.notes.append("close")


def small(number: int) -> bytes:
    return frame(json.dumps({"event": "note", "data": {"n": number}}).encode())


def large(number: int) -> bytes:
    return frame(json.dumps({"event": "note", "data": {"n": number, "more": "x" * LARGE}}).encode())


async def answers(client: Peer, count: int) -> list[int]:
    """The numbers with which the next ones answer; pongs are passed over."""
    numbers: list[int] = []
    while len(numbers) < count:
        received = await client.receive()
        assert received is not None
        if received.opcode == TEXT:
            numbers.append(json.loads(received.payload)["data"]["n"])
    return numbers


async def pong(client: Peer) -> None:
    """Return when all that was sent before is read."""
    await client.send(frame(b"here", PING))
    assert await client.receive() == (PONG, b"here")


async def test_what_is_large_waits_with_all_that_comes_behind_it(held: HeldTurnstile) -> None:
    visit = Noting()
    async with serving(visit.handler) as served, peer(served.port, "/x") as client, peer(served.port, "/x") as other:
        await client.send(large(0))
        await pong(client)
        held.queue(lambda: True)
        await client.send(small(1) + frame(b"", PING) + small(2) + large(3) + frame(b"", PING) + small(4))
        await other.send(small(10))
        assert await answers(other, 1) == visit.notes == [10]
        assert held.count == 3
        held.let_through(2)
        assert await answers(client, 3) == [0, 1, 2]
        await until(lambda: held.count == 2)
        await other.send(small(11))
        assert await answers(other, 1) == [11]
        assert visit.notes == [10, 0, 1, 2, 11]
        held.let_through(2)
        assert await answers(client, 2) == [3, 4]
        await pong(client)
        assert visit.notes == [10, 0, 1, 2, 11, 3, 4]


async def test_what_is_small_waits_where_the_last_took_long(held: HeldTurnstile) -> None:
    visit = Noting()
    async with serving(visit.handler) as served, peer(served.port, "/x") as client, peer(served.port, "/x") as other:
        await client.send(frame(b'{"event": "burn"}'))
        await client.send(small(0) + small(1))
        await until(lambda: held.count == 2)
        await other.send(small(10))
        assert await answers(other, 1) == visit.notes == [10]
        held.let_through(2)
        await until(lambda: held.count == 1)
        held.let_through(1)
        assert await answers(client, 2) == [0, 1]


async def test_nothing_large_waits_where_nobody_does(turnstile: CountingTurnstile) -> None:
    visit = Noting()
    async with serving(visit.handler) as served, peer(served.port, "/x") as client:
        for number in range(3):
            await client.send(large(number))
            assert await answers(client, 1) == [number]
    assert turnstile.waits == 0


async def _is_forgotten(visit: Noting) -> None:
    reference = weakref.ref(visit.made.pop())
    await turns()
    gc.collect()
    assert reference() is None
    assert visit.ws.handlers == []
    assert hub.shard().topics == {}


async def test_a_client_that_leaves_while_its_large_message_waits_is_forgotten(held: HeldTurnstile) -> None:
    visit = Noting()
    async with serving(visit.handler) as served:
        async with peer(served.port, "/x") as client:
            await client.send(large(0))
            await pong(client)
        await until(lambda: visit.made[0]._on_close_called)
        assert (visit.notes, held.count) == ([], 2)
        assert held.let_through(2) == 2
        await until(lambda: "close" in visit.notes)
        assert visit.notes == [0, "close"]
    await _is_forgotten(visit)


async def test_a_large_message_that_waits_is_dropped_with_who_is_cut_off(held: HeldTurnstile) -> None:
    visit = Noting()
    async with serving(visit.handler) as served, peer(served.port, "/x") as client:
        await client.send(large(0))
        await pong(client)
        hub.shard().cancel_handlers()
        await until(lambda: "close" in visit.notes)
        assert visit.notes == ["close"]
        assert held.let_through(2) == 1
    await _is_forgotten(visit)
