import asyncio
import threading
from collections import deque
from itertools import count

import pytest

from tests.support.waiting import turns, until
from tornado_websockets.core.conversation.steps import Ahead, AsyncSteps, LeasedSteps, ThreadSteps
from tornado_websockets.core.conversation.threads import LeasedThreads
from tornado_websockets.core.handlers.signatures import read

log: list[str] = []


class Outlet:
    """Keeps what it is sent; what is put waits until it is flushed."""

    def __init__(self):
        self.sent = []
        self.waiting = deque()
        self.is_open = True

    def send(self, text):
        self.put(text)
        self.flush()

    def put(self, text):
        self.waiting.append(text)

    def flush(self):
        while self.waiting:
            self.sent.append(self.waiting.popleft())


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


@pytest.fixture
def outlet():
    return Outlet()


@pytest.fixture(params=["async", "plain", "leased"])
async def steps(request, outlet):
    """A generator of each kind, at work."""
    log.clear()
    threads = LeasedThreads()
    if request.param == "async":
        handler = read(asynchronous, set(), may_answer_in_parts=True)
        yield AsyncSteps(asynchronous(), handler, str, outlet, asyncio.to_thread)
    elif request.param == "plain":
        yield ThreadSteps(plain(), str, outlet, asyncio.to_thread)
    else:
        yield LeasedSteps(plain(), str, outlet, threads)
    await until(lambda: threads.is_idle)


async def test_send_the_text_of_each_part_and_say_when_there_are_no_more(steps, outlet):
    for sent, may_go_on in [(["1"], True), (["1", "2"], True), (["1", "2"], False)]:
        assert await steps.advance(1) is may_go_on
        assert outlet.sent == sent
    await steps.close()
    assert log == ["closed"]


async def test_close_a_generator_that_has_not_ended(steps):
    await steps.advance(1)
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
    steps = LeasedSteps(parts(), str, Outlet(), threads)
    asking = asyncio.create_task(steps.advance(1))
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


#: Whatever else the machine is at.
PATIENT = Ahead(seconds=60)


def in_thread(outlet, parts, ahead=PATIENT):
    """A hundred steps if they may be taken at once."""
    return ThreadSteps(parts, str, outlet, asyncio.to_thread, ahead).advance(100)


class TestAhead:
    """A plain generator goes on by itself."""

    async def test_for_as_many_parts_as_it_is_asked_for(self, outlet):
        steps = ThreadSteps(count(), str, outlet, asyncio.to_thread, PATIENT)
        assert [await steps.advance(most) for most in (1, 8)] == [True, True]
        assert outlet.sent == list(map(str, range(9)))

    async def test_for_so_many_parts_at_most(self, outlet):
        await in_thread(outlet, count(), Ahead(parts=3, seconds=60))
        assert outlet.sent == ["0", "1", "2"]

    async def test_until_its_parts_are_long(self, outlet):
        await in_thread(outlet, ("x" * 100 for _ in count()), Ahead(characters=200, seconds=60))
        assert len(outlet.sent) == 2

    async def test_until_no_more_are_wanted(self, outlet):
        outlet.is_open = False
        await in_thread(outlet, count())
        assert outlet.sent == ["0"]

    async def test_until_a_step_takes_its_time(self, outlet):
        await in_thread(outlet, count(), Ahead(seconds=0))
        assert outlet.sent == ["0"]

    async def test_and_what_it_has_sent_waits_for_no_slow_step(self, outlet):
        go_on = threading.Event()

        def parts():
            yield 1
            go_on.wait(10)
            yield 2

        going = asyncio.create_task(in_thread(outlet, parts(), Ahead(seconds=0.05)))
        await until(lambda: outlet.sent == ["1"], 5)
        go_on.set()
        await going

    async def test_up_to_what_it_raises(self, outlet):
        def parts():
            yield 1
            raise LookupError

        with pytest.raises(LookupError):
            await in_thread(outlet, parts())
        assert list(outlet.waiting) == ["1"]  # for what is answered, which comes behind it
