from tornado_websockets.core.recovery.record import MAX_FORGOTTEN, MAX_SENDERS, Standing
from tornado_websockets.store.senders import Folding, Sender, fold

DAY = 86_400.0


def listed(name, sent_at, last=1):
    return Sender(name, Standing(last), sent_at)


def unlisted(name, sent_at, folded_with):
    return Sender(name, Standing(1, False, 1, folded_with), sent_at)


def test_few_that_send_stay():
    senders = [listed(f"S{number}", number) for number in range(MAX_SENDERS - 1)]
    assert fold(senders, "shared", 3, 1, now=100, seconds=DAY) == Folding([], [], 3, 1)


def test_those_that_were_silent_longest_are_forgotten_first():
    senders = [listed(f"S{number}", 1_000 - number, last=number) for number in range(MAX_SENDERS + 1)]
    folding = fold(senders, "shared", 3, 1, now=1_000, seconds=DAY)
    last = MAX_SENDERS
    assert folding.changed == [
        Sender(f"S{last}", Standing(last, False, last, 4), 1_000),
        Sender(f"S{last - 1}", Standing(last - 1, False, last - 1, 5), 1_000),
    ]
    assert (folding.forgotten, folding.floor) == (5, 1)


def test_the_shared_one_is_not():
    assert fold([listed("shared", 0)], "shared", 0, 0, now=2 * DAY, seconds=DAY) == Folding([], [], 0, 0)


def test_who_was_forgotten_is_remembered_from_then_on():
    folding = fold([listed("A", 0)], "shared", 0, 0, now=2 * DAY, seconds=DAY)
    assert folding.changed == [Sender("A", Standing(1, False, 1, 1), 2 * DAY)]
    assert fold(folding.changed, "shared", 1, 0, now=3 * DAY, seconds=DAY) == Folding([], [], 1, 0)


def test_the_floor_rises_with_those_that_are_remembered_no_longer():
    senders = [unlisted("A", 0, 7), unlisted("B", 0, 4), unlisted("C", 2 * DAY, 9)]
    folding = fold(senders, "shared", 9, 2, now=2 * DAY, seconds=DAY)
    assert (sorted(folding.dropped), folding.floor) == (["A", "B"], 7)


def test_no_more_are_remembered_than_a_bound():
    senders = [unlisted(f"S{number}", number, number) for number in range(1, MAX_FORGOTTEN + 3)]
    folding = fold(senders, "shared", MAX_FORGOTTEN + 2, 0, now=DAY, seconds=DAY)
    assert (folding.dropped, folding.floor) == (["S1", "S2"], 2)
