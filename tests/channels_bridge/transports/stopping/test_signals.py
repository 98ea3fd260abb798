"""Signals are taken from who handles them, and handed on; the tests send them to their own process."""

import asyncio
import os
import signal
import threading

import pytest

from channels_bridge.transports.stopping.signals import TakenSignals, owner_of_signals
from tests.support.waiting import until
from tornado_websockets.core.stopping import stopping


class Owner:
    """A server whose method handles both signals."""

    def __init__(self):
        self.came = []

    def handle(self, number, frame):
        self.came.append(number)


@pytest.fixture
def owner():
    """The one that has them."""
    owner = Owner()
    before = {number: signal.signal(number, owner.handle) for number in (signal.SIGTERM, signal.SIGINT)}
    yield owner
    for number, handler in before.items():
        signal.signal(number, handler)
    stopping.forget()


@pytest.fixture
async def calls(owner):
    """What we were told of."""
    return []


@pytest.fixture
async def taken(owner, calls):
    taken = TakenSignals(asyncio.get_running_loop(), lambda: calls.append("first"), lambda: calls.append("another"))
    taken.take()
    return taken


def test_the_owner_is_found_by_its_method(owner):
    assert owner_of_signals() is owner


async def test_the_owner_is_still_known_when_its_signals_are_taken(owner, taken):
    assert owner_of_signals() is owner


def test_a_function_has_no_owner(owner):
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    assert owner_of_signals() is None


async def test_a_signal_is_kept_from_the_server_until_it_is_handed_on(owner, taken, calls):
    signal.raise_signal(signal.SIGTERM)
    assert stopping.has_begun
    await until(lambda: calls)
    assert (calls, owner.came) == (["first"], [])
    taken.hand_on()
    assert owner.came == [signal.SIGTERM]


async def test_another_one_is_told_of_and_not_handed_on(owner, taken, calls):
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    await until(lambda: len(calls) == 2)
    taken.hand_on()
    assert (calls, owner.came) == (["first", "another"], [signal.SIGINT])


async def test_what_comes_afterwards_is_the_servers(owner, taken, calls):
    signal.raise_signal(signal.SIGTERM)
    taken.hand_on()
    signal.raise_signal(signal.SIGINT)
    await until(lambda: calls)
    assert (calls, owner.came) == (["first"], [signal.SIGTERM, signal.SIGINT])


async def test_whoever_has_put_a_handler_in_front_of_ours_keeps_it(owner, taken, calls):
    ours, came = signal.getsignal(signal.SIGTERM), []

    def theirs(number, frame):
        came.append(number)
        ours(number, frame)

    signal.signal(signal.SIGTERM, theirs)
    taken.hand_on()
    assert signal.getsignal(signal.SIGTERM) is theirs
    signal.raise_signal(signal.SIGTERM)
    assert (came, owner.came, calls) == ([signal.SIGTERM], [signal.SIGTERM], [])


async def test_a_signal_that_another_handles_is_left_to_it(owner, calls):
    other = Owner()
    signal.signal(signal.SIGINT, other.handle)
    TakenSignals(asyncio.get_running_loop(), lambda: calls.append("first"), print).take()
    signal.raise_signal(signal.SIGINT)
    assert other.came == [signal.SIGINT]


def test_when_the_loop_has_ended_the_server_gets_it_at_once(owner):
    loop = asyncio.new_event_loop()
    TakenSignals(loop, print, print).take()
    loop.close()
    signal.raise_signal(signal.SIGTERM)
    assert owner.came == [signal.SIGTERM]
    assert not stopping.has_begun


async def test_another_thread_takes_none(owner):
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=lambda: TakenSignals(loop, print, print).take())
    thread.start()
    await asyncio.to_thread(thread.join)
    assert signal.getsignal(signal.SIGTERM) == owner.handle


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
async def test_a_forked_process_has_the_handler_of_the_server(owner, taken, calls):
    child = os.fork()
    if child == 0:
        signal.raise_signal(signal.SIGTERM)
        os._exit(len(owner.came))
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert (owner.came, calls) == ([], [])
