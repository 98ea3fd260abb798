"""What a process knows of one topic."""

import pytest

from tornado_websockets.core.recovery.gap import missed_since, position_of
from tornado_websockets.core.recovery.keeping.former import SETTLING
from tornado_websockets.core.recovery.keeping.journal import MAX_HEARD, MAX_HOLES, Journal
from tornado_websockets.core.recovery.keeping.policy import Policy
from tornado_websockets.core.recovery.record import Event, Record, Standing


def event(number):
    return Event("A", number, f"A{number}")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def numbers_of(holes):
    return {number for hole in holes for number in hole}


class TestAStoreThatWasEmptied:
    @pytest.mark.parametrize("seconds", [0, SETTLING + 1])
    @pytest.mark.parametrize(("sent_since", "missed"), [(0, []), (2, [11, 12])])
    def test_has_nobody_miss_what_was_sent_before(self, seconds, sent_since, missed):
        clock = Clock()
        journal, emptied = Journal("/chat", Policy(history=20), clock=clock), Record("new")
        journal.found(Record("old"))
        for number in range(1, 11):
            journal.hear(event(number))
        journal.found(emptied)
        since = position_of(emptied, journal.known(emptied))
        assert since["A"] == 10
        clock.now += seconds
        for number in range(11, 11 + sent_since):
            journal.hear(event(number))
        events = missed_since(since, emptied, journal.known(emptied))
        assert events is not None
        assert [each.number for each in events] == missed
        for other in (3, 13):  # who was further behind has missed what is lost; nobody can be ahead
            assert missed_since({**since, "A": other}, emptied, journal.known(emptied)) is None


class TestHoles:
    def test_none_is_forgotten_however_many_there_are(self):
        journal, lost = Journal("/chat", Policy(20)), []
        for number in range(10, 10 + 8 * MAX_HOLES, 4):
            journal.pass_over(event(number + 2))
            journal.pass_over(event(number))
            lost += [number, number + 2]
        holes = journal.holes["A"]
        assert len(holes) == MAX_HOLES
        assert numbers_of(holes) >= set(lost)
        assert sum(map(len, holes)) == len(numbers_of(holes))
        assert holes == sorted(holes, key=lambda hole: hole.start)

    def test_none_is_forgotten_where_one_of_those_shown_in_between_is_passed_over(self):
        """The first holes are one by then, which has what is passed over in it."""
        journal = Journal("/chat", Policy(20))
        journal.hear(event(1))
        stop = 5 * MAX_HOLES
        for number in range(3, stop, 2):
            journal.hear(event(number))
        shown, _ = journal.give_up(["A"])
        journal.pass_over(shown[0])
        holes = journal.holes["A"]
        assert numbers_of(holes) >= {3, *range(2, stop - 1, 2)}
        assert sum(map(len, holes)) == len(numbers_of(holes))
        assert holes == sorted(holes, key=lambda hole: hole.start)


class TestTooManySenders:
    def test_leave_out_one_that_the_store_does_not_list(self):
        journal = Journal("/chat", Policy(20))
        journal.found(Record("epoch"))
        journal.hear(event(1))
        for number in range(MAX_HEARD):
            journal.hear(Event(f"sender {number}", 1, ""))
        journal.prune({"epoch": 0, "A": 1}, 0.0, 60.0)
        journal.hear(Event("another", 1, ""))
        assert not journal.is_founded
        assert journal.lasts["A"] == 1
        assert "sender 0" not in journal.lasts

    def test_have_nothing_passed_over_of_those_that_are_known(self):
        journal = Journal("/chat", Policy(20))
        journal.found(Record("epoch"))
        for number in range(MAX_HEARD + 1):
            journal.hear(Event(f"sender {number}", 1, ""))
        journal.hear(event(1))
        assert not journal.is_founded
        assert journal.found(Record("epoch", senders={"A": Standing(2)}), ["client"])
        assert (journal.gaps["A"].upto, journal.doubt) == (2, None)
        assert journal.hear(event(2)) == [event(2)]


class TestWaiting:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def asked(self, clock):
        """Of a journal that lacks a sender's second event, whom it waits for no longer when the store was asked."""

        def asked(at, has_answered):
            clock.now = at
            journal.note_answer(has_answered)
            return journal.stale(2.0, 6.0)

        journal = Journal("/chat", Policy(20), clock)
        journal.hear(event(1))
        journal.hear(event(3))
        asked.journal = journal
        return asked

    def test_ends_when_the_store_has_answered_without_it_for_two_seconds(self, asked):
        assert [asked(at, True) for at in (0.5, 2.4, 2.5)] == [[], [], ["A"]]

    def test_ends_after_six_seconds_without_an_answer(self, asked):
        assert [asked(at, False) for at in (0.0, 5.9, 6.0)] == [[], [], ["A"]]

    def test_begins_anew_when_a_store_that_gave_no_answer_gives_one(self, asked):
        answers = [(0.5, True), (1.0, False), (5.0, True), (6.9, True), (7.0, True)]
        assert [asked(at, has_answered) for at, has_answered in answers] == [[], [], [], [], ["A"]]

    def test_goes_on_for_no_longer_where_the_store_comes_and_goes(self, asked):
        answers = [(at / 2, at % 2 == 0) for at in range(1, 14)]
        assert [bool(asked(at, has_answered)) for at, has_answered in answers].index(True) == 12

    def test_begins_anew_for_what_follows_something_that_has_come(self, asked):
        asked.journal.hear(event(5))
        assert [asked(at, True) for at in (0.0, 1.5)] == [[], []]
        assert asked.journal.hear(event(2)) == [event(2), event(3)]
        assert [asked(at, True) for at in (2.0, 3.9, 4.0)] == [[], [], ["A"]]
