"""How many people are at a place, by what is said of them."""

from functools import partial

import pytest

from tests.core.cost import cost
from tornado_websockets.people.counting import AWAITED_SINCE, KNOWN, LEFT, count, has_awaited

STAYS, USER, AWAITED, CAME, GONE = ({}, 1.0), (KNOWN, 6.0), ({AWAITED_SINCE: 5.0}, 2.0), ({}, 6.0), (LEFT, 6.0)

#: Awaited themselves, in place of those who were awaited before.
SENT_ON = ({AWAITED_SINCE: 7.0}, 6.0)

#: Anybody may have written it into the store.
NONSENSE = ({AWAITED_SINCE: "noon"}, 2.0)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ([], 0),
        ([STAYS, USER, CAME], 3),
        ([STAYS, AWAITED, AWAITED], 3),
        ([STAYS, AWAITED, AWAITED, CAME], 3),
        ([STAYS, AWAITED, AWAITED, CAME, CAME, CAME], 4),
        ([STAYS, AWAITED, USER], 3),
        ([STAYS, AWAITED, AWAITED, GONE], 2),
        ([STAYS, AWAITED, AWAITED, GONE, CAME], 2),
        ([STAYS, AWAITED, SENT_ON, CAME], 2),
        ([STAYS, GONE], 1),
        ([STAYS, NONSENSE, NONSENSE, CAME], 4),
        ([STAYS, NONSENSE, AWAITED, CAME], 3),
    ],
)
def test_counts_nobody_twice(said, number):
    assert count(said) == number


def test_costs_no_more_for_each_where_there_are_many():
    seconds = [cost(partial(count, [AWAITED, CAME] * number)) / number for number in (100, 3000)]
    assert seconds[1] < 4 * seconds[0]


def test_knows_where_the_number_is_not_that_of_all():
    assert [has_awaited([each]) for each in (STAYS, USER, AWAITED, CAME, GONE)] == [False, False, True, False, True]
