import asyncio
import threading

import pytest

from tests.support.waiting import turns, until
from tornado_websockets.core.conversation.steps import AsyncSteps, LeasedSteps, ThreadSteps
from tornado_websockets.core.conversation.threads import LeasedThreads
from tornado_websockets.core.handlers.signatures import read

log: list[str] = []


def plain():
    try:
        yield 1
        yield 2
    finally:
        log.append("closed")


async def asynchronous():
    try:
        yield 1
        yield 2
    finally:
        log.append("closed")


@pytest.fixture(params=["async", "plain", "leased"])
async def steps(request):
    """A generator of each kind, at work."""
    log.clear()
    threads = LeasedThreads()
    if request.param == "async":
        yield AsyncSteps(asynchronous(), read(asynchronous, set(), may_answer_in_parts=True), str, asyncio.to_thread)
    elif request.param == "plain":
        yield ThreadSteps(plain(), str, asyncio.to_thread)
    else:
        yield LeasedSteps(plain(), str, threads)
    await until(lambda: threads.is_idle)


async def test_give_the_text_of_each_part_and_none_at_the_end(steps):
    assert [await steps.next() for _ in range(3)] == ["1", "2", None]
    await steps.close()
    assert log == ["closed"]


async def test_close_a_generator_that_has_not_ended(steps):
    await steps.next()
    await steps.close()
    assert log == ["closed"]


async def test_close_one_that_has_not_begun_without_running_it(steps):
    await steps.close()
    assert log == []


async def test_in_a_thread_are_closed_although_nobody_waits_for_it():
    go_on, closed = threading.Event(), threading.Event()

    def parts():
        try:
            yield go_on.wait(10)
        finally:
            closed.set()

    threads = LeasedThreads()
    steps = LeasedSteps(parts(), str, threads)
    asking = asyncio.create_task(steps.next())
    await until(lambda: not threads.is_idle)
    await turns()
    asking.cancel()
    await asyncio.wait([asking])
    closing = asyncio.create_task(steps.close())
    await turns()
    closing.cancel()
    await asyncio.wait([closing])
    go_on.set()
    await until(closed.is_set)
    await until(lambda: threads.is_idle)
