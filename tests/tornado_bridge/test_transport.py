"""What Tornado's transport tells of a client that has left, and of what is nobody's departure."""

import asyncio
import contextlib
import socket
from typing import Any

import pytest
from tornado.iostream import IOStream

from tests.support.waiting import until
from tests.tornado.application import Serving, serving
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.tornado_bridge.transport import _not_taken
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler


class Visited:
    """A WebSocket that is served, and the socket of its only client."""

    def __init__(self) -> None:
        self.ws = WebSocket("/x", add_to_handlers=False)
        self.handler = ("/ws/x", WebSocketHandler, {"websocket": self.ws})

    async def socket(self) -> Any:
        await until(lambda: self.ws.handlers)
        return self.ws.handlers[0]


@pytest.fixture
def visited() -> Visited:
    return Visited()


async def raw_client(served: Serving) -> Any:
    client = await served.raw("/ws/x")
    assert await client.status() == 101
    return client


async def send_until_noticed(transport: Any) -> None:
    async with asyncio.timeout(10):
        while True:
            await (transport.send("x" * 1_000) or asyncio.sleep(0.001))


async def test_what_the_kernel_does_not_take_at_once_comes_in_its_order(visited: Visited) -> None:
    async with serving(visited.handler) as served:
        client = await served.connect("/ws/x")
        client.pause()
        transport = connection_of(await visited.socket()).transport
        texts = [f'{{"event":"x","data":{{"n":{number},"x":"{"x" * 1_000_000}"}}}}' for number in range(20)]
        waits = [transport.send(text) for text in texts]
        assert waits[-1] is not None
        client.resume()
        assert [(await client.receive())["data"]["n"] for _ in texts] == list(range(20))
        await asyncio.gather(*(wait for wait in waits if wait is not None))


async def test_nothing_overtakes_what_waits_though_the_kernel_has_room_again() -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    stream, received = IOStream(ours), bytearray()

    def send(data: bytes) -> None:
        if left := _not_taken(stream, data):
            stream.write(left)

    def receive() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                received.extend(theirs.recv(1 << 20))

    chunks = [bytes([number]) * 200_000 for number in range(10)]
    for chunk in chunks:
        send(chunk)
    receive()  # and the loop has not looked since
    send(b"last")
    async with asyncio.timeout(10):
        while len(received) < 2_000_004:
            await asyncio.sleep(0)
            receive()
    assert received == b"".join([*chunks, b"last"])
    stream.close()
    theirs.close()


async def test_client_that_has_left_is_gone(visited: Visited) -> None:
    async with serving(visited.handler) as served:
        client = await raw_client(served)
        transport = connection_of(await visited.socket()).transport
        client.abort()
        with pytest.raises(ClientGone):
            await send_until_noticed(transport)


async def test_client_that_leaves_while_it_is_waited_for_is_gone(visited: Visited) -> None:
    async with serving(visited.handler) as served:
        client = await raw_client(served)
        transport = connection_of(await visited.socket()).transport
        client.writer.transport.pause_reading()
        sending = transport.send("x" * 50_000_000)
        assert sending is not None
        client.abort()
        with pytest.raises(ClientGone):
            await sending


async def test_client_that_was_told_to_go_is_gone(visited: Visited) -> None:
    async with serving(visited.handler) as served:
        client = await raw_client(served)
        transport = connection_of(await visited.socket()).transport
        await transport.close(4000, "")
        with pytest.raises(ClientGone):
            transport.send("x")
        client.abort()


async def test_fault_is_no_departure(visited: Visited, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(visited.handler) as served:
        client = await served.connect("/ws/x")
        connection_of(await visited.socket()).deliver("\N{SNOWMAN}")  # frames are ASCII
        assert (await client.closed())[0] == 1011
    assert "Sending failed (path '/x'" in caplog.text
    assert "UnicodeEncodeError" in caplog.text
