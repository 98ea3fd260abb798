import asyncio
import time

import pytest

from tests.support.waiting import turns
from tornado_websockets.core.delivery.turnstile import MOST, MOST_IN, SECONDS, Door, Turnstile


@pytest.fixture
async def turnstile():
    return Turnstile(asyncio.get_running_loop())


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def going(call, *arguments):
    """Somebody who does that when it goes on."""

    def go_on():
        call(*arguments)
        return True

    return go_on


async def test_first_come_is_first_served(turnstile):
    passed = []
    await asyncio.gather(*(_pass(turnstile, passed, number) for number in range(200)))
    assert passed == list(range(200))


async def _pass(turnstile, passed, number):
    await turnstile.wait()
    passed.append(number)


async def test_nobody_goes_on_in_the_same_turn_of_the_loop(turnstile):
    passed = []
    turnstile.queue(going(passed.append, 1))
    assert passed == []
    await turns()
    assert passed == [1]


async def test_few_go_on_in_one_turn_where_each_takes_long(turnstile):
    for _ in range(20):
        turnstile.queue(going(work, SECONDS / 2))
    longest = 0.0
    while turnstile._waiting:
        started = time.process_time()
        await asyncio.sleep(0)
        longest = max(longest, time.process_time() - started)
    assert longest < 5 * SECONDS


async def test_many_go_on_in_one_turn_where_each_takes_little(turnstile):
    count = 0
    for _ in range(10 * MOST):
        turnstile.queue(lambda: True)
    while turnstile._waiting:
        await asyncio.sleep(0)
        count += 1
    assert count < 10 * MOST / 5


async def test_few_go_on_in_the_first_turn_of_a_lot_after_one_that_took_little(turnstile):
    passed = []
    for _ in range(10 * MOST):
        turnstile.queue(lambda: True)
    while turnstile.has_waiting:
        await turns()
    for number in range(MOST):
        turnstile.queue(going(passed.append, number))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert 1 <= len(passed) <= 3


async def test_what_counts_as_many_leaves_others_some_turns(turnstile):
    passed = []
    turnstile.queue(lambda: passed.append("heavy") or 5)
    turnstile.queue(going(passed.append, "next"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert passed == ["heavy"]
    await turns(5)
    assert passed == ["heavy", "next"]


async def test_what_counts_as_many_does_so_for_whoever_comes_later(turnstile):
    passed = []
    turnstile.queue(lambda: passed.append("heavy") or 50)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    turnstile.queue(going(passed.append, "next"))
    await asyncio.sleep(0)
    assert passed == ["heavy"]
    await turns(50)
    assert passed == ["heavy", "next"]


async def test_who_was_cancelled_meanwhile_is_passed_over(turnstile):
    waiting = asyncio.create_task(turnstile.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    passed = []
    turnstile.queue(going(passed.append, 1))
    await turns()
    assert waiting.cancelled()
    assert passed == [1]


async def test_who_was_cancelled_takes_nobodys_place(turnstile):
    crowd = [asyncio.create_task(turnstile.wait()) for _ in range(50)]
    await asyncio.sleep(0)
    for waiting in crowd:
        waiting.cancel()
    passed = []
    turnstile.queue(going(passed.append, 1))
    await turns(2)
    assert passed == [1]


async def test_who_queues_itself_again_goes_on_once_in_a_turn(turnstile):
    went = []

    def go_on():
        went.append(1)
        if len(went) < 50:
            turnstile.queue(go_on)
        return True

    turnstile.queue(go_on)
    before = 0
    while len(went) < 50:
        await asyncio.sleep(0)
        assert len(went) - before <= 1
        before = len(went)


async def test_one_that_fails_is_reported_and_keeps_nobody_waiting(turnstile):
    reported, passed = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    turnstile.queue(lambda: 1 / 0)
    turnstile.queue(going(passed.append, "next"))
    await turns(5)
    turnstile.queue(going(passed.append, "later"))
    await turns(5)
    assert passed == ["next", "later"]
    assert [type(error) for error in reported] == [ZeroDivisionError]


async def test_so_many_go_on_in_one_turn_as_are_allowed():
    turnstile, passed = Turnstile(asyncio.get_running_loop(), most=1), []
    for number in range(10):
        turnstile.queue(going(passed.append, number))
    for count in range(10):
        assert len(passed) == count
        await asyncio.sleep(0)


class TestDoor:
    async def test_few_come_in_at_once(self):
        door, has_turned = Door(asyncio.get_running_loop()), []
        asyncio.get_running_loop().call_soon(has_turned.append, True)
        for _ in range(MOST_IN):
            await door.enter()
        assert not has_turned

    async def test_one_that_fails_is_reported_and_keeps_nobody_waiting(self):
        door, reported, came = Door(asyncio.get_running_loop(), most=1), [], []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        assert door.lets_in()
        assert not door.lets_in()
        door.queue(lambda: 1 / 0)
        door.queue(going(came.append, "next"))
        await turns(1)
        assert not door.lets_in(), "somebody waits"
        door.queue(going(came.append, "last"))
        await turns(5)
        assert came == ["next", "last"]
        assert [type(error) for error in reported] == [ZeroDivisionError]
        assert not door.has_waiting

    async def test_many_come_in_in_turns_in_the_order_in_which_they_have_come(self):
        door, came = Door(asyncio.get_running_loop()), []
        crowd = [asyncio.create_task(_come(door, came, number)) for number in range(5 * MOST_IN)]
        most = before = 0
        while not all(task.done() for task in crowd):
            await asyncio.sleep(0)
            most, before = max(most, len(came) - before), len(came)
        assert came == list(range(5 * MOST_IN))
        assert most == MOST_IN

    async def test_who_comes_while_others_wait_waits_behind_them(self):
        door, came = Door(asyncio.get_running_loop(), most=1), []
        crowd = [asyncio.create_task(_come(door, came, number)) for number in range(3)]
        await asyncio.sleep(0)
        await door.enter()
        assert came == [0, 1, 2]
        await asyncio.gather(*crowd)

    async def test_who_comes_when_the_last_of_them_were_called_waits_behind_them_too(self):
        door, came = Door(asyncio.get_running_loop()), []
        crowd = [asyncio.create_task(_come(door, came, number)) for number in range(MOST_IN + 3)]
        asyncio.get_running_loop().call_soon(lambda: crowd.append(asyncio.create_task(_come(door, came, "late"))))
        await turns(5)
        assert came == [*range(MOST_IN + 3), "late"]

    async def test_those_who_have_waited_take_the_room_of_those_who_come(self):
        door, came = Door(asyncio.get_running_loop()), []
        crowd = [asyncio.create_task(_come(door, came, number)) for number in range(2 * MOST_IN)]
        in_each_turn = []
        for _ in range(8):
            before = len(came)
            await asyncio.sleep(0)
            in_each_turn.append(len(came) - before)
            if len(in_each_turn) == 2:  # the others have been called
                crowd += [asyncio.create_task(_come(door, came, "late")) for _ in range(MOST_IN)]
        assert len(came) == 3 * MOST_IN
        assert max(in_each_turn) == MOST_IN

    async def test_who_was_cancelled_meanwhile_takes_nobody_s_place(self):
        door, came = Door(asyncio.get_running_loop(), most=1), []
        crowd = [asyncio.create_task(_come(door, came, number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in crowd[1:-1]:
            task.cancel()
        await turns(3)
        assert came == [0, 19]
        await asyncio.gather(*crowd, return_exceptions=True)

    async def test_whose_client_has_left_takes_nobody_s_place(self):
        door, came = Door(asyncio.get_running_loop(), most=1), []
        crowd = [asyncio.create_task(_come(door, came, number, 0 < number < 19)) for number in range(20)]
        await turns(3)
        assert came == list(range(20))
        await asyncio.gather(*crowd)


async def _come(door, came, number, has_left=False):
    await door.enter(lambda: has_left)
    came.append(number)
