import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tornado.ioloop import IOLoop

from tests.support.waiting import turns
from tornado_websockets.core.handlers.serving_loop import ServingLoop, share_loop


@pytest.fixture
async def in_thread():
    """Calls in another thread that shares the loop of the test."""
    loop = asyncio.get_running_loop()

    def call(function):
        share_loop(loop)
        return function(asyncio.get_event_loop())

    return lambda function: asyncio.to_thread(call, function)


async def test_callbacks_run_on_the_serving_thread(in_thread):
    ran = asyncio.get_running_loop().create_future()
    await in_thread(lambda loop: loop.call_soon(lambda: ran.set_result(threading.current_thread())))
    assert await ran is threading.current_thread()


async def test_timer_runs_at_its_time_and_not_before(in_thread):
    loop, ran = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
    before = loop.time()
    timer = await in_thread(lambda loop: loop.call_later(0.05, ran.set_result, None))
    await ran
    assert loop.time() >= timer.when() >= before + 0.05


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_timer_that_is_cancelled_never_runs(in_thread, when):
    ran = []

    def set_timer(loop):
        timer = loop.call_later(0.02, ran.append, 1)
        if when == "at once":
            timer.cancel()
        return timer

    timer = await in_thread(set_timer)
    timer.cancel()
    assert timer.cancelled()
    later = asyncio.get_running_loop().create_future()
    await in_thread(lambda loop: loop.call_later(0.04, later.set_result, None))
    await later
    assert ran == []


async def test_every_thread_has_its_own_and_keeps_it(in_thread):
    [one], [other] = [await in_thread(lambda loop: [loop]) for _ in range(2)]
    assert isinstance(one, ServingLoop)
    assert one is other  # the executor of asyncio has one thread so far
    loops = []
    thread = threading.Thread(target=lambda: (share_loop(one.serving), loops.append(asyncio.get_event_loop())))
    thread.start()
    thread.join()
    assert loops[0] is not one


async def test_thread_that_serves_another_loop_next_has_that(in_thread):
    first = await in_thread(lambda loop: loop.serving)
    assert first is asyncio.get_running_loop()
    other = asyncio.new_event_loop()
    share = asyncio.to_thread(lambda: (share_loop(other), asyncio.get_event_loop().serving)[1])
    assert await share is other
    other.close()


async def test_timer_of_a_loop_that_is_closed_is_an_error(in_thread):
    closed = asyncio.new_event_loop()
    closed.close()

    def call_later():
        share_loop(closed)
        assert asyncio.get_event_loop().is_closed()
        asyncio.get_event_loop().call_later(0, print)

    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.to_thread(call_later)


@pytest.mark.parametrize("name", ["run_forever", "close", "add_reader", "create_task", "create_connection"])
async def test_everything_else_is_refused_with_what_to_do(in_thread, name):
    with pytest.raises(RuntimeError, match=rf"Cannot use {name} .*: make it an async def"):
        await in_thread(lambda loop: getattr(loop, name)())


@pytest.mark.parametrize("seconds", [None, 5])
async def test_run_sync_of_tornado_is_refused_and_schedules_nothing(in_thread, seconds):
    ran = []
    with pytest.raises(RuntimeError, match="make it an async def"):
        await in_thread(lambda loop: IOLoop.current().run_sync(lambda: ran.append(True), seconds))
    await turns(5)
    assert ran == []


async def test_executor_works_for_it(in_thread):
    ended = asyncio.get_running_loop().create_future()

    def start(loop):
        loop.run_in_executor(None, int, "7").add_done_callback(lambda running: ended.set_result(running.result()))

    await in_thread(start)
    assert await ended == 7


async def test_error_in_the_executor_is_known_there(in_thread):
    ended = asyncio.get_running_loop().create_future()

    def start(loop):
        loop.run_in_executor(None, int, "x").add_done_callback(lambda running: ended.set_result(running.exception()))

    await in_thread(start)
    assert isinstance(await ended, ValueError)


async def test_what_is_cancelled_stays_so_though_the_executor_goes_on(in_thread):
    go, ended = threading.Event(), asyncio.get_running_loop().create_future()

    def start(loop):
        loop.run_in_executor(None, go.wait).cancel()
        loop.run_in_executor(None, go.set).add_done_callback(ended.set_result)

    await in_thread(start)
    assert (await ended).result() is None


async def test_what_the_executor_gives_may_be_awaited_by_the_serving_loop(in_thread):
    assert await (await in_thread(lambda loop: loop.run_in_executor(None, int, "7"))) == 7


async def test_an_executor_that_is_shut_down_says_so(in_thread):
    executor = ThreadPoolExecutor()
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        await (await in_thread(lambda loop: loop.run_in_executor(executor, int, "7")))


async def test_what_an_executor_gives_up_is_cancelled(in_thread):
    go, executor = threading.Event(), ThreadPoolExecutor(1)
    executor.submit(go.wait)
    waiting = await in_thread(lambda loop: loop.run_in_executor(executor, int, "7"))
    await turns()
    executor.shutdown(wait=False, cancel_futures=True)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
