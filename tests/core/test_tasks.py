import asyncio
import gc
import weakref

import pytest

from tornado_websockets.core.tasks import LAST_SECONDS, cancel_others, finish, keep


class Work:
    """Something to be done, which waits until it may go on."""

    def __init__(self):
        self.may_go_on = asyncio.Event()
        self.log = []
        self.ended = asyncio.Event()

    async def do(self):
        self.log.append("begun")
        try:
            await self.may_go_on.wait()
            self.log.append("done")
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        finally:
            self.ended.set()


@pytest.fixture
def work():
    return Work()


async def begin_and_cancel(work, seconds=LAST_SECONDS):
    caller = asyncio.create_task(finish(work.do(), seconds))
    while not work.log:  # noqa: ASYNC110 a few turns of the loop
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert caller.cancelled()


async def test_work_goes_on_when_its_caller_is_cancelled(work):
    await begin_and_cancel(work)
    assert work.log == ["begun"]
    work.may_go_on.set()
    await work.ended.wait()
    assert work.log == ["begun", "done"]


async def test_work_goes_on_no_longer_than_it_may(work):
    await begin_and_cancel(work, 0.01)
    await work.ended.wait()
    assert work.log == ["begun", "cancelled"]


class TestWorkThatHadNotBegunWhenTheLoopEnds:
    @staticmethod
    async def end(work, seconds=LAST_SECONDS):
        work.caller = asyncio.create_task(finish(work.do(), seconds))

    def test_is_done(self, work):
        work.may_go_on.set()
        asyncio.run(self.end(work))
        assert work.log == ["begun", "done"]

    def test_gets_no_more_time_than_it_may(self, work):
        asyncio.run(self.end(work, 0.01))
        assert work.log == ["begun", "cancelled"]


async def test_all_others_are_cancelled_and_waited_for(work):
    others = [asyncio.create_task(work.do()) for _ in range(2)]
    await asyncio.sleep(0)
    await cancel_others()
    assert work.log == ["begun", "begun", "cancelled", "cancelled"]
    assert all(task.cancelled() for task in others)


class TestKeeping:
    async def test_holds_a_task_that_nothing_else_holds(self):
        async def wait_for_ever():
            await asyncio.get_running_loop().create_future()

        task = weakref.ref(keep(asyncio.create_task(wait_for_ever())))
        await asyncio.sleep(0)
        gc.collect()
        assert task() is not None
        task().cancel()

    async def test_ends_with_the_task(self):
        task = keep(asyncio.create_task(asyncio.sleep(0)))
        reference = weakref.ref(task)
        await task
        await asyncio.sleep(0)
        del task
        gc.collect()
        assert reference() is None

    async def test_returns_what_is_kept(self):
        future = asyncio.get_running_loop().create_future()
        assert keep(future) is future
        future.set_result(None)
