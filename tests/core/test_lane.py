import asyncio
import threading

import pytest

from tests.project.clients import MemoryTransport
from tests.project.waiting import turns, until
from tornado_websockets.core import lane as lane_module
from tornado_websockets.core.lane import TURN, Lane, is_loop_running
from tornado_websockets.core.outbox import Close
from tornado_websockets.core.scheduler import HEAVY, Delivery

#: Who sends, where it does not matter.
SENDER = "somebody"


class Member:
    """A connection, as far as a lane knows one."""

    def __init__(self, path="/chat"):
        self.path = path
        self.got = []
        self.keys = []
        self.codes = []
        self.transport = MemoryTransport()

    def deliver(self, item, key=None):
        self.got.append((item, threading.get_ident()))
        self.keys.append(key)

    def shut(self, code):
        self.codes.append(code)

    @property
    def items(self):
        return [item for item, _ in self.got]


@pytest.fixture
async def lane():
    return Lane(asyncio.get_running_loop())


def members_of(lane, count, path="/chat"):
    members = [Member(path) for _ in range(count)]
    for member in members:
        lane.add(member)
    return members


def in_thread(call):
    """Start ``call`` in a thread; the event is set when it has returned."""
    done = threading.Event()

    def run():
        call()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done


class TestMembership:
    async def test_is_by_path(self, lane):
        [here], [there] = members_of(lane, 1, "/here"), members_of(lane, 1, "/there")
        lane.submit(Delivery("hi", "/here"), SENDER)
        assert (here.items, there.items) == (["hi"], [])

    async def test_ends(self, lane):
        one, other = members_of(lane, 2)
        lane.remove(one)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        assert (one.items, other.items) == ([], ["hi"])

    async def test_leaves_no_empty_group(self, lane):
        [member] = members_of(lane, 1)
        assert "/chat" in lane.groups
        lane.remove(member)
        assert lane.groups == {}

    async def test_of_a_stranger_can_be_ended(self, lane):
        [member] = members_of(lane, 1)
        lane.remove(Member("/chat"))
        lane.remove(Member("/other"))
        assert list(lane.groups["/chat"]) == [member]


class TestDelivery:
    async def test_happens_within_the_call(self, lane):
        [member] = members_of(lane, 1)
        lane.submit(Delivery("hi", [member]), SENDER)
        assert member.items == ["hi"]

    async def test_reaches_all_of_a_path(self, lane):
        members = members_of(lane, 3)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        assert [member.items for member in members] == [["hi"]] * 3

    async def test_leaves_one_out(self, lane):
        members = members_of(lane, 3)
        lane.submit(Delivery("hi", "/chat", members[1]), SENDER)
        assert [member.items for member in members] == [["hi"], [], ["hi"]]

    async def test_to_a_path_without_members_is_done(self, lane):
        lane.submit(Delivery("hi", "/nobody"), SENDER)
        await asyncio.wait_for(lane.settle(SENDER), 1)

    async def test_takes_orders_to_close(self, lane):
        [member] = members_of(lane, 1)
        lane.submit(Delivery(Close(1000, ""), [member]), SENDER)
        assert member.items == [Close(1000, "")]

    async def test_passes_the_key_on(self, lane):
        [member] = members_of(lane, 1)
        lane.submit(Delivery("50 %", "/chat", key="update"), SENDER)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        assert member.keys == ["update", None]

    async def test_reaches_those_who_are_there_when_its_turn_comes(self, lane):
        members_of(lane, TURN + 1, "/crowd")
        [early] = members_of(lane, 1)
        lane.submit(Delivery("first", "/crowd"), SENDER)
        lane.submit(Delivery("second", "/chat"), SENDER)
        lane.remove(early)
        [late] = members_of(lane, 1)
        await lane.settle(SENDER)
        assert (early.items, late.items) == ([], ["second"])


class TestASingleConnection:
    async def test_is_sent_to_within_the_call(self, lane):
        one, other = members_of(lane, 2)
        lane.send(one, "hi", SENDER)
        assert (one.items, other.items) == (["hi"], [])

    async def test_is_sent_to_behind_what_waits(self, lane):
        members = members_of(lane, TURN + 1)
        lane.submit(Delivery("first", "/chat"), SENDER)
        lane.send(members[-1], "second", SENDER)
        await lane.settle(SENDER)
        assert members[-1].items == ["first", "second"]

    async def test_is_sent_to_from_a_thread_on_the_loops_own(self, lane):
        [member] = members_of(lane, 1)
        await asyncio.to_thread(lane.send, member, "hi", SENDER)
        await until(lambda: member.got)
        assert member.got == [("hi", threading.get_ident())]

    async def test_takes_part_in_the_turns(self, lane):
        [member] = members_of(lane, 1)
        for number in range(TURN + 10):
            lane.send(member, str(number), SENDER)
        assert len(member.got) == TURN
        await lane.settle(SENDER)
        assert member.items == [str(number) for number in range(TURN + 10)]

    async def test_begins_a_new_turn_in_time(self, lane):
        [member] = members_of(lane, 1)
        for _ in range(4):
            for _ in range(TURN * 3 // 4):
                lane.send(member, "x", SENDER)
            await turns(2)
        assert len(member.got) == 4 * (TURN * 3 // 4)


class TestWhatWaitsForTheSameClients:
    """It is sent to one client after the other, so that a server flushes once for each."""

    @staticmethod
    def log_of(lane, count, deliveries):
        """Who got what, in order, when ``deliveries`` had to wait."""
        log = []

        class Logging(Member):
            def deliver(self, item, key=None):
                log.append((self.name, item, key))

        for number in range(count):
            member = Logging()
            member.name = number
            lane.add(member)
        lane._left = 0
        for delivery in deliveries:
            lane.submit(delivery, SENDER)
        assert log == []
        return log

    async def test_is_sent_together(self, lane):
        log = self.log_of(lane, 2, [Delivery("a", "/chat"), Delivery("b", "/chat", key="update")])
        await lane.settle(SENDER)
        assert log == [(0, "a", None), (0, "b", "update"), (1, "a", None), (1, "b", "update")]

    async def test_is_not_sent_together_with_what_goes_elsewhere(self, lane):
        [stranger] = members_of(lane, 1, "/other")
        log = self.log_of(lane, 2, [Delivery("a", "/chat"), Delivery("x", "/other"), Delivery("b", "/chat")])
        await lane.settle(SENDER)
        assert log == [(0, "a", None), (1, "a", None), (0, "b", None), (1, "b", None)]
        assert stranger.items == ["x"]

    async def test_is_not_sent_together_with_what_leaves_somebody_out(self, lane):
        [left_out] = members_of(lane, 1)
        log = self.log_of(lane, 1, [Delivery("a", "/chat"), Delivery("b", "/chat", left_out)])
        await lane.settle(SENDER)
        assert log == [(0, "a", None), (0, "b", None)]
        assert left_out.items == ["a"]

    async def test_is_not_sent_together_without_bound(self, lane):
        log = self.log_of(lane, 2, [Delivery(str(number), "/chat") for number in range(HEAVY + 10)])
        await lane.settle(SENDER)
        assert [item for name, item, _ in log if name == 1] == [str(number) for number in range(HEAVY + 10)]
        assert max(index for index, entry in enumerate(log[: HEAVY + 1]) if entry[0] == 0) < HEAVY

    async def test_is_waited_for_together(self, lane):
        log = self.log_of(lane, 2, [Delivery(str(number), "/chat") for number in range(10)])
        await asyncio.wait_for(lane.settle(SENDER), 10)
        assert len(log) == 20

    async def test_is_weighed_together(self, lane):
        log = self.log_of(lane, TURN, [Delivery("a", "/chat"), Delivery("b", "/chat")])
        await asyncio.sleep(0)
        assert len(log) == TURN


class TestTurns:
    async def test_end_after_so_many_messages(self, lane):
        members = members_of(lane, TURN + 100)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        assert sum(len(member.got) for member in members) == TURN

    async def test_let_others_run_in_between(self, lane):
        members = members_of(lane, 3 * TURN)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        seen = [sum(len(member.got) for member in members)]
        while seen[-1] < 3 * TURN:
            await asyncio.sleep(0)
            seen.append(sum(len(member.got) for member in members))
        assert seen == [TURN, 2 * TURN, 3 * TURN]

    async def test_count_each_delivery_within_a_call(self, lane):
        [member] = members_of(lane, 1)
        for number in range(TURN + 10):
            lane.submit(Delivery(str(number), [member]), SENDER)
        assert len(member.got) == TURN

    async def test_come_again(self, lane):
        [member] = members_of(lane, 1)
        for number in range(TURN + 10):
            lane.submit(Delivery(str(number), [member]), SENDER)
        await lane.settle(SENDER)
        lane.submit(Delivery("at once", [member]), SENDER)
        assert member.items == [*map(str, range(TURN + 10)), "at once"]

    async def test_begin_anew_with_each_turn_of_the_loop(self, lane):
        [member] = members_of(lane, 1)
        for _ in range(4):
            for number in range(TURN * 3 // 4):
                lane.submit(Delivery(str(number), [member]), SENDER)
            await turns(2)
        before = len(member.got)
        lane.submit(Delivery("at once", [member]), SENDER)
        assert before == 4 * (TURN * 3 // 4)
        assert len(member.got) == before + 1

    async def test_take_fewer_of_large_messages(self, lane):
        members = members_of(lane, TURN)
        lane.submit(Delivery("x" * (3 * 4096), "/chat"), SENDER)
        assert sum(len(member.got) for member in members) == TURN // 4

    async def test_take_at_least_one_however_large(self, lane):
        members = members_of(lane, 3)
        lane.submit(Delivery("x" * (4096 * TURN * 2), "/chat"), SENDER)
        assert sum(len(member.got) for member in members) == 1
        await asyncio.wait_for(lane.settle(SENDER), 10)
        assert [len(member.got) for member in members] == [1, 1, 1]


class TestOrder:
    async def test_is_kept_behind_what_needs_several_turns(self, lane):
        members = members_of(lane, TURN + 100)
        lane.submit(Delivery("first", "/chat"), SENDER)
        lane.submit(Delivery("second", [members[0]]), SENDER)
        lane.submit(Delivery("third", "/chat"), SENDER)
        await lane.settle(SENDER)
        assert members[0].items == ["first", "second", "third"]
        assert members[-1].items == ["first", "third"]

    async def test_is_kept_between_threads(self, lane):
        [member] = members_of(lane, 1)
        thread_done = in_thread(lambda: lane.submit(Delivery("from a thread", [member]), SENDER))
        assert thread_done.wait(10)
        lane.submit(Delivery("from the loop", [member]), SENDER)
        await lane.settle(SENDER)
        assert member.items == ["from a thread", "from the loop"]

    async def test_of_a_thread_is_kept(self, lane):
        [member] = members_of(lane, 1)

        def send():
            for number in range(2000):
                lane.submit(Delivery(str(number), [member]), SENDER)

        await asyncio.to_thread(send)
        await lane.settle(SENDER)
        assert member.items == [str(number) for number in range(2000)]


class TestFromAThread:
    async def test_delivers_on_the_loops_own(self, lane):
        [member] = members_of(lane, 1)
        await asyncio.to_thread(lane.submit, Delivery("hi", [member]), SENDER)
        await until(lambda: member.got)
        assert member.got == [("hi", threading.get_ident())]

    async def test_waits_where_the_loop_is_slower(self, lane, monkeypatch):
        monkeypatch.setattr(lane_module, "MAX_WAITING", 10)
        [member] = members_of(lane, 1)
        sent = []

        def send():
            for number in range(50):
                lane.submit(Delivery(str(number), [member]), SENDER)
                sent.append(number)

        done = in_thread(send)
        assert not done.wait(0.3)  # the loop does nothing meanwhile
        assert len(sent) == 10
        await until(done.is_set)
        await lane.settle(SENDER)
        assert member.items == [str(number) for number in range(50)]

    async def test_waits_where_few_but_large_messages_wait(self, lane):
        [member] = members_of(lane, 1)
        sent = []

        def send():
            for number in range(50):
                lane.submit(Delivery("x" * 1_000_000, [member]), SENDER)
                sent.append(number)

        done = in_thread(send)
        assert not done.wait(0.5)  # the loop does nothing meanwhile
        assert len(sent) < 20
        await until(done.is_set)

    async def test_waits_no_longer_than_it_should(self, lane, monkeypatch):
        monkeypatch.setattr(lane_module, "MAX_WAITING", 0)
        monkeypatch.setattr(lane_module, "MAX_BLOCKED", 0.05)
        [member] = members_of(lane, 1)
        done = in_thread(lambda: lane.submit(Delivery("hi", [member]), SENDER))
        assert done.wait(10)  # the loop does nothing meanwhile
        await until(lambda: member.items == ["hi"])

    async def test_does_not_wait_where_another_loop_would_be_blocked(self, lane, monkeypatch):
        monkeypatch.setattr(lane_module, "MAX_WAITING", 0)
        [member] = members_of(lane, 1)

        async def send():
            lane.submit(Delivery("hi", [member]), SENDER)

        done = in_thread(lambda: asyncio.run(send()))
        assert done.wait(5)  # the loop does nothing meanwhile
        await lane.settle(SENDER)
        assert member.items == ["hi"]

    async def test_raises_when_the_loop_is_closed(self):
        async def make():
            return Lane(asyncio.get_running_loop())

        lanes = []
        assert in_thread(lambda: lanes.append(asyncio.run(make()))).wait(10)
        with pytest.raises(RuntimeError, match="closed"):
            lanes[0].submit(Delivery("hi", "/chat"), SENDER)


class TestSenders:
    """They take turns while much is to be sent."""

    async def test_do_not_wait_behind_each_other(self, lane):
        crowd = members_of(lane, 10 * TURN, "/crowd")
        [innocent] = members_of(lane, 1)
        for _ in range(5):
            lane.submit(Delivery("flood", "/crowd"), "flooder")
        lane.send(innocent, "answer", innocent)
        await turns(2)
        assert innocent.items == ["answer"]
        assert len(crowd[-1].got) == 0
        await lane.settle("flooder")
        assert [len(member.got) for member in crowd] == [5] * len(crowd)

    async def test_wait_for_their_own_alone(self, lane):
        crowd = members_of(lane, 50 * TURN, "/crowd")
        [innocent] = members_of(lane, 1)
        lane.submit(Delivery("flood", "/crowd"), "flooder")
        lane.send(innocent, "answer", innocent)
        await lane.settle(innocent)
        assert innocent.items == ["answer"]
        assert crowd[-1].items == []

    async def test_may_have_a_little_waiting(self, lane):
        [member] = members_of(lane, 1)
        lane._left = 0
        verdicts = []
        for _ in range(lane_module.MAX_AHEAD + 1):
            lane.send(member, "x", SENDER)
            verdicts.append(lane.has_much_waiting(SENDER))
        assert verdicts == [False] * lane_module.MAX_AHEAD + [True]
        assert not lane.has_much_waiting("other")

    async def test_may_have_few_bytes_waiting(self, lane):
        [member] = members_of(lane, 1)
        lane._left = 0
        lane.send(member, "x" * lane_module.MAX_BYTES_AHEAD, SENDER)
        assert not lane.has_much_waiting(SENDER)
        lane.send(member, "x", SENDER)
        assert lane.has_much_waiting(SENDER)

    async def test_do_not_make_threads_of_others_wait(self, lane):
        [member] = members_of(lane, 1)
        lane._left = 0
        for _ in range(lane_module.MAX_WAITING + 10):
            lane.submit(Delivery("flood", [member]), "flooder")
        assert in_thread(lambda: lane.submit(Delivery("answer", [member]), "other")).wait(10)


class TestWhatOneSenderMayHaveWaiting:
    async def test_is_bounded_in_bytes_where_it_cannot_wait(self, lane):
        [member] = members_of(lane, 1)
        text = "x" * 1_000_000
        for _ in range(30):  # nobody else gets a turn
            lane.submit(Delivery(text, [member]), SENDER)
        waiting = 30 - len(member.got)
        assert waiting * len(text) <= lane_module.MAX_WAITING_BYTES
        await lane.settle(SENDER)
        assert len(member.got) == 30

    async def test_is_passed_on_in_order_when_it_is_too_much(self, lane):
        [member] = members_of(lane, 1)
        texts = [str(number) + "x" * 1_000_000 for number in range(30)]
        for text in texts:
            lane.submit(Delivery(text, [member]), SENDER)
        await lane.settle(SENDER)
        assert member.items == texts

    async def test_of_others_stays_where_it_is(self, lane):
        [member] = members_of(lane, 1)
        lane._left = 0
        lane.submit(Delivery("later", [member]), "other")
        for _ in range(10):
            lane.submit(Delivery("x" * 1_000_000, [member]), SENDER)
        assert "later" not in member.items


class TestOrdersToClose:
    async def test_are_delivered_within_the_call_where_nothing_waits(self, lane):
        [member] = members_of(lane, 1)
        lane.shut(member, Close(1000, ""))
        assert member.items == [Close(1000, "")]

    async def test_come_after_all_that_was_submitted_before_by_whomever(self, lane):
        members = members_of(lane, 2 * TURN)
        for sender in range(5):
            lane.submit(Delivery(f"from {sender}", "/chat"), sender)
        lane.shut(members[-1], Close(1000, ""))
        await until(lambda: Close(1000, "") in members[-1].items)
        assert sorted(members[-1].items[:-1]) == [f"from {sender}" for sender in range(5)]
        assert members[-1].items[-1] == Close(1000, "")

    async def test_do_not_wait_for_what_comes_later(self, lane):
        crowd = members_of(lane, 20 * TURN, "/crowd")
        [member] = members_of(lane, 1)
        lane.submit(Delivery("early", "/crowd"), "early")
        lane.shut(member, Close(1000, ""))
        for _ in range(3):
            lane.submit(Delivery("late", "/crowd"), "late")
        await until(lambda: member.items)
        assert crowd[-1].items != ["early", "late", "late", "late"]

    async def test_of_a_thread_come_after_what_it_has_sent(self, lane):
        [member] = members_of(lane, 1)

        def send():
            for number in range(100):
                lane.submit(Delivery(str(number), [member]), SENDER)
            lane.shut(member, Close(1000, ""))

        await asyncio.to_thread(send)
        await until(lambda: Close(1000, "") in member.items)
        assert member.items == [*map(str, range(100)), Close(1000, "")]


class TestATargetThatFails:
    async def test_keeps_nobody_else_from_being_sent_to(self, lane):
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        [member] = members_of(lane, 1)

        class Broken(Member):
            def deliver(self, item, key=None):
                raise ValueError("broken")

        lane._left = 0
        lane.submit(Delivery("x", [Broken()]), SENDER)
        lane.submit(Delivery("y", [member]), SENDER)
        lane.submit(Delivery("z", [member]), "other")
        await until(lambda: len(member.items) == 2)
        assert [type(error) for error in reported] == [ValueError]


class TestMessagesThatAreHandled:
    async def test_may_be_so_many_in_a_turn(self, lane):
        answers = [lane.count_handled(0.0) for _ in range(lane_module.MAX_HANDLED)]
        assert answers == [False] * (lane_module.MAX_HANDLED - 1) + [True]

    async def test_may_take_so_long_in_a_turn(self, lane):
        assert not lane.count_handled(100.0)
        assert lane.count_handled(100.1 + lane_module.MAX_HANDLING)

    async def test_are_counted_anew_in_the_next_turn(self, lane):
        for _ in range(lane_module.MAX_HANDLED):
            lane.count_handled(0.0)
        await turns(2)
        assert not lane.count_handled(0.0)

    async def test_go_on_when_all_was_sent_that_a_turn_may_send(self, lane):
        """What they cause is put in line, to be sent together."""
        [member] = members_of(lane, 1)
        lane.send(member, "x" * 4096 * TURN, SENDER)
        assert not lane.count_handled(0.0)


class TestSettling:
    async def test_returns_when_all_so_far_had_their_turn(self, lane):
        members = members_of(lane, 5 * TURN)
        lane.submit(Delivery("hi", "/chat"), SENDER)
        await lane.settle(SENDER)
        assert all(member.items == ["hi"] for member in members)

    async def test_does_not_wait_for_what_comes_later(self, lane):
        [member] = members_of(lane, 1)
        sending = True

        async def send_without_end():
            while sending:
                for _ in range(2 * TURN):
                    lane.submit(Delivery("more", [member]), SENDER)
                await asyncio.sleep(0)

        task = asyncio.create_task(send_without_end())
        await turns(2)
        await asyncio.wait_for(lane.settle(SENDER), 10)
        assert not task.done()
        sending = False
        await task

    async def test_returns_at_once_when_nothing_waits(self, lane):
        steps = lane.settle(SENDER).__await__()
        with pytest.raises(StopIteration):
            next(steps)


class TestThreads:
    async def test_here_is_the_loops_own(self, lane):
        assert lane.is_here
        assert not await asyncio.to_thread(lambda: lane.is_here)

    async def test_a_loop_runs_here(self):
        assert is_loop_running()

    async def test_no_loop_runs_in_a_worker(self):
        assert not await asyncio.to_thread(is_loop_running)

    async def test_waiting_for_something_never_blocks_the_loop(self, lane):
        called = []

        async def condition():
            called.append(1)

        lane.wait_for(condition)
        await turns()
        assert called == []

    async def test_waiting_for_something_blocks_a_worker(self, lane):
        event = asyncio.Event()
        done = in_thread(lambda: lane.wait_for(event.wait))
        await turns()
        assert not done.is_set()
        event.set()
        await until(done.is_set)


class TestAllOfThem:
    async def test_reaches_every_group(self, lane):
        members = [*members_of(lane, 2, "/one"), *members_of(lane, 1, "/other")]
        lane.shut_all(1001)
        assert [member.codes for member in members] == [[1001]] * 3

    async def test_interrupts_every_handler(self, lane):
        members = [*members_of(lane, 2, "/one"), *members_of(lane, 1, "/other")]
        lane.interrupt_all()
        assert [member.transport.interrupts for member in members] == [1] * 3

    async def test_is_empty_when_the_last_is_done_with_its_close_handler(self, lane):
        [member] = members_of(lane, 1)
        assert not lane.is_empty
        lane.remove(member)
        with lane.departure():
            assert not lane.is_empty
        assert lane.is_empty
