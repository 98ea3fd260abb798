import asyncio
import threading
import time

import pytest
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async

from tests.support.waiting import until
from tornado_websockets.core.handlers.leasing import Leases


class Stuck:
    """A call that does not return before it is told to."""

    def __init__(self):
        self.begun, self.end = threading.Event(), threading.Event()
        self.thread = None

    def __call__(self):
        self.thread = threading.get_ident()
        self.begun.set()
        self.end.wait(30)
        return self.thread


class Idle:
    """Notes in which threads it was asked, and has nothing to tidy up."""

    def __init__(self):
        self.asked = []

    def seconds(self):
        self.asked.append(threading.get_ident())

    def tidy(self):
        raise AssertionError("nothing is due")


@pytest.fixture
def make():
    """Makes leases for what :func:`asks` awaits."""
    contexts = []

    def make(most=2, **calls):
        leases = Leases(most)
        if calls:
            nothing = {"before": int, "after": int, "before_shared": int, "idle": Idle()}
            leases.look_after(**{**nothing, **calls})
        contexts.append(ThreadSensitiveContext())
        SyncToAsync.context_to_thread_executor[contexts[-1]] = leases
        SyncToAsync.thread_sensitive_context.set(contexts[-1])
        return leases

    return make


@pytest.fixture
def stuck():
    calls = []

    def stuck():
        calls.append(Stuck())
        return calls[-1]

    yield stuck
    for call in calls:
        call.end.set()


async def thread_of_now():
    """In which thread the running task has its sync code called."""
    return await sync_to_async(threading.get_ident)()


async def thread_of_another():
    """In which thread that of a new task is called."""
    return await asyncio.wait_for(asyncio.create_task(thread_of_now()), 10)


async def is_leased():
    """Whether a new task has a thread of its own, not asgiref's."""
    name = await asyncio.create_task(sync_to_async(lambda: threading.current_thread().name)())
    return name.startswith("WebSocket async")


async def give_up(call):
    """Have a task cancelled while it awaits ``call`` in its thread."""
    task = asyncio.create_task(sync_to_async(call)())
    await until(call.begun.is_set)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


class TestAThread:
    async def test_is_the_same_for_all_that_a_task_calls(self, make):
        make()
        assert len({await thread_of_now() for _ in range(5)}) == 1

    async def test_is_another_one_for_each_task(self, make, stuck):
        make()
        calls = [stuck(), stuck()]
        tasks = [asyncio.create_task(sync_to_async(call)()) for call in calls]
        await until(lambda: all(call.begun.is_set() for call in calls))
        for call in calls:
            call.end.set()
        assert len(set(await asyncio.gather(*tasks))) == 2

    async def test_is_leased_again_when_the_task_has_ended(self, make):
        leases = make()
        first = await thread_of_another()
        await until(lambda: leases._free)
        assert await thread_of_another() == first

    async def test_is_leased_again_when_the_task_has_given_it_back(self, make):
        leases = make()
        first = await thread_of_now()
        leases.release()
        assert leases.leased == {}
        await until(lambda: leases._free)
        assert await thread_of_another() == first

    async def test_is_given_back_once(self, make):
        leases = make()

        async def handle():
            await thread_of_now()
            leases.release()
            leases.release()

        await asyncio.create_task(handle())
        await until(lambda: leases._free)
        assert len(leases._free) == 1

    async def test_is_none_where_nothing_is_called(self, make):
        leases = make()
        await asyncio.create_task(asyncio.sleep(0))
        leases.release()
        assert (leases.leased, leases._made) == ({}, 0)

    async def test_is_asgirefs_where_all_are_leased(self, make, stuck):
        make(most=1)
        call = stuck()
        task = asyncio.create_task(sync_to_async(call)())
        await until(call.begun.is_set)
        assert not await is_leased()
        call.end.set()
        await task

    async def test_is_asgirefs_as_long_as_the_system_has_no_more(self, make, monkeypatch):
        leases = make(most=1, after=int)
        SyncToAsync.single_thread_executor.submit(int).result(10)  # so that asgiref has its own

        def refuse(thread):
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            assert not await is_leased()
        assert leases.leased == {}
        assert await is_leased()

    async def test_is_a_new_one_in_a_forked_process(self, make, stuck):
        leases = make(most=1)
        await give_up(stuck())
        leases.forget()  # as core.forking has it called
        assert await is_leased()


class TestACallThatGoesOn:
    """Nobody awaits it any more."""

    async def test_holds_up_no_other_task(self, make, stuck):
        make(most=4)
        call = stuck()
        await give_up(call)
        threads = {await thread_of_another() for _ in range(10)}
        call.end.set()
        assert call.thread not in threads

    async def test_holds_up_no_other_task_though_its_own_goes_on(self, make, stuck):
        leases, call, go_on = make(), stuck(), asyncio.Event()

        async def handle():
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await sync_to_async(call)()
            leases.release()
            await go_on.wait()
            return await thread_of_now()

        task = asyncio.create_task(handle())
        await until(lambda: call.begun.is_set() and not leases.leased)
        assert await thread_of_another() != call.thread
        go_on.set()
        assert await task != call.thread
        assert not call.end.is_set()

    async def test_has_its_thread_leased_again_when_it_has_returned(self, make, stuck):
        leases, call = make(most=1), stuck()
        await give_up(call)
        assert not await is_leased()
        call.end.set()
        await until(lambda: leases._free)
        assert await thread_of_another() == call.thread

    async def test_leaves_asgirefs_thread_to_others_where_all_have_such(self, make, stuck):
        make(most=2)
        for _ in range(2):
            await give_up(stuck())
        assert not await is_leased()

    @pytest.mark.parametrize("fails", [False, True])
    async def test_is_followed_by_what_ends_the_lease(self, make, stuck, fails):
        called, call = [], stuck()

        def after():
            called.append(threading.get_ident())
            if fails:
                raise OSError

        leases = make(before=lambda: called.append("before"), after=after)
        await give_up(call)
        assert called == ["before"]
        call.end.set()
        await until(lambda: leases._free)
        assert called == ["before", call.thread]


class TestAnIdleThread:
    async def test_is_asked_once_it_is_nobodys(self, make):
        idle = Idle()
        leases = make(idle=idle)
        thread = await thread_of_now()
        await thread_of_now()
        assert idle.asked == []
        leases.release()
        await until(lambda: idle.asked == [thread])

    async def test_is_not_asked_between_calls_that_go_on(self, make, stuck):
        idle, call, asked = Idle(), stuck(), []
        leases = make(idle=idle)

        async def handle():
            loop = asyncio.get_running_loop()
            return [loop.run_in_executor(leases, each) for each in (call, lambda: asked.extend(idle.asked))]

        calls = await asyncio.create_task(handle())
        call.end.set()
        await asyncio.gather(*calls)
        await until(lambda: idle.asked)
        assert (asked, idle.asked) == ([], [call.thread])


@pytest.mark.parametrize("seconds", [0.0, 0.002])
async def test_one_who_leases_again_and_again_has_one_thread(make, seconds):
    leases = make(8, after=lambda: time.sleep(seconds))
    for _ in range(50):
        await thread_of_now()
        leases.release()
    assert leases._made == 1


async def test_one_whose_thread_takes_no_more_calls_as_the_process_ends_ends_all_the_same(make):
    leases = make()
    await thread_of_now()
    [thread] = leases.leased.values()
    thread.finish(time.monotonic())
    with pytest.raises(RuntimeError, match="process is ending"):
        await thread_of_now()
    leases.release()
    assert not leases.leased
