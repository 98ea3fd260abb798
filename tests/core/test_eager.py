import asyncio

import pytest

from tests.support.waiting import turns
from tornado_websockets.core.eager import start


async def test_runs_at_once_what_needs_not_wait():
    done = []

    async def work():
        done.append(1)

    assert start(work()) is None
    assert done == [1]


async def test_runs_up_to_the_first_wait_and_the_rest_where_it_is_awaited():
    log, event = [], asyncio.Event()

    async def work():
        log.append("start")
        await event.wait()
        log.append("end")

    rest = start(work())
    assert log == ["start"]
    event.set()
    await rest
    assert log == ["start", "end"]


async def test_the_rest_may_wait_again_and_again():
    numbers = []

    async def work():
        for number in range(5):
            await asyncio.sleep(0)
            numbers.append(number)

    await start(work())
    assert numbers == [0, 1, 2, 3, 4]


async def test_awaitables_may_be_plain_iterators():
    class Waits:
        def __init__(self):
            self.steps = iter([None, None])

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.steps)

    await asyncio.wait_for(start(Waits()), 10)


async def test_the_rest_gets_what_it_waits_for():
    answer, got = asyncio.get_running_loop().create_future(), []

    async def work():
        got.append(await answer)

    rest = start(work())
    answer.set_result("answer")
    await rest
    assert got == ["answer"]


async def test_the_rest_gets_the_error_of_what_it_waits_for():
    answer, got = asyncio.get_running_loop().create_future(), []

    async def work():
        try:
            await answer
        except LookupError as error:
            got.append(str(error))

    rest = start(work())
    answer.set_exception(LookupError("no"))
    await rest
    assert got == ["no"]


async def test_raises_what_goes_wrong_at_once():
    async def work():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        start(work())


async def test_the_rest_raises_what_goes_wrong_later():
    async def work():
        await asyncio.sleep(0)
        raise LookupError("mine")

    rest = start(work())
    with pytest.raises(LookupError, match="mine"):
        await rest


async def test_the_rest_can_be_cancelled():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def finish(rest):
        await rest

    task = asyncio.create_task(finish(start(work())))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [1]


async def test_the_rest_may_swallow_its_cancellation():
    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)

    async def finish(rest):
        await rest
        return "finished"

    task = asyncio.create_task(finish(start(work())))
    await turns()
    task.cancel()
    assert await task == "finished"


async def test_the_rest_cleans_up_when_nobody_awaits_it_to_its_end():
    ended = []

    async def work():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(1)

    steps = start(work()).__await__()
    next(steps)
    steps.close()
    assert ended == [1]
