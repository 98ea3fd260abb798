import pytest

from tornado_websockets.core.recovery.gap import Known, Shown, missed_since, position_of
from tornado_websockets.core.recovery.record import MAX_SENDERS, Event, Record, Standing


def events(sender, *numbers):
    return [Event(sender, number, f"{sender}{number}") for number in numbers]


def record(*kept, forgotten=0, floor=0, **senders):
    standings = {name: Standing(last) if isinstance(last, int) else last for name, last in senders.items()}
    return Record("epoch", forgotten, floor, standings, kept)


def texts(missed):
    return None if missed is None else [event.text for event in missed]


KEPT = record(*events("A", 3, 4), *events("B", 1), *events("A", 5), A=5, B=1)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ({"epoch": 0, "A": 5, "B": 1}, []),
        ({"epoch": 0, "A": 4, "B": 1}, ["A5"]),
        ({"epoch": 0, "A": 2}, ["A3", "A4", "B1", "A5"]),
        ({"epoch": 0, "A": 1, "B": 1}, None),
        ({"epoch": 0, "B": 1}, None),
        ({"epoch": 0, "A": 6, "B": 1}, None),
        ({"epoch": 0, "A": 5, "B": 1, "nobody": 1}, None),
        ({"epoch": 0, "A": 5, "B": 1, "nobody": 0}, []),
        ({"A": 5, "B": 1}, None),
        ({"another": 0, "A": 5, "B": 1}, None),
        ({"epoch": 1, "A": 5, "B": 1}, None),
        ({}, None),
    ],
)
def test_it_is_all_that_came_after_or_none(since, expected):
    assert texts(missed_since(since, KEPT)) == expected


def test_a_hole_in_the_middle_is_none_though_as_many_are_there():
    holed = record(*events("A", 3, 5), A=5)
    assert missed_since({"epoch": 0, "A": 3}, holed) is None
    assert texts(missed_since({"epoch": 0, "A": 4}, holed)) == ["A5"]


def test_a_topic_that_nobody_has_sent_to_is_whole():
    assert missed_since({"epoch": 0}, record()) == []


class TestForgottenSenders:
    """A was forgotten at 5, with which the record counted one more, 3."""

    RECORD = record(*events("A", 4, 5), A=Standing(5, False, 5, 3), forgotten=3, floor=1)

    @pytest.mark.parametrize(
        ("since", "expected"),
        [
            ({"epoch": 3}, []),
            ({"epoch": 2, "A": 5}, []),
            ({"epoch": 2, "A": 3}, ["A4", "A5"]),
            ({"epoch": 2, "A": 2}, None),
            ({"epoch": 2}, None),
            ({"epoch": 1, "A": 5}, []),
            ({"epoch": 0, "A": 5}, None),  # below the floor
        ],
    )
    def test_were_heard_by_who_counts_them(self, since, expected):
        assert texts(missed_since(since, self.RECORD)) == expected

    def test_go_on_where_they_were(self):
        again = record(*events("A", 5, 6), A=Standing(6, True, 5, 3), forgotten=3)
        assert texts(missed_since({"epoch": 3}, again)) == ["A6"]
        assert texts(missed_since({"epoch": 2}, again)) is None


class TestWhatTheProcessKnows:
    def test_fills_what_the_store_does_not_have_yet(self):
        known = Known({"A": 7}, events("A", 6, 7))
        assert texts(missed_since({"epoch": 0, "A": 4, "B": 1}, KEPT, known)) == ["A5", "A6", "A7"]

    def test_makes_a_hole_of_what_nobody_can_show(self):
        assert missed_since({"epoch": 0, "A": 5, "B": 1}, KEPT, Known({"A": 6})) is None

    def test_is_told_once_though_the_store_has_it_too(self):
        known = Known({"A": 5}, events("A", 4, 5))
        assert texts(missed_since({"epoch": 0, "A": 3, "B": 1}, KEPT, known)) == ["A4", "A5"]

    def test_is_put_in_its_place(self):
        holed = record(*events("A", 3, 5), A=5)
        assert texts(missed_since({"epoch": 0, "A": 2}, holed, Known({"A": 4}, events("A", 4)))) == ["A3", "A4", "A5"]

    def test_is_of_senders_that_the_store_has_not_heard_of(self):
        known = Known({"C": 2}, events("C", 1, 2))
        since = {"epoch": 0, "A": 5, "B": 1}
        assert texts(missed_since(since, KEPT, known)) == ["C1", "C2"]
        assert texts(missed_since({**since, "C": 1}, KEPT, known)) == ["C2"]


def test_a_number_that_anybody_can_claim_costs_no_work():
    since = {"epoch": 0, "A": 0}
    assert missed_since(since, record(A=2**53)) is None
    assert missed_since(since, record(A=1), Known({"A": 2**53})) is None


class TestPosition:
    def test_is_the_stores_and_further_where_the_process_is(self):
        known = Known({"A": 7, "B": 0, "C": 2})
        assert position_of(KEPT, known) == {"epoch": 0, "A": 7, "B": 1, "C": 2}

    def test_names_a_forgotten_sender_only_with_what_came_after(self):
        forgotten = record(A=Standing(5, False, 5, 1), forgotten=1)
        assert position_of(forgotten, Known({"A": 5})) == {"epoch": 1}
        assert position_of(forgotten, Known({"A": 6})) == {"epoch": 1, "A": 6}

    def test_names_no_more_senders_than_a_bound(self):
        known = Known({f"S{number}": 1 for number in range(200)})
        position = position_of(KEPT, known)
        assert len(position) == 1 + MAX_SENDERS
        assert position["A"] == 5


class TestWhatWasShown:
    """Since it connected, when the process stood at A's 3, it was shown A's 4 to 6, but for 5, which was lost."""

    SHOWN = Shown({"A": 3}, {"A": 6}, {"A": [range(5, 6)]})

    def test_was_not_missed(self):
        kept = record(*events("A", 2, 3, 5, 7), A=7)
        assert texts(missed_since({"epoch": 0, "A": 1}, kept, shown=self.SHOWN)) == ["A2", "A3", "A5", "A7"]

    def test_a_hole_behind_what_was_shown_is_missed_once(self):
        kept = record(*events("A", 4, 5, 6, 7, 8), A=8)
        shown = Shown({"A": 5}, {"A": 5}, {"A": [range(7, 8)]})
        assert texts(missed_since({"epoch": 0, "A": 3}, kept, shown=shown)) == ["A4", "A5", "A6", "A7", "A8"]

    def test_one_that_was_shown_nothing_of_a_sender_since_it_connected_has_missed_all_of_it(self):
        """The process had forgotten the sender, which its client had not."""
        kept = record(*events("A", *range(1, 10)), A=9)
        shown = Shown({"A": 5}, {"A": 0}, {"A": [range(2, 4)]})
        assert texts(missed_since({"epoch": 0, "A": 3}, kept, shown=shown)) == ["A4", "A5", "A6", "A7", "A8", "A9"]

    def test_but_what_was_lost_was(self):
        kept = record(*events("A", 2, 3, 7), A=7)
        assert missed_since({"epoch": 0, "A": 1}, kept, shown=self.SHOWN) is None

    def test_of_a_sender_that_came_later_is_all(self):
        kept = record(*events("A", 3), A=6)
        assert texts(missed_since({"epoch": 0, "A": 3}, kept, shown=Shown({"A": 3}, {"A": 6}))) == []
        assert missed_since({"epoch": 0, "A": 3}, kept, shown=Shown()) is None
