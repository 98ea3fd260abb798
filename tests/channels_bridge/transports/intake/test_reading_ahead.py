import asyncio
from contextvars import Context, ContextVar

import pytest

from channels_bridge.transports.intake.reading_ahead import Bounds, ReadingAhead
from tests.support.waiting import turns, until
from tornado_websockets.core.protocol.offers import Offer

LAST = {"type": "websocket.disconnect", "code": 1000}


def text(content):
    return {"type": "websocket.receive", "text": str(content)}


class Reader:
    """Notes what a reader is told, and answers what it is asked to."""

    def __init__(self):
        self.ends = 0
        self.answers = []

    def take_ahead(self, message):
        return message in self.answers

    def on_end(self):
        self.ends += 1


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
async def reading(reader):
    """Begins to read a queue, which stands for a server."""
    started = []

    def start(*messages, **bounds):
        queue = asyncio.Queue()
        for message in messages:
            queue.put_nowait(message)
        ahead = ReadingAhead(queue.get, reader, Bounds(**bounds))
        started.append(ahead)
        return ahead, queue

    yield start
    for ahead in started:
        ahead.stop()


async def test_gives_messages_in_order(reading):
    ahead, queue = reading(text(1), text(2))
    queue.put_nowait(text(3))
    assert [await ahead.next() for _ in range(3)] == [text(1), text(2), text(3)]


async def test_waits_for_a_message(reading):
    ahead, queue = reading()
    waiting = asyncio.ensure_future(ahead.next())
    await turns()
    queue.put_nowait(text(1))
    assert await waiting == text(1)


async def test_leaves_out_what_was_answered(reading, reader):
    reader.answers = [text("ping")]
    ahead, _ = reading(text("ping"), text(1), text("ping"), text(2))
    assert [await ahead.next() for _ in range(2)] == [text(1), text(2)]


async def test_tells_that_the_client_has_gone_before_its_messages_are_taken(reading, reader):
    ahead, _ = reading(text(1), LAST)
    await until(lambda: reader.ends == 1)
    assert [await ahead.next() for _ in range(2)] == [text(1), LAST]


async def test_takes_no_more_messages_than_the_bound(reading):
    ahead, queue = reading(*map(text, range(8)), messages=3)
    await until(lambda: queue.qsize() == 5)
    await turns()
    assert queue.qsize() == 5
    await ahead.next()
    await until(lambda: queue.qsize() == 4)


@pytest.mark.parametrize("large", [text("x" * 10), {"type": "websocket.receive", "bytes": b"x" * 10}], ids=repr)
async def test_takes_no_more_bytes_than_the_bound(reading, large):
    ahead, queue = reading(large, large, large, size=10)
    await until(lambda: queue.qsize() == 1)
    await turns()
    assert queue.qsize() == 1
    await ahead.next()
    await until(lambda: queue.qsize() == 0)


@pytest.mark.parametrize(("error", "logged"), [(ConnectionResetError(), 0), (ZeroDivisionError(), 1)], ids=repr)
async def test_takes_an_error_of_the_server_for_the_end_and_logs_a_fault(reader, caplog, error, logged):
    async def receive():
        raise error

    ahead = ReadingAhead(receive, reader)
    assert (await ahead.next())["type"] == "websocket.disconnect"
    await until(lambda: reader.ends == 1)
    assert len([record for record in caplog.records if record.exc_info]) == logged


async def test_hides_the_token_of_whom_a_fault_is_about(reader, caplog):
    async def receive():
        raise ZeroDivisionError("the secret")

    ahead = ReadingAhead(receive, reader, offer=Offer("the secret", secrets=["the secret"]))
    await ahead.next()
    assert "ZeroDivisionError: <token>" in caplog.text
    assert "the secret" not in caplog.text


async def test_stops(reading):
    ahead, queue = reading()
    await turns()
    ahead.stop()
    await turns()
    queue.put_nowait(text(1))
    await turns()
    assert queue.qsize() == 1


async def test_receives_in_the_context_that_it_is_given(reader):
    whose, seen = ContextVar("whose"), []
    context = Context()
    context.run(whose.set, "this client's")

    async def receive():
        seen.append(whose.get())
        return LAST

    await ReadingAhead(receive, reader, context=context).next()
    assert seen == ["this client's"]


async def test_discards_what_waits_and_what_comes_but_the_last(reading):
    ahead, queue = reading(text(1), text(2))
    await until(lambda: ahead.has_waiting)
    ahead.discard()
    assert not ahead.has_waiting
    for message in (text(3), LAST):
        queue.put_nowait(message)
    assert await ahead.next() == LAST


async def test_does_not_discard_the_last_where_it_is_here(reading, reader):
    ahead, _ = reading(text(1), LAST)
    await until(lambda: reader.ends)
    ahead.discard()
    assert await ahead.next() == LAST


async def test_reads_on_to_the_last_where_much_has_waited(reading, reader):
    ahead, _ = reading(text(1), text(2), text(3), LAST, messages=1)
    await until(lambda: ahead.is_full)
    ahead.discard()
    await until(lambda: reader.ends)
