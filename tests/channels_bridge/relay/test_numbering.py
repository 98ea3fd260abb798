import time
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_bridge.relay.messages import MAX_NUMBER, MAX_SENDER, Batch
from channels_bridge.relay.numbering import Numbering, NumberingBounds, Tally, _cost
from tornado_websockets.core.registry import MAX_PATH

BOUNDS = NumberingBounds()


def batch(first, *texts, sender="sender", path="/chat"):
    return Batch(sender, path, first, list(texts), [None] * len(texts))


def bytes_of(fill):
    """What is there after ``fill`` and was not before."""
    tracemalloc.start()
    try:
        kept = fill()
        taken, _ = tracemalloc.get_traced_memory()
        assert kept
    finally:
        tracemalloc.stop()
    return taken


class TestNumbering:
    @pytest.fixture
    def here(self):
        """The paths that have clients in this process."""
        return {"/chat", "/other"}

    @pytest.fixture
    def numbering(self, here):
        return Numbering(here.__contains__)

    def test_counts_from_one(self, numbering):
        assert [numbering.take("/chat", count) for count in (1, 3, 2)] == [(0, 1), (0, 2), (0, 5)]

    def test_counts_paths_apart(self, numbering):
        numbering.take("/chat", 5)
        assert numbering.take("/other", 1) == (1, 1)
        assert numbering.take("/chat", 1) == (0, 6)

    def test_starts_over_in_a_higher_epoch_when_a_path_was_forgotten(self, numbering):
        numbering.take("/chat", 5)
        numbering.take("/other", 1)
        numbering.forget("/chat")
        assert numbering.take("/chat", 1) == (2, 1)
        assert numbering.take("/other", 1) == (1, 2)

    def test_keeps_nothing_of_what_was_forgotten(self, numbering, here):
        for path in ("/chat", "/elsewhere"):
            numbering.take(path, 1)
            numbering.forget(path)
        assert (numbering._here, numbering._elsewhere, numbering._bytes) == ({}, {}, 0)

    def test_can_forget_what_it_never_knew(self, numbering):
        numbering.forget("/chat")
        assert numbering.take("/chat", 1) == (0, 1)

    def test_goes_on_when_clients_come_and_go(self, numbering, here):
        here.clear()
        assert numbering.take("/chat", 1) == (0, 1)
        here.add("/chat")
        assert numbering.take("/chat", 1) == (0, 2)
        assert numbering._bytes == 0
        here.clear()
        assert numbering.take("/chat", 1) == (0, 3)
        assert numbering._here == {}

    def test_forgets_the_path_without_clients_that_was_silent_longest(self, here):
        numbering = Numbering(here.__contains__, NumberingBounds(remembered_bytes=2 * _cost("/one")))
        for path in ("/chat", "/one", "/two", "/one", "/six"):
            numbering.take(path, 1)
        assert numbering.take("/one", 1) == (1, 3)
        assert numbering.take("/chat", 1) == (0, 2)
        assert numbering.take("/two", 1) == (4, 1)

    def test_keeps_little_of_any_number_of_paths_without_clients(self, numbering):
        def fill():
            for number in range(3_000):
                numbering.take(f"/room/{number:0{MAX_PATH - 6}}", 1)
            return numbering

        assert bytes_of(fill) < 1.2 * BOUNDS.remembered_bytes

    def test_keeps_little_of_any_number_of_short_paths_without_clients(self, numbering):
        def fill():
            for number in range(100_000):
                numbering.take(f"/{number}", 1)
            return numbering

        assert bytes_of(fill) < 1.2 * BOUNDS.remembered_bytes


class TestTally:
    def test_misses_nothing_in_what_is_consecutive(self):
        tally = Tally()
        assert tally.check(batch(1, "a", "b")) == (0, ["a", "b"])
        assert tally.check(batch(3, "c")) == (0, ["c"])

    def test_misses_nothing_before_the_first(self):
        assert Tally().check(batch(100, "a")) == (0, ["a"])

    def test_counts_what_is_missing(self):
        tally = Tally()
        tally.check(batch(1, "a", "b"))
        assert tally.check(batch(6, "f")) == (3, ["f"])
        assert tally.check(batch(7, "g")) == (0, ["g"])

    def test_takes_a_batch_once(self):
        tally = Tally()
        tally.check(batch(1, "a"))
        tally.check(batch(2, "b", "c"))
        assert tally.check(batch(2, "b", "c")) == (0, [])
        assert tally.check(batch(4, "d")) == (0, ["d"])

    def test_takes_the_new_part_of_a_batch(self):
        tally = Tally()
        tally.check(batch(5, "e", "f"))
        assert tally.check(batch(6, "f", "g")) == (0, ["g"])

    def test_knows_senders_apart(self):
        tally = Tally()
        tally.check(batch(1, "a"))
        assert tally.check(batch(9, "x", sender="other")) == (0, ["x"])
        assert tally.check(batch(2, "b")) == (0, ["b"])

    def test_knows_paths_apart(self):
        tally = Tally()
        tally.check(batch(1, "a"))
        assert tally.check(batch(9, "x", path="/other")) == (0, ["x"])
        assert tally.check(batch(2, "b")) == (0, ["b"])

    def test_takes_a_first_batch_once(self):
        tally = Tally()
        tally.check(batch(1, "a", "b"))
        assert tally.check(batch(1, "a", "b")) == (0, [])

    def test_misses_nothing_while_it_did_not_receive(self):
        tally = Tally()
        tally.check(batch(1, "a"))
        tally.forget("/chat")
        assert tally.check(batch(9, "x")) == (0, ["x"])

    def test_can_forget_what_it_never_knew(self):
        tally = Tally()
        tally.forget("/chat")
        assert tally.check(batch(1, "a")) == (0, ["a"])

    def test_forgets_the_sender_that_was_silent_longest(self):
        tally = Tally(NumberingBounds(senders=2))
        for first, sender in [(1, "one"), (1, "two"), (2, "one"), (1, "three")]:
            tally.check(batch(first, "a", sender=sender))
        assert tally.check(batch(5, "b", sender="one")) == (2, ["b"])
        assert tally.check(batch(5, "b", sender="two")) == (0, ["b"])

    @given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30))
    def test_finds_exactly_what_was_lost(self, sizes):
        numbering, tally = Numbering(bool), Tally()
        texts = iter(range(1000))
        lost = taken = 0
        tally.check(batch(numbering.take("/chat", 1)[1], str(next(texts))))
        pending = 0
        for size, arrives in sizes:
            sent = batch(numbering.take("/chat", size)[1], *(str(next(texts)) for _ in range(size)))
            if not arrives:
                pending += size
                continue
            missing, new = tally.check(sent)
            lost, taken = lost + missing, taken + len(new)
            assert (missing, new) == (pending, sent.texts)
            pending = 0
        assert lost + taken + pending == sum(size for size, _ in sizes)


class TestFirstMessages:
    """What a sender sent first counts as lost if the topic was joined by then."""

    @pytest.fixture
    def tally(self):
        tally = Tally()
        tally.listen("/chat")
        return tally

    def sent(self, first, *texts, seconds_ago=0.0, sender="me.0"):
        return replace(batch(first, *texts, sender=sender), began=time.time() - seconds_ago)

    def test_are_lost_where_the_sender_began_later(self, tally):
        assert tally.check(self.sent(50, "x")) == (49, ["x"])
        assert tally.check(self.sent(51, "y")) == (0, ["y"])

    def test_are_not_where_it_began_before(self, tally):
        assert tally.check(self.sent(50, "x", seconds_ago=5)) == (0, ["x"])

    def test_are_not_where_the_topic_was_left(self, tally):
        tally.forget("/chat")
        assert tally.check(self.sent(50, "x")) == (0, ["x"])

    def test_are_not_where_an_older_version_does_not_say_when_it_began(self, tally):
        assert tally.check(batch(50, "x")) == (0, ["x"])

    def test_are_not_those_of_a_sender_that_was_forgotten(self):
        tally = Tally(NumberingBounds(senders=1))
        tally.listen("/chat")
        first = self.sent(1, "a")
        tally.check(first)
        tally.check(self.sent(1, "a", sender="other.0"))
        assert tally.check(replace(first, first=2)) == (0, ["a"])

    def test_are_dated_by_the_sender(self):
        numbering = Numbering(bool)
        before = time.time()
        numbering.take("/chat", 1)
        began = numbering.began("/chat")
        numbering.take("/chat", 1)
        assert before <= began <= time.time()
        assert numbering.began("/chat") == began
        assert numbering.began("/other") is None


class TestEpochs:
    """A sender that has forgotten a path starts over under a name that differs in its end."""

    @pytest.fixture
    def tally(self):
        tally = Tally()
        assert tally.check(batch(1, "a", "b", sender="me.1.0")) == (0, ["a", "b"])
        return tally

    def test_start_over_without_repetitions(self, tally):
        assert tally.check(batch(1, "c", sender="me.1.4")) == (0, ["c"])
        assert tally.check(batch(2, "d", sender="me.1.4")) == (0, ["d"])

    def test_show_what_was_lost_at_their_start(self, tally):
        assert tally.check(batch(3, "e", sender="me.1.4")) == (2, ["e"])

    def test_show_nothing_of_what_was_sent_before_anything_was_heard(self, tally):
        tally.forget("/chat")
        assert tally.check(batch(3, "e", sender="me.1.4")) == (0, ["e"])
        assert tally.check(batch(9, "e", sender="other.1.4")) == (0, ["e"])

    def test_that_have_ended_may_be_repeated(self, tally):
        tally.check(batch(1, "c", sender="me.1.4"))
        assert tally.check(batch(2, "b", sender="me.1.0")) == (0, [])
        assert tally.check(batch(2, "d", sender="me.1.4")) == (0, ["d"])

    def test_are_those_of_one_sender(self, tally):
        assert tally.check(batch(1, "x", sender="me.2.0")) == (0, ["x"])
        assert tally.check(batch(3, "c", sender="me.1.0")) == (0, ["c"])

    def test_cost_no_memory_however_many_there_are(self, tally):
        before = tally._bytes
        for epoch in range(1, 100):
            tally.check(batch(1, "a", sender=f"me.1.{epoch}"))
        assert len(tally._heard["/chat"]["me.1"]) == 2
        assert tally._bytes == before

    @pytest.mark.parametrize("sender", ["", ".", "1", ".1", "me.", "me.x", "me.-1", "me.\u0661", "me.1_0"])
    def test_need_not_be_there(self, sender):
        tally = Tally()
        assert tally.check(batch(1, "a", sender=sender)) == (0, ["a"])
        assert tally.check(batch(3, "c", sender=sender)) == (1, ["c"])


class TestIncredibleNumbers:
    """Whoever can write to the layer can claim to be anyone."""

    @pytest.fixture
    def tally(self):
        tally = Tally()
        tally.check(batch(1, *"abc", sender="me.0"))
        return tally

    @pytest.mark.parametrize("first", [5 + BOUNDS.lost, MAX_NUMBER])
    def test_count_as_no_loss(self, tally, first):
        assert tally.check(batch(first, "x", sender="me.0")) == (None, ["x"])

    def test_count_as_loss_up_to_there(self, tally):
        assert tally.check(batch(4 + BOUNDS.lost, "x", sender="me.0")) == (BOUNDS.lost, ["x"])

    @pytest.mark.parametrize("first", [5 + BOUNDS.lost, MAX_NUMBER, 5 + 2 * BOUNDS.repeated])
    def test_make_nothing_that_the_real_one_sends_a_repetition(self, tally, first):
        tally.check(batch(first, "x", sender="me.0"))
        assert tally.check(batch(4, "d", sender="me.0")) == (None, ["d"])
        assert tally.check(batch(5, "e", sender="me.0")) == (0, ["e"])

    def test_that_are_close_do_so_for_no_longer_than_they_reach(self, tally):
        tally.check(batch(5, *"xyz", sender="me.0"))
        heard = [text for number in range(4, 12) for text in tally.check(batch(number, str(number), sender="me.0"))[1]]
        assert heard == ["8", "9", "10", "11"]

    @pytest.mark.parametrize("epoch", ["1", "7", "9" * 100])
    def test_in_an_incredible_epoch_make_nothing_that_the_real_one_sends_a_repetition(self, tally, epoch):
        for first in (1, MAX_NUMBER):
            tally.check(batch(first, "x", sender=f"me.{epoch}"))
        assert tally.check(batch(4, "d", sender="me.0")) == (0, ["d"])

    def test_in_many_epochs_make_nothing_that_the_real_one_sends_a_repetition(self, tally):
        for epoch in range(1, 5):
            tally.check(batch(1, "x", sender=f"me.{epoch}"))
        assert tally.check(batch(4, "d", sender="me.0")) == (0, ["d"])
        assert tally.check(batch(5, "e", sender="me.0")) == (0, ["e"])


class TestWhatIsKept:
    def test_is_bounded_for_one_path(self):
        tally = Tally()
        for number in range(2 * BOUNDS.senders):
            tally.check(batch(1, "x", sender=f"{number}.0"))
        assert list(tally._heard["/chat"]) == [str(number) for number in range(BOUNDS.senders, 2 * BOUNDS.senders)]

    def test_is_bounded_for_all_of_them_and_counted_with_all_that_it_takes(self):
        tally = Tally()

        def fill():
            for path in range(40):
                for sender in range(BOUNDS.senders):
                    tally.check(batch(1, "x", sender=f"{sender:0{MAX_SENDER}}", path=f"/room/{path:0{MAX_PATH - 6}}"))
            return tally

        assert BOUNDS.heard_bytes / 1.5 < bytes_of(fill) < 1.1 * BOUNDS.heard_bytes
        assert tally._bytes <= BOUNDS.heard_bytes

    def test_is_little_for_any_number_of_senders_and_paths(self):
        def fill():
            tally = Tally()
            for number in range(40_000):
                tally.check(batch(1, "x", sender="a", path=f"/{number}"))
            return tally

        assert bytes_of(fill) < 1.1 * BOUNDS.heard_bytes

    def test_is_of_the_path_that_was_silent_longest_when_another_has_its_first_sender(self):
        tally = Tally(NumberingBounds(heard_bytes=2 * (_cost("/one") + _cost("sender"))))
        for path in ("/one", "/two", "/one"):
            tally.check(batch(1, "x", path=path))
        tally.check(batch(1, "x", path="/six"))
        assert list(tally._heard) == ["/one", "/six"]

    def test_is_of_the_path_that_grows_when_it_has_others(self):
        tally = Tally(NumberingBounds(heard_bytes=_cost("/quiet") + _cost("/flood") + 3 * _cost("a")))
        for path, sender in [("/quiet", "a"), ("/flood", "a"), ("/flood", "b")]:
            tally.check(batch(1, "x", path=path, sender=sender))
        tally.check(batch(1, "x", path="/flood", sender="c"))
        assert {path: list(senders) for path, senders in tally._heard.items()} == {
            "/quiet": ["a"],
            "/flood": ["b", "c"],
        }

    def test_is_nothing_once_it_is_forgotten(self):
        tally = Tally()
        for sender in "abc":
            tally.check(batch(1, "x", sender=sender))
        tally.forget("/chat")
        assert (tally._heard, tally._bytes) == ({}, 0)
