import asyncio
import threading
import time

import pytest

from tests.support.waiting import until
from tornado_websockets.core.breaker import BreakerTiming
from tornado_websockets.core.handlers.executor import Threads
from tornado_websockets.exceptions import StoreError
from tornado_websockets.store.guard import Guard, GuardTiming
from tornado_websockets.store.memory import MemoryStore

TIMING = GuardTiming(call_timeout=0.2, threads=2, breaker=BreakerTiming(0.1, 0.05, 0.2))


class Fault(Exception):
    pass


class Fickle(MemoryStore):
    """A store that fails and hangs as it is told; it waits for nothing but that."""

    waits = True

    def __init__(self):
        super().__init__()
        self.error = None
        self.calls = 0
        self.threads = set()
        self.answers = threading.Event()
        self.answers.set()
        self.takes = threading.Event()
        self.takes.set()

    def lasts(self, topics):
        self.calls += 1
        self.threads.add(threading.get_ident())
        self.answers.wait()
        if self.error is not None:
            raise self.error
        return super().lasts(topics)

    def forget(self, topic, event=None):
        self.takes.wait()
        super().forget(topic, event)


@pytest.fixture
def store():
    store = Fickle()
    yield store
    store.answers.set()
    store.takes.set()


@pytest.fixture
def guard(store):
    return Guard(store, timing=TIMING)


@pytest.fixture(params=["async", "sync"])
def ask(request, guard, store):
    """Asks from async or from sync code."""

    async def ask():
        if request.param == "async":
            return await guard.ask(store.lasts, ["/a"])
        return await asyncio.to_thread(guard.ask_and_wait, store.lasts, ["/a"])

    return ask


async def test_a_store_is_asked_in_a_thread(ask, store):
    store.read("/a")
    assert (await ask()).keys() == {"/a"}
    assert threading.get_ident() not in store.threads


async def test_one_that_never_waits_is_asked_at_once():
    guard = Guard(MemoryStore())
    asked = guard.ask(guard.store.lasts, [])
    with pytest.raises(StopIteration) as answer:
        asked.send(None)
    assert answer.value.value == {}
    assert guard.ask_and_wait(guard.store.lasts, []) == {}


async def test_what_fails_is_a_store_error_that_has_its_cause(ask, store):
    store.error = Fault("why")
    with pytest.raises(StoreError, match="'lasts'") as failure:
        await ask()
    assert failure.value.__cause__ is store.error


async def test_a_system_without_another_thread_is_a_store_error(ask, guard):
    class Exhausted(Threads):
        def submit(self, function, /, *args, **kwargs):
            raise RuntimeError("can't start new thread")

    guard._reading.threads = Exhausted("none", 1)
    with pytest.raises(StoreError, match="'lasts'"):
        await ask()


async def test_one_that_is_asked_no_more_as_the_process_ends_is_a_store_error(ask, guard):
    await ask()
    guard._reading.threads.finish(time.monotonic())
    with pytest.raises(StoreError, match="The process is ending"):
        await ask()


async def test_what_fails_fast_is_asked_again_the_next_time(ask, store):
    store.error = Fault("why")
    for _ in range(3):
        with pytest.raises(StoreError):
            await ask()
    assert store.calls == 3


async def test_what_fails_is_logged_once(ask, store, caplog):
    store.error = Fault("why")
    for _ in range(5):
        with pytest.raises(StoreError):
            await ask()
    assert [record.exc_info[1] for record in caplog.records] == [store.error]
    assert "nothing can be recovered from it (lasts of " in caplog.text


async def test_one_that_hangs_is_waited_for_for_a_limited_time(ask, store, caplog):
    store.answers.clear()
    started = time.monotonic()
    with pytest.raises(StoreError) as failure:
        await ask()
    assert 0.15 < time.monotonic() - started < 1.0
    assert isinstance(failure.value.__cause__, TimeoutError)
    assert "nothing can be recovered from it (lasts of " in caplog.text


async def test_one_that_hangs_is_not_asked_but_now_and_then(ask, store):
    store.answers.clear()
    with pytest.raises(StoreError):
        await ask()
    calls, started = store.calls, time.monotonic()
    for _ in range(50):
        with pytest.raises(StoreError, match="a moment ago"):
            await ask()
        if time.monotonic() - started > 0.04:
            break
    assert store.calls == calls


async def test_one_that_hung_is_asked_again_when_it_answers(ask, store):
    store.answers.clear()
    with pytest.raises(StoreError):
        await ask()
    store.answers.set()

    async def is_asked():
        try:
            return await ask() == {}
        except StoreError:
            return False

    await until(is_asked)
    assert await ask() == {}


async def test_one_that_hung_is_told_again_when_it_takes(guard, store):
    store.takes.clear()
    with pytest.raises(StoreError):
        await guard.ask(store.forget, "/a")
    assert not guard.is_closed
    store.takes.set()

    async def is_told():
        try:
            await guard.ask(store.forget, "/a")
        except StoreError:
            return False
        return guard.is_closed

    await until(is_told)


async def test_who_writes_does_not_wait_for_those_who_read(guard, store):
    store.answers.clear()
    reading = [asyncio.create_task(guard.ask(store.lasts, ["/a"])) for _ in range(10)]
    await until(lambda: store.calls == 2)
    await guard.ask(store.forget, "/a")
    await asyncio.gather(*reading, return_exceptions=True)
    with pytest.raises(StoreError, match="a moment ago"):
        await guard.ask(store.lasts, ["/a"])
    assert guard.is_closed
    await guard.ask(store.forget, "/a")


async def test_that_reading_fails_is_not_over_where_writing_works(guard, store, caplog):
    guard._reading.outage._clock = lambda: clock.pop(0) if clock else 10.0
    clock = [0.0]
    store.error = Fault("why")
    with pytest.raises(StoreError):
        await guard.ask(store.lasts, ["/a"])
    await guard.ask(store.forget, "/a")
    assert len(caplog.records) == 1
    store.error = None
    await guard.ask(store.lasts, ["/a"])
    assert "it works again, after 1 that failed" in caplog.text


async def test_who_reads_does_not_wait_for_those_who_write(guard, store):
    store.takes.clear()
    await asyncio.gather(*[guard.ask(store.forget, "/a") for _ in range(3)], return_exceptions=True)
    assert await guard.ask(store.lasts, ["/a"]) == {}


async def test_calls_that_hang_take_no_more_threads_than_a_bound(guard, store):
    store.answers.clear()
    results = await asyncio.gather(*[guard.ask(store.lasts, ["/a"]) for _ in range(10)], return_exceptions=True)
    assert {type(result) for result in results} == {StoreError}
    assert store.calls == 2


async def test_what_waited_for_a_thread_too_long_is_not_asked_after_all(guard, store):
    store.answers.clear()
    await asyncio.gather(*[guard.ask(store.lasts, ["/a"]) for _ in range(5)], return_exceptions=True)
    store.answers.set()
    await asyncio.to_thread(guard._reading.threads.submit(lambda: None).result)
    assert store.calls == 2


async def test_an_error_that_comes_too_late_is_no_trouble_for_asyncio(guard, store, caplog):
    store.answers.clear()
    with pytest.raises(StoreError):
        await guard.ask(store.lasts, ["/a"])
    store.error = Fault("late")
    store.answers.set()
    await until(lambda: len(caplog.records) == 2)
    await asyncio.sleep(0)
    assert {record.name for record in caplog.records} == {"tornado_websockets"}
