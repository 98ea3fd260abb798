"""What a process knows of one topic."""

from tornado_websockets.core.recovery.keeping.journal import MAX_HOLES, Journal
from tornado_websockets.core.recovery.keeping.policy import Policy
from tornado_websockets.core.recovery.record import Event


def event(number):
    return Event("A", number, f"A{number}")


def numbers_of(holes):
    return {number for hole in holes for number in hole}


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
