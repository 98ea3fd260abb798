import asyncio
import gc
from concurrent.futures import Future

import pytest

from tornado_websockets.core.delivery.hub import shared_future
from tornado_websockets.core.delivery.sending import Publication, Sending
from tornado_websockets.exceptions import PublishError


class Wait:
    """What a sending waits with: notes what it is called with, and goes on when it may."""

    def __init__(self):
        self.calls = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, *arguments):
        self.calls.append(arguments)
        await self.may_go_on.wait()


@pytest.fixture
def wait():
    return Wait()


class TestSending:
    async def test_waits_with_its_arguments_when_it_is_awaited(self, wait):
        wait.may_go_on.set()
        await Sending(wait, "sender", 7)
        assert wait.calls == [("sender", 7)]

    async def test_returns_when_the_wait_is_over(self, wait):
        task = asyncio.create_task(Sending(wait))
        await asyncio.sleep(0)
        assert not task.done()
        wait.may_go_on.set()
        assert await task is None

    async def test_that_is_not_awaited_waits_for_nothing(self, wait):
        Sending(wait)
        gc.collect()  # a coroutine would be missed here, with a warning
        assert wait.calls == []

    async def test_raises_what_the_wait_raises(self):
        async def fail():
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await Sending(fail)

    async def test_may_be_a_task_of_a_group(self, wait):
        wait.may_go_on.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(Sending(wait, "a"))
            group.create_task(Sending(wait, "b"))
        assert wait.calls == [("a",), ("b",)]

    async def test_may_be_a_task_that_is_cancelled(self, wait):
        task = asyncio.create_task(Sending(wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_may_be_closed_before_it_began(self, wait):
        Sending(wait).close()
        assert wait.calls == []


class TestPublication:
    async def test_that_nobody_has_to_be_told_of_is_done(self):
        assert await Publication() is None

    async def test_returns_when_the_others_have_it(self):
        outcome = shared_future()
        task = asyncio.create_task(Publication(outcome))
        await asyncio.sleep(0)
        assert not task.done()
        outcome.set_result(None)
        assert await task is None

    async def test_raises_why_they_have_not(self):
        outcome = Future()
        outcome.set_exception(PublishError("say", "/chat"))
        with pytest.raises(PublishError, match="'say'"):
            await Publication(outcome)

    async def test_wait_for_futures_of_the_event_loop_too(self):
        outcome = asyncio.get_running_loop().create_future()
        outcome.set_exception(PublishError("say", "/chat"))
        with pytest.raises(PublishError):
            await Publication(outcome)

    async def test_may_be_awaited_by_several(self):
        outcome = shared_future()
        publication = Publication(outcome)
        tasks = [asyncio.create_task(Publication(outcome)) for _ in range(2)]
        outcome.set_result(None)
        await asyncio.gather(*tasks)
        await publication
        await publication

    async def test_that_is_cancelled_keeps_others_waiting(self):
        outcome = shared_future()
        impatient, patient = (asyncio.create_task(Publication(outcome)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        outcome.set_result(None)
        assert await patient is None
