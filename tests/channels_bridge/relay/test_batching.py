import tracemalloc

import pytest

from channels_bridge.relay.batching import Outgoing, OutgoingQueues, QueueBounds
from channels_bridge.relay.messages import MAX_TEXT
from tornado_websockets.core.delivery.hub import shared_future
from tornado_websockets.core.delivery.message import Message

BOUNDS = QueueBounds()


@pytest.fixture
def queues():
    return OutgoingQueues()


def silent(text, topic="/chat"):
    """A text of which nobody wants to know the outcome."""
    return Outgoing(Message(topic, "say", text))


def fill(queues, topic, size=10_000):
    """How many texts of that size are taken for ``topic``, one after the other."""
    count = 0
    while queues.put(silent("x" * size, topic)):
        count += 1
    return count


class TestOutgoing:
    def test_needs_no_outcome(self):
        outgoing = silent("hi")
        outgoing.succeed()
        outgoing.fail(None)
        assert outgoing.outcome is None


class TestShares:
    def test_are_half_of_it_for_one_topic(self, queues):
        assert fill(queues, "/flood") * 10_000 == pytest.approx(BOUNDS.max_bytes / 2, rel=0.05)

    def test_are_a_third_each_for_two(self, queues):
        topics = ("/one", "/other")
        for _ in range(BOUNDS.max_bytes // 10_000):
            for topic in topics:
                queues.put(silent("x" * 10_000, topic))
        assert [queues._queues[topic].size for topic in topics] == pytest.approx([BOUNDS.max_bytes / 3] * 2, rel=0.05)

    def test_leave_room_for_one_more_however_many_are_flooded(self, queues):
        for number in range(10):
            fill(queues, f"/{number}")
        assert queues.put(silent("x" * 10_000, "/quiet"))

    def test_leave_room_for_the_longest_text_where_one_topic_is_flooded(self, queues):
        fill(queues, "/flood")
        assert queues.put(silent("x" * (MAX_TEXT - 1_000), "/quiet"))

    def test_count_what_texts_cost_besides_themselves(self, queues):
        assert fill(queues, "/flood", size=0) < 100_000

    def test_are_there_again_when_something_was_taken(self, queues):
        count = fill(queues, "/flood")
        while queues:
            queues.take()
        assert fill(queues, "/flood") == count


@pytest.mark.parametrize("has_outcome", [False, True])
@pytest.mark.parametrize("topics", [1, 2_000])
def test_what_waits_is_counted_with_all_that_it_takes(has_outcome, topics):
    tracemalloc.start()
    try:
        queues = OutgoingQueues()
        for number in range(2_000):
            text, topic = f"{number:0100}", f"/room/{number % topics:050}"
            queues.put(Outgoing(Message(topic, "say", text), shared_future() if has_outcome else None))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / 1.5 < queues._bytes < taken * 1.5


class TestTaking:
    def test_takes_nothing_where_nothing_waits(self, queues):
        assert queues.take() == []

    def test_goes_by_turns(self):
        queues = OutgoingQueues(QueueBounds(batch_texts=1))
        for text, path in [("a", "/one"), ("b", "/one"), ("x", "/other")]:
            queues.put(silent(text, path))
        assert [outgoing.message.text for _ in range(3) for outgoing in queues.take()] == ["a", "x", "b"]

    def test_leaves_topics_that_rest_for_later(self, queues):
        queues.put(silent("a", "/one"))
        queues.put(silent("x", "/other"))
        assert queues.first_outside({"/one"}) == "/other"
        assert [outgoing.message.text for outgoing in queues.take({"/one"})] == ["x"]
        assert queues.first_outside({"/one"}) is None
        assert [outgoing.message.text for outgoing in queues.take({"/one"})] == ["a"]

    def test_leaves_nothing_behind(self, queues):
        queues.put(silent("a"))
        assert "/chat" in queues
        queues.take()
        assert "/chat" not in queues
        assert not queues
        assert queues._bytes == 0


class TestRoom:
    def test_is_not_needed_where_little_waits(self, queues):
        assert not queues.is_congested("/chat")
        assert queues.room("/chat") is None

    def test_is_there_when_the_topic_is_congested_no_more(self, queues):
        fill(queues, "/chat")
        room = queues.room("/chat")
        assert queues.room("/chat") is room
        while queues.is_congested("/chat"):
            assert not room.done()
            queues.take()
        assert room.done()
        assert queues._queues["/chat"].size <= BOUNDS.congestion

    def test_is_asked_for_anew_when_it_was_there(self, queues):
        fill(queues, "/chat")
        first = queues.room("/chat")
        queues.release()
        assert first.done()
        assert not queues.room("/chat").done()
