import asyncio

import pytest

from tornado_websockets.core import cancellation
from tornado_websockets.core.cancellation import cancel_others, finish


@pytest.fixture
def log():
    return []


@pytest.fixture
def work(log):
    async def work():
        log.append("begun")
        await asyncio.sleep(0.01)
        log.append("done")

    return work


async def test_work_goes_on_when_its_caller_is_cancelled(work, log):
    caller = asyncio.create_task(finish(work()))
    await asyncio.sleep(0.001)
    caller.cancel()
    await asyncio.wait([caller])
    assert log == ["begun"]
    await asyncio.sleep(0.05)
    assert log == ["begun", "done"]


async def test_work_goes_on_no_longer_than_it_may(log, monkeypatch):
    monkeypatch.setattr(cancellation, "LAST_SECONDS", 0.01)

    async def work():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    caller = asyncio.create_task(finish(work()))
    await asyncio.sleep(0.001)
    caller.cancel()
    await asyncio.sleep(0.05)
    assert log == ["cancelled"]


def test_work_that_had_not_begun_is_done_when_the_loop_ends(work, log):
    async def main():
        callers.append(asyncio.create_task(finish(work())))

    callers = []
    asyncio.run(main())
    assert log == ["begun", "done"]


async def test_all_others_are_cancelled_and_waited_for(log):
    async def other():
        try:
            await asyncio.sleep(10)
        finally:
            log.append("ended")

    others = [asyncio.create_task(other()) for _ in range(2)]
    await asyncio.sleep(0)
    await cancel_others()
    assert log == ["ended"] * 2
    assert all(task.cancelled() for task in others)
