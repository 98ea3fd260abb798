import gc
import threading
import weakref

import pytest

from tests.support.scripts import FORKS, run_script
from tornado_websockets.core import forking
from tornado_websockets.core.forking import ForkGuard, after_fork

SCRIPT = """
import os
from tornado_websockets.core.forking import after_fork

called = []


class Thing:
    def forget(self):
        called.append("thing")


{registrations}
child = os.fork()
if child == 0:
    print("child", *called, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("parent", *called)
"""


def run(registrations):
    """What was called in a forked process, and in the one that it was forked from."""
    return run_script(SCRIPT.format(registrations=registrations)).splitlines()


def test_what_is_registered_is_called_in_a_forked_process_alone():
    assert run('after_fork(lambda: called.append("function"))') == ["child function", "parent"]


def test_calls_keep_the_order_of_registration():
    registrations = "for number in range(3): after_fork(lambda number=number: called.append(number))"
    assert run(registrations)[0] == "child 0 1 2"


def test_a_method_is_called_while_its_object_lives():
    assert run("thing = Thing(); after_fork(thing.forget)")[0] == "child thing"


def test_a_method_is_not_called_once_its_object_has_gone():
    assert run("thing = Thing(); after_fork(thing.forget); del thing")[0] == "child"


def test_a_forked_process_may_be_forked_again():
    registrations = """
after_fork(lambda: called.append(len(called)))
if os.fork():
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert run(registrations)[0] == "child 0 1"


def test_nothing_is_kept_of_an_object_that_has_gone(monkeypatch):
    monkeypatch.setattr(forking, "_forgets", [])
    monkeypatch.setattr(forking._Cleaning, "due", 0)

    class Thing:
        def forget(self):
            """Nobody forks here."""

    thing = Thing()
    after_fork(thing.forget)
    alive = weakref.ref(thing)
    del thing
    gc.collect()
    assert alive() is None
    for _ in range(1_000):
        after_fork(Thing().forget)
    assert len(forking._forgets) < 128


def test_those_that_stay_are_looked_at_seldom(monkeypatch):
    monkeypatch.setattr(forking, "_forgets", [])
    monkeypatch.setattr(forking._Cleaning, "due", 0)
    looks = []

    class Counted(weakref.ref):
        def __call__(self):
            looks.append(1)
            return super().__call__()

    class Thing:
        def forget(self):
            """Nobody forks here."""

    monkeypatch.setattr(forking.weakref, "ref", Counted)
    things = [Thing() for _ in range(10_000)]
    for thing in things:
        after_fork(thing.forget)
    assert len(forking._forgets) == 10_000
    assert len(looks) < 3 * 10_000


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_guard_forgets_once_in_the_forked_process_and_never_in_its_parent(fork):
    script = f"""
        import ctypes, os
        from tornado_websockets.core.forking import ForkGuard

        forgotten = []
        guard = ForkGuard(lambda: forgotten.append(os.getpid()))
        guard.check()
        child = {fork}
        guard.check()
        guard.check()
        if child == 0:
            os._exit(0 if forgotten == [os.getpid()] else 1)
        print(forgotten, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_script(script) == "[] 0\n"


def test_threads_that_use_it_meanwhile_wait_until_it_is_done():
    order, is_begun, may_end = [], threading.Event(), threading.Event()

    def forget():
        is_begun.set()
        may_end.wait(10)
        order.append("forgotten")

    def use():
        guard.check()
        order.append("used")

    guard = ForkGuard(forget)
    guard.pid = -1  # as if this were another process than it was
    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    is_begun.wait(10)
    assert order == []
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert order == ["forgotten", *["used"] * 4]
