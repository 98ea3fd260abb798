import gc
import threading
import time
from itertools import permutations

import pytest

from tests.support.scripts import FORKS, run_script
from tests.support.waiting import until
from tornado_websockets.core.handlers.executor import Rank, Threads


@pytest.fixture
def threads():
    return Threads("Thread", 2)


class Stuck:
    """A call that does not return before it is released."""

    def __init__(self, threads):
        self.started, self.end = threading.Event(), threading.Event()
        self.future = threads.submit(self)
        assert self.started.wait(10)

    def __call__(self):
        self.started.set()
        self.end.wait(10)


def test_gives_the_result_to_the_future(threads):
    assert threads.submit(max, 1, 2).result(10) == 2


def test_gives_the_error_to_the_future(threads):
    with pytest.raises(SystemExit):
        threads.submit(exit).result(10)


def test_keeps_a_thread_for_the_next_call():
    threads = Threads("Thread", 1)
    assert len({threads.submit(threading.get_ident).result(10) for _ in range(5)}) == 1


def test_calls_at_the_same_time(threads):
    stuck = Stuck(threads)
    assert threads.submit(int).result(10) == 0
    stuck.end.set()


def test_has_no_more_threads_than_it_may(threads):
    stuck = [Stuck(threads), Stuck(threads)]
    waiting = threads.submit(int)
    with pytest.raises(TimeoutError):
        waiting.result(0.05)
    stuck[0].end.set()
    assert waiting.result(10) == 0
    stuck[1].end.set()


def test_calls_what_it_has_taken():
    threads, called = Threads("Thread", 1), []
    stuck = Stuck(threads)
    assert not threads.submit(called.append, 1).cancel()
    stuck.end.set()
    assert threads.submit(int).result(10) == 0
    assert called == [1]


def test_has_other_threads_once_it_has_abandoned_those_of_before():
    threads = Threads("Thread", 1)
    stuck = Stuck(threads)
    threads.abandon_threads()
    assert threads.submit(int).result(10) == 0
    stuck.end.set()


def test_has_other_threads_after_calls_that_waited_for_one():
    threads, go = Threads("Thread", 1), threading.Event()
    threads.submit(go.wait, 10)
    waiting = threads.submit(int)
    go.set()
    waiting.result(10)
    stuck = Stuck(threads)
    threads.abandon_threads()
    assert threads.submit(int).result(10) == 0
    stuck.end.set()


async def test_ends_its_threads_when_nobody_has_it_any_more():
    threads = Threads("Thread", 2)
    stuck = [Stuck(threads), Stuck(threads)]
    for call in stuck:
        call.end.set()
    started = list(threads._crew.threads)
    del threads
    gc.collect()
    await until(lambda: not any(thread.is_alive() for thread in started))


SCRIPT = """
    import threading, time
    from tornado_websockets.core.handlers import executor as threads

    threads.SECONDS_AT_EXIT = {patience}
    pool, started = threads.Threads("Thread", 1), threading.Event()

    def work():
        started.set()
        time.sleep({seconds})
        print("done")

    pool.submit(work)
    started.wait()
"""


def test_has_the_process_wait_for_its_calls():
    assert run_script(SCRIPT.format(patience=10, seconds=0.2)) == "done\n"


def test_does_not_have_the_process_wait_for_ever():
    start = time.monotonic()
    assert run_script(SCRIPT.format(patience=0.1, seconds=30)) == ""
    assert time.monotonic() - start < 20


def test_does_not_have_the_process_wait_for_those_it_has_abandoned():
    start = time.monotonic()
    assert run_script(SCRIPT.format(patience=30, seconds=30) + "    pool.abandon_threads()\n") == ""
    assert time.monotonic() - start < 20


class Untidy:
    """Something to tidy up that fails, or stays due."""

    def __init__(self, fails):
        self.fails, self.asked = fails, 0

    def seconds(self):
        return 0.0

    def tidy(self):
        self.asked += 1
        if self.fails:
            raise OSError


@pytest.mark.parametrize("fails", [False, True])
def test_outlives_what_cannot_be_tidied_up_and_asks_for_it_seldom(fails):
    untidy = Untidy(fails)
    threads = Threads("Thread", 1, untidy)
    threads.submit(int).result(10)
    wait_for(lambda: untidy.asked)
    time.sleep(0.1)
    assert threads.submit(int).result(10) == 0
    assert untidy.asked <= 3  # at once after each call, and not again within a second


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_takes_no_call_once_it_is_finished(threads):
    assert threads.submit(int).result(10) == 0
    threads.finish(time.monotonic())
    with pytest.raises(RuntimeError, match="process is ending"):
        threads.submit(int)
    assert not threads.is_busy


@pytest.mark.parametrize("order", list(permutations(Rank)), ids=lambda order: ", ".join(rank.name for rank in order))
def test_what_others_submit_to_as_the_process_ends_ends_after_them(order):
    script = f"""
    import time
    from tornado_websockets.core.handlers.executor import Rank, Threads

    threads = {{rank: Threads("Thread", 1, rank=Rank(rank)) for rank in {list(map(int, order))}}}

    def store(number):
        print(number)

    def send(number):
        time.sleep(0.02)
        threads[Rank.STORE].submit(store, number)

    def handle(number):
        time.sleep(0.05)
        threads[Rank.SENDERS].submit(send, number)

    for rank in Rank:
        threads[rank].submit(int)
    for number in range(3):
        threads[Rank.HANDLERS].submit(handle, number)
    """
    assert run_script(script) == "0\n1\n2\n"


def test_of_one_rank_those_that_were_made_first_end_first():
    script = """
    import atexit
    from tornado_websockets.core.handlers.executor import Threads

    class Told(Threads):
        def finish(self, deadline):
            print(self._name)

    made = [Told(str(number), 1) for number in range(50)]
    """
    assert run_script(script).split() == [str(number) for number in range(50)]


def test_ends_those_there_are_though_others_are_made_meanwhile():
    script = """
    import sys, threading, time
    from tornado_websockets.core.handlers import executor

    def make():
        while not is_over:
            kept.append(executor.Threads("made", 1))
            del kept[:-1000]

    kept, is_over = [], False
    sys.setswitchinterval(1e-5)
    maker = threading.Thread(target=make)
    maker.start()
    deadline = time.monotonic() + 0.5
    try:
        while time.monotonic() < deadline:
            executor._finish()
    finally:
        is_over = True
        maker.join()
    print("finished")
    """
    assert run_script(script) == "finished\n"


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
@pytest.mark.parametrize("is_submitting", [False, True])
def test_a_forked_process_does_not_wait_for_the_threads_of_its_parent(fork, is_submitting):
    script = f"""
    import ctypes, os, signal, sys, time
    from tornado_websockets.core.handlers.executor import Threads

    threads, began = Threads("Thread", 1), time.monotonic()
    threads.submit(int).result(10)
    child = {fork}
    if child == 0:
        signal.alarm(10)
        if {is_submitting}:
            threads._lock.acquire()  # as if another thread of the parent had been about to
        sys.exit()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, time.monotonic() - began < 4)
    """
    assert run_script(script, are_warnings_errors=False) == "0 True\n"  # since Python 3.12 forking with threads warns


def test_a_process_that_has_to_end_soon_waits_for_no_call():
    script = """
    import atexit, time
    atexit.register(lambda: print(time.monotonic() - began < 2))  # the last to be called
    from tornado_websockets.core.handlers.executor import Threads, end_by
    Threads("Thread", 1).submit(time.sleep, 60)
    began = time.monotonic()
    end_by(began + 0.1)
    """
    assert run_script(script) == "True\n"
