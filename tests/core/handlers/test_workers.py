import asyncio
import contextvars
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from asgiref.sync import async_to_sync

from tests.support.scripts import run_script
from tests.support.waiting import turns, until
from tornado_websockets.core.handlers.workers import Workers


class Held:
    """Something that a call holds."""


def directly(call):
    return call()


@pytest.fixture
def workers():
    return Workers("/chat", 1, directly)


@pytest.fixture
def no_threads(monkeypatch):
    """Lets a test have the system run out of threads."""

    def fail(_):
        raise RuntimeError("can't start new thread")

    @contextmanager
    def no_threads():
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            yield

    return no_threads


async def test_calls_in_another_thread(workers):
    assert await workers.run(threading.get_ident) != threading.get_ident()


async def test_returns_what_the_call_returns(workers):
    assert await workers.run(lambda: "result") == "result"


async def test_raises_what_the_call_raises(workers):
    def fail():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await workers.run(fail)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
async def test_raises_as_an_error_what_would_end_more_than_the_call(workers, kind):
    def fail():
        raise kind("mine")

    with pytest.raises(RuntimeError, match=f"raised {kind.__name__}") as caught:
        await workers.run(fail)
    assert isinstance(caught.value.__cause__, kind)


async def test_names_its_threads(workers):
    assert (await workers.run(lambda: threading.current_thread().name)).startswith("WebSocket /chat")


async def test_starts_no_thread_before_it_is_needed():
    before = threading.active_count()
    Workers("/idle", 4, directly)
    assert threading.active_count() == before


async def test_keeps_its_one_thread(workers):
    assert len({await workers.run(threading.get_ident) for _ in range(5)}) == 1


async def test_has_threads_of_its_own(workers):
    other = Workers("/other", 1, directly)
    assert await workers.run(threading.get_ident) != await other.run(threading.get_ident)


async def test_is_not_delayed_by_other_workers(workers):
    other, end = Workers("/other", 1, directly), threading.Event()
    stuck = asyncio.ensure_future(other.run(lambda: end.wait(10)))
    await workers.run(end.set)
    assert await stuck


async def test_with_one_thread_calls_do_not_overlap(workers):
    running, most = 0, 0

    def call():
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.01)
        running -= 1

    await asyncio.gather(*(workers.run(call) for _ in range(10)))
    assert most == 1


async def test_with_one_thread_calls_keep_their_order(workers):
    numbers = []
    await asyncio.gather(*(workers.run(lambda number=number: numbers.append(number)) for number in range(50)))
    assert numbers == list(range(50))


async def test_with_more_threads_calls_overlap():
    workers, together = Workers("/chat", 3, directly), threading.Barrier(3)
    await asyncio.gather(*(workers.run(lambda: together.wait(10)) for _ in range(3)))


async def test_with_more_threads_no_more_calls_overlap_than_that():
    workers, four = Workers("/chat", 3, directly), threading.Barrier(4)

    def wait():
        try:
            four.wait(0.2)
        except threading.BrokenBarrierError:
            return "alone"
        return "with three others"

    assert await asyncio.gather(*(workers.run(wait) for _ in range(4))) == ["alone"] * 4


async def test_lets_what_is_around_call_in_the_same_thread():
    threads = []

    def around(call):
        threads.append(threading.get_ident())
        result = call()
        return f"({result})"

    workers = Workers("/chat", 1, around)

    def call():
        threads.append(threading.get_ident())
        return "result"

    assert await workers.run(call) == "(result)"
    assert len(threads) == 2
    assert len(set(threads)) == 1


async def test_passes_over_calls_that_nobody_waits_for_any_more(workers):
    end, called = threading.Event(), []
    stuck = workers.run(lambda: end.wait(10))
    workers.run(lambda: called.append(1)).cancel()
    end.set()
    await stuck
    await workers.run(int)
    assert called == []


async def abandoned(work, moment=turns):
    """Wait for ``work`` until that moment has come, and no longer."""
    task = asyncio.create_task(work)
    await moment()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await turns()


async def test_lets_go_of_a_call_that_is_dropped_though_all_threads_are_stuck(workers):
    end, called = threading.Event(), []
    stuck = workers.run(lambda: end.wait(10))
    held = Held()
    alive = weakref.ref(held)
    await abandoned(workers.wait(lambda held=held: called.append(held)))
    del held
    gc.collect()
    assert alive() is None
    end.set()
    assert await stuck
    await workers.run(int)
    assert called == []


async def test_leaves_a_call_that_is_dropped_when_it_has_begun_to_its_end(workers):
    started, end = threading.Event(), threading.Event()

    def work():
        started.set()
        end.wait(10)

    await abandoned(workers.wait(work), lambda: asyncio.to_thread(started.wait, 10))
    end.set()
    assert await workers.run(lambda: "next") == "next"


async def test_what_waits_can_overtake_what_is_running(workers):
    end = threading.Event()
    stuck = workers.run(lambda: end.wait(10))
    waiting = [workers.run(threading.get_ident) for _ in range(5)]
    workers.overtake()
    assert len(set(await asyncio.gather(*waiting))) == 1
    end.set()
    assert await stuck


async def test_overtaking_does_what_it_can_where_there_are_no_threads(workers, no_threads):
    end = threading.Event()
    stuck = workers.run(lambda: end.wait(10))
    waiting = workers.run(lambda: "next")
    with no_threads():
        workers.overtake()
    end.set()
    assert await stuck
    assert await waiting == "next"


async def test_overtaking_starts_no_thread_where_nothing_waits(workers):
    await workers.run(int)
    workers.overtake()
    assert workers._threads._crew.threads == []


async def test_takes_the_context_along(workers):
    variable = contextvars.ContextVar("variable")
    variable.set("mine")
    assert await workers.run(variable.get) == "mine"


async def test_async_to_sync_finds_its_way_back(workers):
    async def loop():
        return asyncio.get_running_loop()

    assert await workers.run(async_to_sync(loop)) is asyncio.get_running_loop()


async def test_a_call_that_nobody_waits_for_any_more_disturbs_nobody(workers, caplog):
    started, end = threading.Event(), threading.Event()

    def work():
        started.set()
        end.wait(10)

    async def wait():
        await workers.run(work)

    waiting = asyncio.create_task(wait())
    await asyncio.to_thread(started.wait, 10)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    end.set()
    assert await workers.run(lambda: "next") == "next"
    assert caplog.records == []


def test_a_loop_that_ends_meanwhile_disturbs_nobody(workers):
    started, end = threading.Event(), threading.Event()

    def work():
        started.set()
        end.wait(10)

    async def leave():
        workers.run(work)
        await asyncio.to_thread(started.wait, 10)
        threading.Timer(0.05, end.set).start()

    async def come():
        return await workers.run(lambda: "next")

    asyncio.run(leave())
    assert asyncio.run(come()) == "next"


def test_loops_that_end_before_a_thread_is_there_disturb_nobody(workers):
    async def leave():
        workers.run(int)

    async def come():
        return await asyncio.wait_for(workers.run(lambda: "next"), 10)

    for _ in range(100):
        asyncio.run(leave())
        assert asyncio.run(come()) == "next"


async def test_raises_when_there_is_no_thread_for_a_call(workers, no_threads):
    with no_threads():
        failing = workers.run(int)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        await failing
    assert await workers.run(lambda: "next") == "next"


async def test_leaves_a_call_to_the_threads_there_are_when_there_is_none_for_it(no_threads):
    workers, end = Workers("/chat", 2, directly), threading.Event()
    stuck = workers.run(lambda: end.wait(10))
    with no_threads():
        waiting = workers.run(lambda: "next")
    end.set()
    assert await stuck
    assert await waiting == "next"


async def test_a_thread_waits_for_the_next_call_for_a_moment():
    workers = Workers("/chat", 1, directly, lingering=1.0)
    await workers.run(threading.get_ident)
    before = asyncio.all_tasks()
    for _ in range(10):
        await workers.run(threading.get_ident)
    assert asyncio.all_tasks() == before


async def test_a_thread_that_nobody_calls_has_nothing_to_do_soon(workers):
    await workers.run(threading.get_ident)
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_threads_that_wait_share_what_comes():
    workers = Workers("/chat", 4, directly, lingering=1.0)
    barrier = threading.Barrier(4, timeout=10)
    for _ in range(10):
        await asyncio.gather(*(workers.run(barrier.wait) for _ in range(4)))
    assert len(asyncio.all_tasks()) == 5


def test_a_thread_that_waits_makes_way_for_another_loop():
    workers = Workers("/chat", 1, directly, lingering=2.0)

    async def ask():
        return await asyncio.wait_for(workers.run(threading.get_ident), 10)

    async def ask_here_and_elsewhere():
        return await ask(), await asyncio.to_thread(asyncio.run, ask())

    here, elsewhere = asyncio.run(ask_here_and_elsewhere())
    assert here == elsewhere


def test_serves_one_loop_after_another(workers):
    async def thread():
        return await workers.run(threading.get_ident)

    assert asyncio.run(thread()) == asyncio.run(thread())


def test_starts_new_threads_in_a_forked_process():
    script = """
        import asyncio, os
        from tornado_websockets.core.handlers.workers import Workers

        workers = Workers("/chat", 1, lambda call: call())

        async def work():
            return await asyncio.wait_for(workers.run(lambda: 0), 10)

        asyncio.run(work())
        child = os.fork()
        if child == 0:
            os._exit(asyncio.run(work()))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_script(script, are_warnings_errors=False) == "0\n"  # since Python 3.12 forking with threads warns


async def test_does_not_use_the_loops_own_threads(workers):
    executor = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(executor)
    end = threading.Event()
    stuck = asyncio.get_running_loop().run_in_executor(None, end.wait, 10)
    await workers.run(end.set)
    assert await stuck
