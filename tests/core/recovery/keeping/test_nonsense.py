"""Hellos that make no sense, and stores that give what makes none: the connection lives, and nothing fails."""

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.kept import Process, hello
from tests.support.waiting import until
from tornado_websockets.core.recovery.record import Event, Record, Standing
from tornado_websockets.store.guard import Guard
from tornado_websockets.store.memory import MemoryStore

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NONSENSE = st.sampled_from([None, 7, "x", [], {}, {"x": 1}, object(), b"x"])
EVENTS = st.builds(
    Event,
    sender=st.sampled_from(["A", 'é"', "\ud800", 7, None]),
    number=st.sampled_from([1, 2, -1, "1", None, 2**70]),
    text=st.sampled_from(['{"event":"track","data":{}}', "", "{}", "é", None, 7]),
    audience=st.sampled_from(["", "{}", '{"future":1}', "x", None]),
)
STANDINGS = st.builds(Standing, last=st.sampled_from([0, 1, 2, -5, "1", None])) | NONSENSE
RECORDS = NONSENSE | st.builds(
    Record,
    epoch=st.sampled_from(["epoch", None, 7]),
    forgotten=st.sampled_from([0, 3, -1, "1", None]),
    floor=st.sampled_from([0, 9, None]),
    senders=st.dictionaries(st.sampled_from(["A", "B", 7]), STANDINGS, max_size=2) | NONSENSE,
    events=st.lists(EVENTS | NONSENSE, max_size=3) | NONSENSE,
)


@pytest.fixture(scope="module")
def records():
    """The errors that are logged with a traceback."""
    found = []

    class Tracebacks(logging.Handler):
        def emit(self, record):
            if record.exc_info:
                found.append(record)

    handler = Tracebacks()
    logging.getLogger("tornado_websockets").addHandler(handler)
    logging.getLogger("asyncio").addHandler(handler)
    yield found
    logging.getLogger("tornado_websockets").removeHandler(handler)
    logging.getLogger("asyncio").removeHandler(handler)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(JSON, JSON), max_size=4))
def test_hellos(records, said):
    async def run():
        process = Process(history=5, has_relay=False)
        client = await process.connect()
        for since, ids in said:
            await client.send("tws.hello", {"since": since, "ids": ids}, id=1)
        await until(lambda: len([frame for frame in client.received if frame.get("id") == 1]) == len(said))
        assert (await hello(client))["recovered"] is False
        await client.leave()

    asyncio.run(run())
    assert records == []


class Nonsense(MemoryStore):
    """Gives what it is told to."""

    def __init__(self, record, position, values, answer):
        super().__init__()
        self.given = record, position, values, answer

    def read(self, topic, with_events=True):
        return self.given[0]

    def lasts(self, topics):
        return self.given[1]

    def retained(self, topic):
        return self.given[2]

    def publish(self, *arguments):
        return self.given[3]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    RECORDS,
    NONSENSE | st.dictionaries(st.just("/chat"), NONSENSE | st.dictionaries(st.sampled_from(["A", 7]), NONSENSE)),
    NONSENSE | st.dictionaries(st.sampled_from(["track", 7]), EVENTS | NONSENSE),
    NONSENSE | st.tuples(st.sampled_from(["A", 7]), st.sampled_from([1, "1"])),
)
def test_stores(records, record, position, values, answer):
    async def run():
        guard = Guard(Nonsense(record, position, values, answer))
        process = Process(history=5, retain=("track",), store=lambda: guard, has_relay=False)
        await process.ws.publish("said", fail_silently=True)
        client = await process.connect()
        await process.keeper.look()
        await hello(client, {"epoch": 0, "A": 1})
        await process.ws.aposition()
        await process.ws.publish("said", {"n": 1})
        assert "said" in client.events
        await client.leave()

    asyncio.run(run())
    assert records == []
