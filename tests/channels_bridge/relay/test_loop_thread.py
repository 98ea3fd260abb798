import asyncio
import threading

import pytest

from channels_bridge.relay.loop_thread import ExitTiming, LoopThread
from tests.support.scripts import FORKS, run_script


@pytest.fixture
def thread():
    thread = LoopThread()
    yield thread
    thread.stop()


def run(loop, coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)


async def where():
    return threading.current_thread()


def test_runs_in_a_thread_of_its_own(thread):
    found = run(thread.loop(), where())
    assert found is not threading.current_thread()
    assert found.name == "WebSocket publisher"
    assert found.daemon


def test_begins_when_there_is_a_thread_again(thread, monkeypatch):
    def fail(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.loop()
    assert run(thread.loop(), where()).name == "WebSocket publisher"


def test_there_is_one_loop_whoever_asks(thread):
    barrier, loops = threading.Barrier(8), []

    def ask():
        barrier.wait(10)
        loops.append(thread.loop())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(loops) == 8
    assert len(set(map(id, loops))) == 1


def test_starts_no_thread_before_it_is_asked():
    before = threading.active_count()
    LoopThread()
    assert threading.active_count() == before


def test_stopping_closes_the_loop_and_ends_the_thread(thread):
    loop = thread.loop()
    found = run(loop, where())
    thread.stop()
    assert loop.is_closed()
    assert not found.is_alive()


def test_stopping_what_was_never_started_does_nothing(thread):
    thread.stop()
    thread.stop()


def test_starts_anew_after_it_was_stopped(thread):
    first = thread.loop()
    thread.stop()
    second = thread.loop()
    assert second is not first
    assert run(second, where()).is_alive()


def test_stopping_lets_what_is_on_its_way_get_there(thread):
    done = []

    async def send():
        await asyncio.sleep(0.1)
        done.append(1)

    asyncio.run_coroutine_threadsafe(send(), thread.loop())
    thread.stop()
    assert done == [1]


def test_stopping_cancels_what_takes_too_long():
    thread = LoopThread(ExitTiming(finishing=0.05))
    cancelled = []

    async def hang():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    asyncio.run_coroutine_threadsafe(hang(), thread.loop())
    thread.stop()
    assert cancelled == [1]


def test_a_script_that_ends_does_not_cut_off_what_is_on_its_way():
    script = """
        import asyncio
        from channels_bridge.relay.loop_thread import LoopThread

        async def send():
            await asyncio.sleep(0.1)
            print("sent")

        asyncio.run_coroutine_threadsafe(send(), LoopThread().loop())
    """
    assert run_script(script) == "sent\n"


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_a_forked_process_has_a_loop_of_its_own(fork):
    script = f"""
        import asyncio, ctypes, os
        from channels_bridge.relay.loop_thread import LoopThread

        async def work():
            return 0

        thread = LoopThread()
        parents = thread.loop()
        child = {fork}
        if child == 0:
            result = asyncio.run_coroutine_threadsafe(work(), thread.loop()).result(10)
            os._exit(result if thread.loop() is not parents else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_script(script, are_warnings_errors=False) == "0\n"  # since Python 3.12 forking with threads warns


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_a_forked_process_ends_without_waiting_for_the_thread_of_its_parent(fork):
    script = f"""
        import ctypes, os, sys
        from channels_bridge.relay.loop_thread import LoopThread

        thread = LoopThread()
        thread.loop()
        child = {fork}
        if child == 0:
            sys.exit()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_script(script, are_warnings_errors=False) == "0\n"
