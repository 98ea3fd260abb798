import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado_websockets.core import complaints
from tornado_websockets.core.control import CONTROL, MOST_ORDERS, Control, Note, _takers

#: Threads at a time, and how many orders each of them has; all of them are kept.
THREADS, TIMES = 4, MOST_ORDERS // 4


@pytest.fixture
def control():
    return Control(None)


@pytest.fixture
def often_interrupted():
    """Lets threads interrupt each other as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_a_time(function):
    """Call with a number from each of several threads; what each call has returned."""
    start = threading.Barrier(THREADS)

    def call(number):
        start.wait(10)
        return function(number)

    with ThreadPoolExecutor(THREADS) as executor:
        return list(executor.map(call, range(THREADS)))


class TestOrders:
    def test_are_those_that_came_after_a_number(self, control):
        for order in "abc":
            assert control.remember(order, order)
        assert [list(control.since(number)) for number in range(4)] == [["a", "b", "c"], ["b", "c"], ["c"], []]

    def test_are_remembered_once(self, control):
        assert [control.remember("a", "1"), control.remember("a", "1")] == [True, False]
        assert (control.last, list(control.since(0))) == (1, ["a"])

    def test_are_kept_up_to_a_number(self, control):
        for number in range(MOST_ORDERS + 1):
            control.remember(number, str(number))
        assert list(control.since(0)) == list(range(1, MOST_ORDERS + 1))


@pytest.mark.usefixtures("often_interrupted")
class TestThreads:
    def test_remember_and_ask_at_a_time(self, control):
        def remember_and_ask(thread):
            for number in range(TIMES):
                before = control.last
                control.remember((thread, number), f"{thread} {number}")
                assert (thread, number) in control.since(before)

        at_a_time(remember_and_ask)
        assert control.last == THREADS * TIMES

    def test_give_each_order_a_number_of_its_own(self, control):
        at_a_time(lambda thread: [control.remember(thread, f"{thread} {number}") for number in range(TIMES)])
        last = control.last
        assert [len(control.since(number)) for number in range(last + 1)] == list(range(last, -1, -1))

    def test_remember_one_order_once(self, control):
        def remember(_):
            return [control.remember(number, str(number)) for number in range(TIMES)]

        assert [sum(news) for news in zip(*at_a_time(remember), strict=True)] == [1] * TIMES


class TestFaults:
    @pytest.fixture(autouse=True)
    def takers(self, monkeypatch):
        """Three that take notes: two of them fail until their names are taken out of what is returned."""
        failing = {"one", "other"}

        def taker(name):
            def take(hub, said):
                if name in failing:
                    raise RuntimeError(name)

            return take

        for name in ("one", "other", "sound"):
            monkeypatch.setitem(_takers, name, taker(name))
        return failing

    def test_of_each_that_takes_notes_are_logged_with_their_traceback(self, control, caplog):
        for event in ("one", "one", "other", "sound", "one"):
            control.take(Note(CONTROL, event, "{}"))
        assert [(record.getMessage(), str(record.exc_info[1])) for record in caplog.records] == [
            ("Cannot do what a note says (one)", "one"),
            ("Cannot do what a note says (other)", "other"),
        ]

    def test_end_when_it_takes_one(self, control, takers, caplog, monkeypatch):
        monkeypatch.setattr(complaints, "CALM", 0.0)
        control.take(Note(CONTROL, "one", "{}"))
        takers.clear()
        for event in ("one", "one"):
            control.take(Note(CONTROL, event, "{}"))
        takers.add("one")
        control.take(Note(CONTROL, "one", "{}"))
        what = "Cannot do what a note says (one)"
        assert caplog.messages == [what, f"{what}: it works again, after 1 that failed", what]
