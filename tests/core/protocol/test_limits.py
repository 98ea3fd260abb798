from dataclasses import FrozenInstanceError

import pytest

from tornado_websockets.core.protocol.limits import Limits, Rate


class TestLimits:
    def test_bound_neither_rate_nor_connections_by_default(self):
        limits = Limits()
        bounds = limits.max_messages_per_second, limits.max_connections, limits.max_connections_per_address
        assert bounds == (None, None, None)

    def test_cannot_be_changed(self):
        with pytest.raises(FrozenInstanceError):
            Limits().max_depth = 1

    def test_that_are_the_same_are_equal(self):
        assert Limits(max_depth=10) == Limits(max_depth=10) != Limits()


def test_rate_allows_a_burst_of_a_seconds_worth():
    rate = Rate(3, now=0.0)
    assert [rate.take(0.0) for _ in range(4)] == [True, True, True, False]


def test_rate_recovers_with_time():
    rate = Rate(2, now=0.0)
    assert [rate.take(0.0) for _ in range(3)] == [True, True, False]
    assert rate.take(0.5)
    assert not rate.take(0.6)


def test_rate_saves_up_no_more_than_a_second():
    rate = Rate(2, now=0.0)
    assert [rate.take(100.0) for _ in range(3)] == [True, True, False]


def test_rate_below_one_a_second_allows_one():
    rate = Rate(0.5, now=0.0)
    assert [rate.take(0.0), rate.take(1.0), rate.take(2.0)] == [True, False, True]


def test_bursts_may_be_larger_than_a_second_allows():
    rate = Rate(10, 0.0, burst=50)
    assert [rate.take(0.0) for _ in range(60)] == [True] * 50 + [False] * 10
    assert [rate.take(1.0) for _ in range(20)] == [True] * 10 + [False] * 10
