import asyncio

import pytest

from tornado_websockets.core.recovery.reads import Reads
from tornado_websockets.exceptions import StoreError
from tornado_websockets.store.guard import Guard
from tornado_websockets.store.memory import MemoryStore


class Counting(MemoryStore):
    """Counts what it is asked, and fails on demand."""

    def __init__(self):
        super().__init__()
        self.reads = 0
        self.error = None

    def read(self, topic, with_events=True):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return super().read(topic, with_events)


@pytest.fixture
def store():
    return Counting()


@pytest.fixture
def ask(store):
    guard, reads = Guard(store), Reads(0.02)
    return lambda topic="/chat": reads.record(guard, topic)


async def test_those_who_ask_together_share_an_answer(ask, store):
    records = await asyncio.gather(*(ask() for _ in range(1_000)))
    assert store.reads == 1
    assert len({record.epoch for record in records}) == 1


async def test_nobody_gets_an_answer_from_before_they_came(ask, store):
    before = await ask()
    store.clear()
    assert (await ask()).epoch != before.epoch


async def test_topics_are_told_apart(ask, store):
    await asyncio.gather(ask("/a"), ask("/b"))
    assert store.reads == 2


async def test_all_hear_of_a_failure(ask, store):
    store.error = OSError("down")
    assert await asyncio.gather(*(ask() for _ in range(3))) == [None] * 3
    assert store.reads == 1


async def test_retained_values_that_are_not_told_are_an_error():
    class Down(MemoryStore):
        def retained(self, topic):
            raise OSError("down")

    store = Down()
    with pytest.raises(StoreError):
        await Reads().retained(Guard(store), "/chat")


async def test_an_answer_is_looked_at_once_for_all_who_share_it(ask, store, caplog, monkeypatch):
    looked_at = []
    monkeypatch.setattr("tornado_websockets.core.recovery.reads.is_sound", looked_at.append)
    assert await asyncio.gather(*(ask() for _ in range(100))) == [None] * 100
    assert len(looked_at) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "What the store has of a path cannot be told to clients (path '/chat')"
    ]


async def test_who_is_cancelled_takes_nobody_along(ask, store):
    one, other = (asyncio.create_task(ask()) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    assert (await other).epoch
    assert store.reads == 1
