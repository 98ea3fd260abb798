import asyncio

import pytest

from tornado_websockets.core import cancellation
from tornado_websockets.core.cancellation import cancel_others, finish


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


async def begin_and_cancel(work):
    caller = asyncio.create_task(finish(work.do()))
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


async def test_work_goes_on_no_longer_than_it_may(work, monkeypatch):
    monkeypatch.setattr(cancellation, "LAST_SECONDS", 0.01)
    await begin_and_cancel(work)
    await work.ended.wait()
    assert work.log == ["begun", "cancelled"]


class TestWorkThatHadNotBegunWhenTheLoopEnds:
    @staticmethod
    async def end(work):
        work.caller = asyncio.create_task(finish(work.do()))

    def test_is_done(self, work):
        work.may_go_on.set()
        asyncio.run(self.end(work))
        assert work.log == ["begun", "done"]

    def test_gets_no_more_time_than_it_may(self, work, monkeypatch):
        monkeypatch.setattr(cancellation, "LAST_SECONDS", 0.01)
        asyncio.run(self.end(work))
        assert work.log == ["begun", "cancelled"]


async def test_all_others_are_cancelled_and_waited_for(work):
    others = [asyncio.create_task(work.do()) for _ in range(2)]
    await asyncio.sleep(0)
    await cancel_others()
    assert work.log == ["begun", "begun", "cancelled", "cancelled"]
    assert all(task.cancelled() for task in others)
