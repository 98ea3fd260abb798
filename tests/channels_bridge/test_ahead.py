import asyncio

import pytest

from channels_bridge import ahead
from channels_bridge.ahead import Ahead
from tests.project.waiting import turns, until

LAST = {"type": "websocket.disconnect", "code": 1000}


def text(number):
    return {"type": "websocket.receive", "text": str(number)}


@pytest.fixture
async def reading():
    """Makes readers of a queue, which stands for a server."""
    started = []

    def start(*messages):
        queue, ends = asyncio.Queue(), []
        for message in messages:
            queue.put_nowait(message)
        reader = Ahead(queue.get, lambda: ends.append("end"))
        started.append(reader)
        return reader, queue, ends

    yield start
    for reader in started:
        reader.stop()


class TestAhead:
    async def test_gives_messages_in_order(self, reading):
        reader, queue, _ = reading(text(1), text(2))
        queue.put_nowait(text(3))
        assert [await reader.next() for _ in range(3)] == [text(1), text(2), text(3)]

    async def test_waits_for_a_message(self, reading):
        reader, queue, _ = reading()
        waiting = asyncio.ensure_future(reader.next())
        await turns()
        queue.put_nowait(text(1))
        assert await waiting == text(1)

    async def test_tells_that_the_client_has_gone_before_its_messages_are_taken(self, reading):
        reader, _, ends = reading(text(1), LAST)
        await until(lambda: ends == ["end"])
        assert [await reader.next() for _ in range(2)] == [text(1), LAST]

    async def test_takes_no_more_messages_than_the_bound(self, reading):
        reader, queue, _ = reading(*map(text, range(ahead.MAX_WAITING + 5)))
        await until(lambda: queue.qsize() == 5)
        await turns()
        assert queue.qsize() == 5
        await reader.next()
        await until(lambda: queue.qsize() == 4)

    async def test_takes_no_more_bytes_than_the_bound(self, reading):
        large = {"type": "websocket.receive", "bytes": b"x" * ahead.MAX_WAITING_BYTES}
        reader, queue, _ = reading(large, large, large)
        await until(lambda: queue.qsize() == 1)
        await turns()
        assert queue.qsize() == 1
        await reader.next()
        await until(lambda: queue.qsize() == 0)

    async def test_takes_an_error_of_the_server_for_the_end(self):
        async def receive():
            raise RuntimeError("gone")

        ends = []
        reader = Ahead(receive, lambda: ends.append("end"))
        assert (await reader.next())["type"] == "websocket.disconnect"
        await until(lambda: ends == ["end"])

    async def test_stops(self, reading):
        reader, queue, _ = reading()
        await turns()
        reader.stop()
        await turns()
        queue.put_nowait(text(1))
        await turns()
        assert queue.qsize() == 1
