import tracemalloc

import pytest

from channels_bridge import waiting as waiting_module
from channels_bridge.messages import MAX_TEXT
from channels_bridge.waiting import CONGESTION, MAX_BYTES, Outgoing, Waiting


@pytest.fixture
def waiting():
    return Waiting()


def silent(text, path="/chat"):
    """A text of which nobody wants to know the outcome."""
    return Outgoing(path, "say", text, None, None)


def fill(waiting, path, size=10_000):
    """How many texts of that size are taken for ``path``, one after the other."""
    count = 0
    while waiting.put(silent("x" * size, path)):
        count += 1
    return count


class TestOutgoing:
    def test_needs_no_outcome(self):
        outgoing = silent("hi")
        outgoing.succeed()
        outgoing.fail(None)
        assert outgoing.outcome is None


class TestShares:
    def test_are_half_of_it_for_one_path(self, waiting):
        assert fill(waiting, "/flood") * 10_000 == pytest.approx(MAX_BYTES / 2, rel=0.05)

    def test_are_a_third_each_for_two(self, waiting):
        paths = ("/one", "/other")
        for _ in range(MAX_BYTES // 10_000):
            for path in paths:
                waiting.put(silent("x" * 10_000, path))
        assert [waiting._queues[path].size for path in paths] == pytest.approx([MAX_BYTES / 3] * 2, rel=0.05)

    def test_leave_room_for_one_more_however_many_are_flooded(self, waiting):
        for number in range(10):
            fill(waiting, f"/{number}")
        assert waiting.put(silent("x" * 10_000, "/quiet"))

    def test_leave_room_for_the_longest_text_where_one_path_is_flooded(self, waiting):
        fill(waiting, "/flood")
        assert waiting.put(silent("x" * (MAX_TEXT - 1_000), "/quiet"))

    def test_count_what_texts_cost_besides_themselves(self, waiting):
        assert fill(waiting, "/flood", size=0) < 100_000

    def test_are_there_again_when_something_was_taken(self, waiting):
        count = fill(waiting, "/flood")
        while waiting:
            waiting.take()
        assert fill(waiting, "/flood") == count


@pytest.mark.parametrize("has_outcome", [False, True])
@pytest.mark.parametrize("paths", [1, 2_000])
def test_what_waits_is_counted_with_all_that_it_takes(has_outcome, paths):
    tracemalloc.start()
    try:
        waiting = Waiting()
        for number in range(2_000):
            text, path = f"{number:0100}", f"/room/{number % paths:050}"
            waiting.put(Outgoing(path, "say", text) if has_outcome else silent(text, path))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / 1.5 < waiting._bytes < taken * 1.5


class TestTaking:
    def test_takes_nothing_where_nothing_waits(self, waiting):
        assert waiting.take() == []

    def test_goes_by_turns(self, waiting, monkeypatch):
        monkeypatch.setattr(waiting_module, "BATCH_TEXTS", 1)
        for text, path in [("a", "/one"), ("b", "/one"), ("x", "/other")]:
            waiting.put(silent(text, path))
        assert [outgoing.text for _ in range(3) for outgoing in waiting.take()] == ["a", "x", "b"]

    def test_leaves_paths_that_rest_for_later(self, waiting):
        waiting.put(silent("a", "/one"))
        waiting.put(silent("x", "/other"))
        assert waiting.has_any_outside({"/one"})
        assert [outgoing.text for outgoing in waiting.take({"/one"})] == ["x"]
        assert not waiting.has_any_outside({"/one"})
        assert [outgoing.text for outgoing in waiting.take({"/one"})] == ["a"]

    def test_leaves_nothing_behind(self, waiting):
        waiting.put(silent("a"))
        assert "/chat" in waiting
        waiting.take()
        assert "/chat" not in waiting
        assert not waiting
        assert waiting._bytes == 0


class TestRoom:
    def test_is_not_needed_where_little_waits(self, waiting):
        assert not waiting.is_congested("/chat")
        assert waiting.room("/chat") is None

    def test_is_there_when_the_path_is_congested_no_more(self, waiting):
        fill(waiting, "/chat")
        room = waiting.room("/chat")
        assert waiting.room("/chat") is room
        while waiting.is_congested("/chat"):
            assert not room.done()
            waiting.take()
        assert room.done()
        assert waiting._queues["/chat"].size <= CONGESTION

    def test_is_asked_for_anew_when_it_was_there(self, waiting):
        fill(waiting, "/chat")
        first = waiting.room("/chat")
        waiting.release()
        assert first.done()
        assert not waiting.room("/chat").done()
