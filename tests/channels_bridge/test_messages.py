import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_bridge import messages
from channels_bridge.messages import EVENT, RELAY, Batch, Numbering, Tally


def batch(first, *texts, sender="sender", path="/chat"):
    return Batch(sender, path, first, list(texts), [None] * len(texts))


def test_the_type_for_other_programs_is_that_of_the_contract():
    assert EVENT == "websocket.event"
    assert RELAY != EVENT


class TestBatch:
    def test_survives_the_journey(self):
        sent = Batch("sender", "/é", 7, ["one", "two"], [None, "update"])
        message = sent.to_message()
        assert message["type"] == RELAY
        assert Batch.from_message(message) == sent

    @pytest.mark.parametrize(
        "serialise",
        [lambda value: json.loads(json.dumps(value)), lambda value: msgpack.unpackb(msgpack.packb(value))],
        ids=["json", "msgpack"],
    )
    def test_survives_what_layers_do_with_it(self, serialise):
        sent = batch(1, "one", "two")
        assert Batch.from_message(serialise(sent.to_message())) == sent

    def test_may_hold_more_than_this_version_knows(self):
        sent = batch(1, "one")
        assert Batch.from_message({**sent.to_message(), "more": 1}) == sent

    @pytest.mark.parametrize("missing", ["sender", "path", "first", "texts", "keys"])
    def test_holds_no_less(self, missing):
        message = batch(1, "one").to_message()
        del message[missing]
        with pytest.raises(KeyError, match=missing):
            Batch.from_message(message)


class TestNumbering:
    def test_counts_from_one(self):
        numbering = Numbering()
        assert [numbering.take("/chat", count) for count in (1, 3, 2)] == [1, 2, 5]

    def test_counts_paths_apart(self):
        numbering = Numbering()
        numbering.take("/chat", 5)
        assert numbering.take("/other", 1) == 1
        assert numbering.take("/chat", 1) == 6

    def test_starts_over_in_a_new_epoch_when_there_are_too_many_paths(self, monkeypatch):
        monkeypatch.setattr(messages, "_MAX_PATHS", 2)
        numbering = Numbering()
        for path in ("/one", "/two", "/one"):
            numbering.take(path, 1)
        assert numbering.epoch == 0
        assert numbering.take("/three", 1) == 1
        assert numbering.epoch == 1
        assert numbering.take("/one", 1) == 1


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

    def test_forgets_the_sender_that_was_silent_longest(self, monkeypatch):
        monkeypatch.setattr(messages, "_MAX_SENDERS", 2)
        tally = Tally()
        for first, sender in [(1, "one"), (1, "two"), (2, "one"), (1, "three")]:
            tally.check(batch(first, "a", sender=sender))
        assert tally.check(batch(5, "b", sender="one")) == (2, ["b"])
        assert tally.check(batch(5, "b", sender="two")) == (0, ["b"])

    @given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30))
    def test_finds_exactly_what_was_lost(self, sizes):
        numbering, tally = Numbering(), Tally()
        texts = iter(range(1000))
        lost = taken = 0
        tally.check(batch(numbering.take("/chat", 1), str(next(texts))))
        pending = 0
        for size, arrives in sizes:
            sent = batch(numbering.take("/chat", size), *(str(next(texts)) for _ in range(size)))
            if not arrives:
                pending += size
                continue
            missing, new = tally.check(sent)
            lost, taken = lost + missing, taken + len(new)
            assert (missing, new) == (pending, sent.texts)
            pending = 0
        assert lost + taken + pending == sum(size for size, _ in sizes)
