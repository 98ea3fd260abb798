import asyncio
from itertools import pairwise

import pytest

from tests.support.waiting import run_on_clock, turns, until
from tornado_websockets.core.draining import drain_seconds, farewell, tell
from tornado_websockets.core.protocol.closing import Close

BYE = Close(1001, "retry=1000")


class Told:
    """A member that keeps when it was told, and what."""

    def __init__(self, clock):
        self._clock = clock
        self.at = None
        self.close = None

    def end(self, close):
        assert self.close is None
        self.at, self.close = self._clock(), close


@pytest.mark.parametrize(
    ("clients", "configured", "seconds"),
    [(0, None, 0), (1, None, 0.001), (300, None, 0.3), (5_000, None, 5), (90_000, None, 5), (10, 2, 2), (10, 0, 0)],
)
def test_telling_takes_a_millisecond_for_each_client_and_at_most_five_seconds(clients, configured, seconds):
    assert drain_seconds(clients, configured) == seconds


def test_more_than_five_seconds_are_never_taken():
    assert drain_seconds(10, 60) == 5


@pytest.mark.parametrize(
    ("clients", "seconds", "reason"),
    [
        (1, 0.001, "retry=1000"),
        (3_000, 3, "retry=1000"),
        (3_000, 0, "retry=3000"),
        (8_500, 5, "retry=3500"),
        (90_000, 5, "retry=10000"),
    ],
)
def test_clients_are_told_to_come_back_no_faster_than_a_thousand_a_second(clients, seconds, reason):
    assert farewell(clients, seconds, 1012) == Close(1012, reason)


def test_clients_are_told_evenly_over_the_time():
    async def test(clock):
        now = asyncio.get_running_loop().time
        members = [Told(now) for _ in range(1_000)]
        start = now()
        telling = asyncio.create_task(tell(members, BYE, 2.0, asyncio.Event()))
        while not telling.done():
            await clock.forward(0.01)
        times = [member.at - start for member in members]
        assert times == sorted(times)
        assert {member.close for member in members} == {BYE}
        assert times[0] < 0.1
        assert 0.9 < times[500] < 1.1
        assert 1.9 < times[-1] < 2.1
        assert max(after - before for before, after in pairwise(times)) < 0.2

    run_on_clock(test)


async def test_without_time_everybody_is_told_at_once():
    members = [Told(float) for _ in range(5)]
    await tell(members, BYE, 0.0, asyncio.Event())
    assert all(member.close for member in members)


async def test_nobody_is_nothing():
    await tell([], BYE, 0.0, asyncio.Event())


async def test_all_that_are_left_are_told_at_once_in_a_hurry():
    members, hurry = [Told(float) for _ in range(100)], asyncio.Event()
    telling = asyncio.create_task(tell(members, BYE, 600.0, hurry))
    await turns()
    assert not members[-1].close
    hurry.set()
    await until(telling.done)
    assert all(member.close for member in members)
