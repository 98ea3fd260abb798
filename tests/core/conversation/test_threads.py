import asyncio
import threading

import pytest

from tests.support.waiting import turns, until
from tornado_websockets.core.conversation.threads import LeasedThreads


@pytest.fixture
async def threads():
    threads = LeasedThreads(2)
    yield threads
    await until(lambda: threads.is_idle)


async def test_a_lease_has_one_thread(threads):
    one, other = await threads.lease(), await threads.lease()
    names = [await each.run(threading.get_ident) for each in (one, one, other, other)]
    assert (names[0], names[2]) == (names[1], names[3])
    assert len({*names, threading.get_ident()}) == 3
    one.end()
    other.end()


async def test_a_lease_above_the_most_waits_for_the_end_of_another(threads):
    one, other = await threads.lease(), await threads.lease()
    waiting = [asyncio.create_task(threads.lease()) for _ in range(2)]
    await turns()
    assert not any(task.done() for task in waiting)
    one.end()
    first = await waiting[0]  # in the order in which they came
    await turns()
    assert not waiting[1].done()
    first.end()
    other.end()
    (await waiting[1]).end()


async def test_who_gives_up_waiting_takes_no_thread(threads):
    one, other = await threads.lease(), await threads.lease()
    waiting = [asyncio.create_task(threads.lease()) for _ in range(50)]
    await turns()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    one.end()
    other.end()
    await until(lambda: threads.is_idle)


@pytest.mark.parametrize("attempt", range(20))
async def test_a_turn_that_comes_as_its_owner_gives_up_is_passed_on(threads, attempt):
    one, other = await threads.lease(), await threads.lease()
    waiting = asyncio.create_task(threads.lease())
    await turns()
    one.end()
    await turns(attempt)
    waiting.cancel()
    await asyncio.wait([waiting])
    if not waiting.cancelled():
        waiting.result().end()
    other.end()
    await until(lambda: threads.is_idle)


async def test_what_was_given_is_done_although_nobody_awaits_it(threads):
    lease = await threads.lease()
    go_on, done = threading.Event(), []
    lease.run(lambda: go_on.wait(10))
    outcome = lease.run(lambda: done.append(True))
    outcome.cancel()
    lease.end()
    go_on.set()
    await until(lambda: done)


async def test_begin_and_end_of_a_lease_are_looked_after():
    threads, log = LeasedThreads(), []

    def around(call):
        log.append("begin")
        call()
        log.append("end")

    threads.look_after(around, None)
    lease = await threads.lease()
    await lease.run(lambda: log.append("call"))
    await lease.run(lambda: log.append("call"))
    lease.end()
    await until(lambda: threads.is_idle)
    assert log == ["begin", "call", "call", "end"]
