import os
import tracemalloc

import pytest

from tornado_websockets.store import Entry, Event, Retention
from tornado_websockets.store.memory import MemoryBounds, MemoryStore


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def sizes(store, topics):
    return [len(store.read(topic).events) for topic in topics]


def test_the_topic_that_was_used_longest_ago_is_dropped_as_a_whole():
    store = MemoryStore(bounds=MemoryBounds(topics=2))
    epochs = {topic: store.read(topic).epoch for topic in ("/a", "/b")}
    store.append("/a", "A", 1, [Entry("x")], 10)
    store.append("/c", "A", 1, [Entry("x")], 10)
    assert store.read("/a").epoch == epochs["/a"]
    assert store.read("/b").epoch != epochs["/b"]


def test_topics_are_dropped_for_the_bytes_of_all():
    store = MemoryStore(bounds=MemoryBounds(bytes=1_000))
    store.append("/a", "A", 1, [Entry("x" * 400)], 10)
    store.append("/b", "A", 1, [Entry("x" * 300, retained="track")], 0)
    store.append("/c", "A", 1, [Entry("x" * 400)], 10)
    assert sizes(store, ["/c"]) == [1]
    assert list(store.retained("/b")) == ["track"]
    assert store.lasts(["/a"]) == {}


def test_bytes_are_free_again_however_they_were_dropped():
    clock = Clock()
    store = MemoryStore(Retention(seconds=5, bytes=900), MemoryBounds(bytes=1_000), clock)
    for turn in range(20):
        store.append("/a", "A", turn * 4 + 1, [Entry("x" * 200, retained="track") for _ in range(4)], 3)
        clock.now += 1 + turn % 3 * 4
        if turn % 5 == 4:
            store.forget("/a")
    store.forget("/a")
    assert store._bytes == 0


def test_a_topic_that_begins_anew_keeps_its_values_only():
    store = MemoryStore()
    store.append("/a", "A", 1, [Entry("x", retained="track"), Entry("y")], 10)
    before = store.read("/a")
    store.begin_anew("/a")
    after = store.read("/a")
    assert (after.senders, after.events, after.forgotten, after.floor) == ({}, [], 0, 0)
    assert after.epoch != before.epoch
    assert [value.text for value in store.retained("/a").values()] == ["x"]
    store.forget("/a")
    assert store._bytes == 0


def test_a_value_of_another_process_is_the_newest_and_no_more():
    clock = Clock()
    store = MemoryStore(Retention(retained_seconds=5), clock=clock)
    store.append("/a", "A", 1, [Entry("x", retained="track")], 10)
    before = store.read("/a")
    store.retain("/a", "track", Event("B", 7, "longer", "audience"))
    assert store.retained("/a") == {"track": Event("B", 7, "longer", "audience")}
    assert store.read("/a") == before
    clock.now = 5
    assert store.retained("/a") == {}
    store.forget("/a")
    assert store._bytes == 0


def test_a_silent_topic_ends_when_somebody_sends_to_another():
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.append("/a", "A", 1, [Entry("x")], 10)
    clock.now = 86_401
    store.append("/b", "A", 1, [Entry("x")], 10)
    assert store.lasts(["/a", "/b"]).keys() == {"/b"}


def test_a_token_is_remembered_for_a_minute():
    clock = Clock()
    store = MemoryStore(clock=clock)
    numbers = []
    for now in (0, 59, 61):
        clock.now = now
        numbers.append(store.publish("/a", "token", [Entry("x")], 10)[1])
    assert numbers == [1, 1, 2]


def test_so_many_tokens_are_remembered():
    store = MemoryStore(bounds=MemoryBounds(tokens=2))
    for token, number in (("a", 1), ("b", 2), ("a", 1), ("c", 3), ("b", 2), ("a", 4)):
        assert store.publish("/a", token, [Entry("x")], 10)[1] == number


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_process_starts_with_epochs_of_its_own():
    store = MemoryStore()
    epoch = store.read("/a").epoch
    pid = os.fork()
    if pid == 0:
        os._exit(int(store.read("/a").epoch == epoch))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert store.read("/a").epoch == epoch


def test_an_event_takes_little_more_than_its_text():
    topics, events = 20, 100
    store = MemoryStore()
    tracemalloc.start()
    try:
        for topic in range(topics):
            for number in range(1, events + 1):
                store.append(f"/{topic}", "A", number, [Entry(f"{number:0200}")], events)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= 40 * 1024 * 1024 / 1_000 * topics
