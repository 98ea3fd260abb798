"""How what clients send is parsed in a Tornado application of the test's own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.peer import frame
from tests.support.turnstile import CountingTurnstile
from tests.tornado.application import Serving, serving
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.tornado_bridge.protocol import FRAMES_IN_A_ROW
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler

ECHO = b'{"event": "echo", "data": {}}'


@pytest.fixture
async def turnstile(monkeypatch: pytest.MonkeyPatch) -> CountingTurnstile:
    turnstile = CountingTurnstile()
    monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
    return turnstile


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
