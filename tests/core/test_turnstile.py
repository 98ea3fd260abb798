import asyncio
import time

import pytest

from tests.project.waiting import turns
from tornado_websockets.core.turnstile import MOST, SECONDS, Turnstile


@pytest.fixture
async def turnstile():
    return Turnstile(asyncio.get_running_loop())


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def test_first_come_is_first_served(turnstile):
    passed = []
    await asyncio.gather(*(_pass(turnstile, passed, number) for number in range(200)))
    assert passed == list(range(200))


async def _pass(turnstile, passed, number):
    await turnstile.wait()
    passed.append(number)


async def test_nobody_goes_on_in_the_same_turn_of_the_loop(turnstile):
    passed = []
    turnstile.queue(lambda: passed.append(1))
    assert passed == []
    await turns()
    assert passed == [1]


async def test_few_go_on_in_one_turn_where_each_takes_long(turnstile):
    for _ in range(20):
        turnstile.queue(lambda: work(SECONDS / 2))
    longest = 0.0
    while turnstile._waiting:
        started = time.process_time()
        await asyncio.sleep(0)
        longest = max(longest, time.process_time() - started)
    assert longest < 5 * SECONDS


async def test_many_go_on_in_one_turn_where_each_takes_little(turnstile):
    count = 0
    for _ in range(10 * MOST):
        turnstile.queue(lambda: None)
    while turnstile._waiting:
        await asyncio.sleep(0)
        count += 1
    assert count < 10 * MOST / 5


async def test_who_was_cancelled_meanwhile_is_passed_over(turnstile):
    waiting = asyncio.create_task(turnstile.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    passed = []
    turnstile.queue(lambda: passed.append(1))
    await turns()
    assert waiting.cancelled()
    assert passed == [1]
