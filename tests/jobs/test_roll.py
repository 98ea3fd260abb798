"""What one process believes of the runs of all."""

import pytest

from tornado_websockets.jobs.register import Row
from tornado_websockets.jobs.roll import Absent, Roll
from tornado_websockets.jobs.run import Address, Told

MENDING = 12.0


def row(until, *, sender="store", is_settled=True):
    """A run that is alive until then."""
    return Row(Address("/jobs", "import"), until, is_settled, Told(sender, 1))


def nobody_but(**kinds):
    return Absent(**{kind: kinds.get(kind, {}) for kind in Absent._fields})


@pytest.fixture
def roll():
    """One that has looked at an empty store."""
    roll = Roll(MENDING)
    roll.look({}, nobody_but(), 0)
    return roll


def test_a_run_that_dies_is_told_of_once(roll):
    run = row(5)
    assert roll.look({"one": run}, nobody_but(), 4) == ([], [])
    assert roll.look({"one": run}, nobody_but(), 5) == ([], [run])
    assert roll.look({"one": run}, nobody_but(), 6) == ([], [])


def test_those_that_were_dead_at_the_first_look_are_not():
    roll = Roll(MENDING)
    assert roll.look({"one": row(5)}, nobody_but(), 6) == ([], [])
    assert roll.look({"one": row(5)}, nobody_but(), 7) == ([], [])


def test_one_whose_claim_was_never_good_does_not_die(roll):
    assert roll.look({"one": row(5, is_settled=False)}, nobody_but(), 6) == ([], [])


def test_one_that_turns_out_to_be_alive_is_shown_and_may_die_again(roll):
    roll.look({"one": row(5)}, nobody_but(), 6)
    assert roll.look({"one": row(9)}, nobody_but(), 7) == ([row(9)], [])
    assert roll.look({"one": row(9)}, nobody_but(), 9) == ([], [row(9)])


def test_of_a_store_that_has_failed_nobody_is_taken_for_dead_until_runs_may_have_renewed_themselves(roll):
    roll.look({"one": row(5)}, nobody_but(), 4)
    roll.distrust(5)
    assert roll.look({"one": row(5)}, nobody_but(), 4 + MENDING) == ([], [])
    assert roll.look({"one": row(5)}, nobody_but(), 5 + MENDING) == ([], [row(5)])


def test_those_that_are_absent_were_there_and_are_not_dead(roll):
    roll.look({"one": row(5), "other": row(9), "third": row(9)}, nobody_but(), 6)
    assert roll.absent_from({"other": row(9)}) == {"third": row(9)}


def test_one_that_has_ended_says_so_itself(roll):
    roll.look({"one": row(9)}, nobody_but(), 1)
    assert roll.look({}, nobody_but(released={"one": row(9)}), 2) == ([], [])


@pytest.mark.parametrize("loss", ["unclaimed", "awaited", "superseded"])
def test_but_for_a_while_after_the_store_was_emptied_it_may_not_have_been_heard(roll, loss):
    roll.look({"one": row(99), "other": row(99)}, nobody_but(), 1)
    shown, dead = roll.look({"one": row(99)}, nobody_but(**{loss: {"other": row(99)}}), 2)
    assert (shown, dead) == ([row(99)] * (loss == "superseded"), [])
    absent = nobody_but(released={"one": row(99)}, awaited={"other": row(99)} if loss == "awaited" else {})
    assert roll.look({}, absent, 1 + MENDING).shown == [row(99)]


def test_that_the_store_was_emptied_is_seen_by_who_tells_it_anew_as_well(roll):
    roll.look({"one": row(99), "other": row(99)}, nobody_but(), 1)
    roll.look({"one": row(99, sender="new"), "other": row(99, sender="new")}, nobody_but(), 2)
    assert roll.look({}, nobody_but(released={"one": row(99)}), 3).shown == [row(99)]


def test_one_that_was_lost_dies_unless_it_tells_the_store_of_itself(roll):
    roll.look({"one": row(5), "other": row(5)}, nobody_but(), 1)
    both = {"one": row(5), "other": row(5)}
    assert roll.look({}, nobody_but(awaited=both), 2) == ([], [])
    assert roll.absent_from({}) == both
    assert roll.look({"one": row(9)}, nobody_but(awaited={"other": row(5)}), 6) == ([], [row(5)])


def test_the_next_death_is_that_of_who_is_alive_for_the_shortest_time(roll):
    assert roll.next_death(0) is None
    roll.look({"one": row(5), "other": row(9), "third": row(7)}, nobody_but(), 1)
    assert [roll.next_death(now) for now in (1, 5, 9)] == [4, 2, None]
