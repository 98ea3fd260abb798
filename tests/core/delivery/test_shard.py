import asyncio
import threading
from dataclasses import replace
from math import inf

import pytest

from tests.support.memory import MemoryMember
from tests.support.waiting import turns, until
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.scheduler import HEAVY, Delivery
from tornado_websockets.core.delivery.shard import MANY, Pace, Shard, is_loop_running
from tornado_websockets.core.protocol.closing import Close

#: Who sends, where it does not matter.
SENDER = "somebody"

#: Of the shard that tests are given.
PACE = Pace(seconds=inf)
BUDGET = PACE.budget


@pytest.fixture
async def shard():
    return Shard(asyncio.get_running_loop(), PACE)


def paced(**pace):
    return Shard(asyncio.get_running_loop(), replace(PACE, **pace))


def members_of(shard, count, topic="/chat"):
    members = [MemoryMember() for _ in range(count)]
    for member in members:
        shard.subscribe(member, topic)
    return members


def all_but(member):
    return Audience(exclude=frozenset((member.id,)))


def in_thread(call):
    """Start ``call`` in a thread; the event is set when it has returned."""
    done = threading.Event()

    def run():
        call()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done


class TestPut:
    """What may wait for more."""

    async def test_waits_until_it_is_pushed_on(self, shard):
        [member] = members_of(shard, 1)
        for text in "ab":
            shard.put([member], text, SENDER)
        await turns()
        assert member.items == []
        shard.push()
        assert member.items == ["a", "b"]

    async def test_goes_before_whatever_its_sender_sends_later(self, shard):
        [member] = members_of(shard, 1)
        shard.put([member], "a", SENDER)
        shard.send(member, "b", SENDER)
        await turns()
        assert member.items == ["a", "b"]

    async def test_from_a_thread_is_delivered_on_the_loop(self, shard):
        [member] = members_of(shard, 1)
        await asyncio.to_thread(shard.put, [member], "a", SENDER)
        shard.push()
        assert member.threads == [threading.get_ident()]

    async def test_is_followed_by_an_order_to_close_that_came_behind_it(self, shard):
        [member] = members_of(shard, 1)
        shard.put([member], "a", SENDER)
        shard.close(member, Close(4001))
        shard.push()
        assert member.items == ["a", Close(4001)]

    async def test_comes_in_its_turn_where_this_one_is_spent(self):
        shard = paced(budget=2)
        one, other = members_of(shard, 2)
        shard.submit(Delivery("all", "/chat"), SENDER)
        shard.put([one], "a", SENDER)
        shard.push()
        assert one.items == ["all"]
        await turns()
        assert (one.items, other.items) == (["all", "a"], ["all"])


class TestMembership:
    async def test_is_by_topic(self, shard):
        [here], [there] = members_of(shard, 1, "/here"), members_of(shard, 1, "/there")
        shard.submit(Delivery("hi", "/here"), SENDER)
        assert (here.items, there.items) == (["hi"], [])

    async def test_of_several_topics_hears_each(self, shard):
        [member] = members_of(shard, 1, "/here")
        shard.subscribe(member, "/there")
        shard.submit(Delivery("one", "/here"), SENDER)
        shard.submit(Delivery("two", "/there"), SENDER)
        assert member.items == ["one", "two"]

    async def test_ends(self, shard):
        one, other = members_of(shard, 2)
        shard.unsubscribe(one, "/chat")
        shard.submit(Delivery("hi", "/chat"), SENDER)
        assert (one.items, other.items) == ([], ["hi"])

    async def test_of_another_topic_goes_on(self, shard):
        [member] = members_of(shard, 1, "/here")
        shard.subscribe(member, "/there")
        shard.unsubscribe(member, "/here")
        shard.submit(Delivery("hi", "/there"), SENDER)
        assert member.items == ["hi"]

    async def test_leaves_no_empty_topic(self, shard):
        [member] = members_of(shard, 1)
        assert "/chat" in shard.topics
        shard.unsubscribe(member, "/chat")
        assert shard.topics == {}

    async def test_of_a_stranger_can_be_ended(self, shard):
        [member] = members_of(shard, 1)
        shard.unsubscribe(MemoryMember(), "/chat")
        shard.unsubscribe(MemoryMember(), "/other")
        assert list(shard.topics["/chat"]) == [member]


class TestDelivery:
    async def test_happens_within_the_call(self, shard):
        [member] = members_of(shard, 1)
        shard.submit(Delivery("hi", [member]), SENDER)
        assert member.items == ["hi"]

    async def test_reaches_all_of_a_topic(self, shard):
        members = members_of(shard, 3)
        shard.submit(Delivery("hi", "/chat"), SENDER)
        assert [member.items for member in members] == [["hi"]] * 3

    async def test_leaves_one_out(self, shard):
        members = members_of(shard, 3)
        shard.submit(Delivery("hi", "/chat", audience=all_but(members[1])), SENDER)
        assert [member.items for member in members] == [["hi"], [], ["hi"]]

    async def test_reaches_only_its_audience(self, shard):
        members = members_of(shard, 3)
        shard.submit(Delivery("hi", "/chat", audience=Audience(connections=frozenset((members[1].id,)))), SENDER)
        assert [member.items for member in members] == [[], ["hi"], []]

    async def test_to_a_topic_without_members_is_done(self, shard):
        shard.submit(Delivery("hi", "/nobody"), SENDER)
        await asyncio.wait_for(shard.settle(SENDER), 1)

    async def test_takes_orders_to_close(self, shard):
        [member] = members_of(shard, 1)
        shard.submit(Delivery(Close(1000, ""), [member]), SENDER)
        assert member.items == [Close(1000, "")]

    async def test_passes_the_key_on(self, shard):
        [member] = members_of(shard, 1)
        shard.submit(Delivery("50 %", "/chat", key="update"), SENDER)
        shard.submit(Delivery("hi", "/chat"), SENDER)
        assert member.keys == ["update", None]

    async def test_reaches_those_who_are_there_when_its_turn_comes(self, shard):
        members_of(shard, BUDGET + 1, "/crowd")
        [early] = members_of(shard, 1)
        shard.submit(Delivery("first", "/crowd"), SENDER)
        shard.submit(Delivery("second", "/chat"), SENDER)
        shard.unsubscribe(early, "/chat")
        [late] = members_of(shard, 1)
        await shard.settle(SENDER)
        assert (early.items, late.items) == ([], ["second"])


class TestASingleConnection:
    async def test_is_sent_to_within_the_call(self, shard):
        one, other = members_of(shard, 2)
        shard.send(one, "hi", SENDER)
        assert (one.items, other.items) == (["hi"], [])

    async def test_is_sent_to_behind_what_waits(self, shard):
        members = members_of(shard, BUDGET + 1)
        shard.submit(Delivery("first", "/chat"), SENDER)
        shard.send(members[-1], "second", SENDER)
        await shard.settle(SENDER)
        assert members[-1].items == ["first", "second"]

    async def test_is_sent_to_from_a_thread_on_the_loops_own(self, shard):
        [member] = members_of(shard, 1)
        await asyncio.to_thread(shard.send, member, "hi", SENDER)
        await until(lambda: member.items)
        assert (member.items, member.threads) == (["hi"], [threading.get_ident()])

    async def test_takes_part_in_the_turns(self, shard):
        [member] = members_of(shard, 1)
        for number in range(BUDGET + 10):
            shard.send(member, str(number), SENDER)
        assert len(member.items) == BUDGET
        await shard.settle(SENDER)
        assert member.items == [str(number) for number in range(BUDGET + 10)]

    async def test_begins_a_new_turn_in_time(self, shard):
        [member] = members_of(shard, 1)
        for _ in range(4):
            for _ in range(BUDGET * 3 // 4):
                shard.send(member, "x", SENDER)
            await turns(2)
        assert len(member.items) == 4 * (BUDGET * 3 // 4)


class TestWhatWaitsForTheSameClients:
    """It is sent to one client after the other, so that a server flushes once for each."""

    @staticmethod
    def log_of(shard, count, deliveries):
        """Who got what, in order, when ``deliveries`` had to wait."""
        log = []

        class Logging(MemoryMember):
            def deliver(self, item, key=None):
                log.append((self.name, item, key))

        for number in range(count):
            member = Logging()
            member.name = number
            shard.subscribe(member, "/chat")
        shard.budget = 0
        for delivery in deliveries:
            shard.submit(delivery, SENDER)
        assert log == []
        return log

    async def test_is_sent_together(self, shard):
        log = self.log_of(shard, 2, [Delivery("a", "/chat"), Delivery("b", "/chat", key="update")])
        await shard.settle(SENDER)
        assert log == [(0, "a", None), (0, "b", "update"), (1, "a", None), (1, "b", "update")]

    async def test_is_not_sent_together_with_what_goes_elsewhere(self, shard):
        [stranger] = members_of(shard, 1, "/other")
        log = self.log_of(shard, 2, [Delivery("a", "/chat"), Delivery("x", "/other"), Delivery("b", "/chat")])
        await shard.settle(SENDER)
        assert log == [(0, "a", None), (1, "a", None), (0, "b", None), (1, "b", None)]
        assert stranger.items == ["x"]

    async def test_is_not_sent_together_with_what_leaves_somebody_out(self, shard):
        [left_out] = members_of(shard, 1)
        log = self.log_of(shard, 1, [Delivery("a", "/chat"), Delivery("b", "/chat", audience=all_but(left_out))])
        await shard.settle(SENDER)
        assert log == [(0, "a", None), (0, "b", None)]
        assert left_out.items == ["a"]

    async def test_is_not_sent_together_without_bound(self, shard):
        log = self.log_of(shard, 2, [Delivery(str(number), "/chat") for number in range(HEAVY + 10)])
        await shard.settle(SENDER)
        assert [item for name, item, _ in log if name == 1] == [str(number) for number in range(HEAVY + 10)]
        assert max(index for index, entry in enumerate(log[: HEAVY + 1]) if entry[0] == 0) < HEAVY

    async def test_is_waited_for_together(self, shard):
        log = self.log_of(shard, 2, [Delivery(str(number), "/chat") for number in range(10)])
        await asyncio.wait_for(shard.settle(SENDER), 10)
        assert len(log) == 20

    async def test_is_weighed_together(self, shard):
        log = self.log_of(shard, BUDGET, [Delivery("a", "/chat"), Delivery("b", "/chat")])
        await asyncio.sleep(0)
        assert len(log) == BUDGET


class TestTurns:
    async def test_end_after_so_many_messages(self, shard):
        members = members_of(shard, BUDGET + 100)
        shard.submit(Delivery("hi", "/chat"), SENDER)
        assert sum(len(member.items) for member in members) == BUDGET

    async def test_end_when_time_is_over(self):
        shard = paced(seconds=0)
        members = members_of(shard, 2 * HEAVY)
        shard.budget = 0
        for _ in range(2):
            shard.submit(Delivery("hi", members), SENDER)
        for turn in range(1, 5):
            await asyncio.sleep(0)
            assert sum(len(member.items) for member in members) == turn * HEAVY

    async def test_let_others_run_in_between(self, shard):
        members = members_of(shard, 3 * BUDGET)
        shard.submit(Delivery("hi", "/chat"), SENDER)
        seen = [sum(len(member.items) for member in members)]
        while seen[-1] < 3 * BUDGET:
            await asyncio.sleep(0)
            seen.append(sum(len(member.items) for member in members))
        assert seen == [BUDGET, 2 * BUDGET, 3 * BUDGET]

    async def test_count_each_delivery_within_a_call(self, shard):
        [member] = members_of(shard, 1)
        for number in range(BUDGET + 10):
            shard.submit(Delivery(str(number), [member]), SENDER)
        assert len(member.items) == BUDGET

    async def test_come_again(self, shard):
        [member] = members_of(shard, 1)
        for number in range(BUDGET + 10):
            shard.submit(Delivery(str(number), [member]), SENDER)
        await shard.settle(SENDER)
        shard.submit(Delivery("at once", [member]), SENDER)
        assert member.items == [*map(str, range(BUDGET + 10)), "at once"]

    async def test_are_short_while_clients_come_in(self):
        shard = paced(budget=200, crowded=10)
        crowd = members_of(shard, 1_000)
        shard.submit(Delivery("news", "/chat"), SENDER)
        delivered, before = [], sum(len(member.items) for member in crowd)
        for _ in range(4):
            if len(delivered) < 2:
                await shard.door.enter()
            await asyncio.sleep(0)
            now = sum(len(member.items) for member in crowd)
            delivered.append(now - before)
            before = now
        assert delivered == [10, 10, 200, 200]

    async def test_begin_anew_with_each_turn_of_the_loop(self, shard):
        [member] = members_of(shard, 1)
        for _ in range(4):
            for number in range(BUDGET * 3 // 4):
                shard.submit(Delivery(str(number), [member]), SENDER)
            await turns(2)
        before = len(member.items)
        shard.submit(Delivery("at once", [member]), SENDER)
        assert before == 4 * (BUDGET * 3 // 4)
        assert len(member.items) == before + 1

    async def test_take_fewer_of_large_messages(self, shard):
        members = members_of(shard, BUDGET)
        shard.submit(Delivery("x" * (3 * 4096), "/chat"), SENDER)
        assert sum(len(member.items) for member in members) == BUDGET // 4

    async def test_take_at_least_one_however_large(self, shard):
        members = members_of(shard, 3)
        shard.submit(Delivery("x" * (4096 * BUDGET * 2), "/chat"), SENDER)
        assert sum(len(member.items) for member in members) == 1
        await asyncio.wait_for(shard.settle(SENDER), 10)
        assert [len(member.items) for member in members] == [1, 1, 1]


class TestOrder:
    async def test_is_kept_behind_what_needs_several_turns(self, shard):
        members = members_of(shard, BUDGET + 100)
        shard.submit(Delivery("first", "/chat"), SENDER)
        shard.submit(Delivery("second", [members[0]]), SENDER)
        shard.submit(Delivery("third", "/chat"), SENDER)
        await shard.settle(SENDER)
        assert members[0].items == ["first", "second", "third"]
        assert members[-1].items == ["first", "third"]

    async def test_is_kept_between_threads(self, shard):
        [member] = members_of(shard, 1)
        thread_done = in_thread(lambda: shard.submit(Delivery("from a thread", [member]), SENDER))
        assert thread_done.wait(10)
        shard.submit(Delivery("from the loop", [member]), SENDER)
        await shard.settle(SENDER)
        assert member.items == ["from a thread", "from the loop"]

    async def test_of_a_thread_is_kept(self, shard):
        [member] = members_of(shard, 1)

        def send():
            for number in range(2000):
                shard.submit(Delivery(str(number), [member]), SENDER)

        await asyncio.to_thread(send)
        await shard.settle(SENDER)
        assert member.items == [str(number) for number in range(2000)]


class TestFromAThread:
    @staticmethod
    def send_many(shard, member):
        """Begin to send fifty; what has been sent so far, and what is set when all are."""
        sent = []

        def send():
            for number in range(50):
                shard.submit(Delivery(str(number), [member]), SENDER)
                sent.append(number)

        return sent, in_thread(send)

    async def test_delivers_on_the_loops_own(self, shard):
        [member] = members_of(shard, 1)
        await asyncio.to_thread(shard.submit, Delivery("hi", [member]), SENDER)
        await until(lambda: member.items)
        assert (member.items, member.threads) == (["hi"], [threading.get_ident()])

    async def test_waits_where_the_loop_is_slower(self):
        shard = paced(waiting=10)
        [member] = members_of(shard, 1)
        sent, done = self.send_many(shard, member)
        assert not done.wait(0.3)  # the loop does nothing meanwhile
        assert len(sent) == 10
        await until(done.is_set)
        await shard.settle(SENDER)
        assert member.items == [str(number) for number in range(50)]

    async def test_waits_sooner_where_others_have_much_waiting(self):
        shard = paced(waiting=100, ahead=5)
        [member] = members_of(shard, 1)
        shard.budget = 0
        for number in range(101):
            shard.submit(Delivery(str(number), [member]), "other")
        sent, done = self.send_many(shard, member)
        assert not done.wait(0.3)  # the loop does nothing meanwhile
        assert len(sent) == 5
        await until(done.is_set)
        await shard.settle(SENDER)
        assert len(member.items) == 151

    async def test_waits_where_few_but_large_messages_wait(self, shard):
        [member] = members_of(shard, 1)
        sent = []

        def send():
            for number in range(50):
                shard.submit(Delivery("x" * 1_000_000, [member]), SENDER)
                sent.append(number)

        done = in_thread(send)
        assert not done.wait(0.5)  # the loop does nothing meanwhile
        assert len(sent) < 20
        await until(done.is_set)

    async def test_waits_no_longer_than_it_should(self):
        shard = paced(waiting=0, blocked=0.05)
        [member] = members_of(shard, 1)
        done = in_thread(lambda: shard.submit(Delivery("hi", [member]), SENDER))
        assert done.wait(10)  # the loop does nothing meanwhile
        await until(lambda: member.items == ["hi"])

    async def test_does_not_wait_where_another_loop_would_be_blocked(self):
        shard = paced(waiting=0)
        [member] = members_of(shard, 1)

        async def send():
            shard.submit(Delivery("hi", [member]), SENDER)

        done = in_thread(lambda: asyncio.run(send()))
        assert done.wait(5)  # the loop does nothing meanwhile
        await shard.settle(SENDER)
        assert member.items == ["hi"]

    async def test_raises_when_the_loop_is_closed(self):
        async def make():
            return Shard(asyncio.get_running_loop())

        shards = []
        assert in_thread(lambda: shards.append(asyncio.run(make()))).wait(10)
        with pytest.raises(RuntimeError, match="closed"):
            shards[0].submit(Delivery("hi", "/chat"), SENDER)


class TestSenders:
    """They take turns while much is to be sent."""

    async def test_do_not_wait_behind_each_other(self, shard):
        crowd = members_of(shard, 10 * BUDGET, "/crowd")
        [innocent] = members_of(shard, 1)
        for _ in range(5):
            shard.submit(Delivery("flood", "/crowd"), "flooder")
        shard.send(innocent, "answer", innocent)
        await turns(2)
        assert innocent.items == ["answer"]
        assert len(crowd[-1].items) == 0
        await shard.settle("flooder")
        assert [len(member.items) for member in crowd] == [5] * len(crowd)

    async def test_wait_for_their_own_alone(self, shard):
        crowd = members_of(shard, 50 * BUDGET, "/crowd")
        [innocent] = members_of(shard, 1)
        shard.submit(Delivery("flood", "/crowd"), "flooder")
        shard.send(innocent, "answer", innocent)
        await shard.settle(innocent)
        assert innocent.items == ["answer"]
        assert crowd[-1].items == []

    async def test_may_have_a_little_waiting(self, shard):
        [member] = members_of(shard, 1)
        shard.budget = 0
        verdicts = []
        for _ in range(PACE.ahead + 1):
            shard.send(member, "x", SENDER)
            verdicts.append(shard.has_much_waiting(SENDER))
        assert verdicts == [False] * PACE.ahead + [True]
        assert not shard.has_much_waiting("other")

    async def test_may_have_few_bytes_waiting(self, shard):
        [member] = members_of(shard, 1)
        shard.budget = 0
        shard.send(member, "x" * PACE.bytes_ahead, SENDER)
        assert not shard.has_much_waiting(SENDER)
        shard.send(member, "x", SENDER)
        assert shard.has_much_waiting(SENDER)

    async def test_do_not_make_threads_of_others_wait(self, shard):
        [member] = members_of(shard, 1)
        shard.budget = 0
        for _ in range(PACE.waiting + 10):
            shard.submit(Delivery("flood", [member]), "flooder")
        assert in_thread(lambda: shard.submit(Delivery("answer", [member]), "other")).wait(10)


class TestWhatOneSenderMayHaveWaiting:
    async def test_is_bounded_in_bytes_where_it_cannot_wait(self, shard):
        [member] = members_of(shard, 1)
        text = "x" * 1_000_000
        for _ in range(30):  # nobody else gets a turn
            shard.submit(Delivery(text, [member]), SENDER)
        waiting = 30 - len(member.items)
        assert waiting * len(text) <= PACE.waiting_bytes
        await shard.settle(SENDER)
        assert len(member.items) == 30

    async def test_is_passed_on_in_order_when_it_is_too_much(self, shard):
        [member] = members_of(shard, 1)
        texts = [str(number) + "x" * 1_000_000 for number in range(30)]
        for text in texts:
            shard.submit(Delivery(text, [member]), SENDER)
        await shard.settle(SENDER)
        assert member.items == texts

    async def test_of_others_stays_where_it_is(self, shard):
        [member] = members_of(shard, 1)
        shard.budget = 0
        shard.submit(Delivery("later", [member]), "other")
        for _ in range(10):
            shard.submit(Delivery("x" * 1_000_000, [member]), SENDER)
        assert "later" not in member.items


class TestOrdersToClose:
    async def test_are_delivered_within_the_call_where_nothing_waits(self, shard):
        [member] = members_of(shard, 1)
        shard.close(member, Close(1000, ""))
        assert member.items == [Close(1000, "")]

    async def test_come_after_all_that_was_submitted_before_by_whomever(self, shard):
        members = members_of(shard, 2 * BUDGET)
        for sender in range(5):
            shard.submit(Delivery(f"from {sender}", "/chat"), sender)
        shard.close(members[-1], Close(1000, ""))
        await until(lambda: Close(1000, "") in members[-1].items)
        assert sorted(members[-1].items[:-1]) == [f"from {sender}" for sender in range(5)]
        assert members[-1].items[-1] == Close(1000, "")

    async def test_do_not_wait_for_what_comes_later(self, shard):
        crowd = members_of(shard, 20 * BUDGET, "/crowd")
        [member] = members_of(shard, 1)
        shard.submit(Delivery("early", "/crowd"), "early")
        shard.close(member, Close(1000, ""))
        for _ in range(3):
            shard.submit(Delivery("late", "/crowd"), "late")
        await until(lambda: member.items)
        assert crowd[-1].items != ["early", "late", "late", "late"]

    async def test_of_a_thread_come_after_what_it_has_sent(self, shard):
        [member] = members_of(shard, 1)

        def send():
            for number in range(100):
                shard.submit(Delivery(str(number), [member]), SENDER)
            shard.close(member, Close(1000, ""))

        await asyncio.to_thread(send)
        await until(lambda: Close(1000, "") in member.items)
        assert member.items == [*map(str, range(100)), Close(1000, "")]


class TestATargetThatFails:
    async def test_keeps_nobody_else_from_being_sent_to(self, shard):
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        [member] = members_of(shard, 1)

        class Broken(MemoryMember):
            def deliver(self, item, key=None):
                raise ValueError("broken")

        shard.budget = 0
        shard.submit(Delivery("x", [Broken()]), SENDER)
        shard.submit(Delivery("y", [member]), SENDER)
        shard.submit(Delivery("z", [member]), "other")
        await until(lambda: len(member.items) == 2)
        assert [type(error) for error in reported] == [ValueError]


class TestMessagesThatAreHandled:
    async def test_may_be_so_many_in_a_turn(self, shard):
        answers = [shard.count_handled(0.0) for _ in range(PACE.handled)]
        assert answers == [False] * (PACE.handled - 1) + [True]

    async def test_may_take_so_long_in_a_turn(self, shard):
        assert not shard.count_handled(100.0)
        assert shard.count_handled(100.1 + PACE.handling)

    async def test_are_counted_anew_in_the_next_turn(self, shard):
        for _ in range(PACE.handled):
            shard.count_handled(0.0)
        await turns(2)
        assert not shard.count_handled(0.0)

    async def test_go_on_when_all_was_sent_that_a_turn_may_send(self, shard):
        """What they cause is put in line, to be sent together."""
        [member] = members_of(shard, 1)
        shard.send(member, "x" * 4096 * BUDGET, SENDER)
        assert not shard.count_handled(0.0)


class TestSettling:
    async def test_returns_when_all_so_far_had_their_turn(self, shard):
        members = members_of(shard, 5 * BUDGET)
        shard.submit(Delivery("hi", "/chat"), SENDER)
        await shard.settle(SENDER)
        assert all(member.items == ["hi"] for member in members)

    async def test_does_not_wait_for_what_comes_later(self, shard):
        [member] = members_of(shard, 1)
        sending = True

        async def send_without_end():
            while sending:
                for _ in range(2 * BUDGET):
                    shard.submit(Delivery("more", [member]), SENDER)
                await asyncio.sleep(0)

        task = asyncio.create_task(send_without_end())
        await turns(2)
        await asyncio.wait_for(shard.settle(SENDER), 10)
        assert not task.done()
        sending = False
        await task

    async def test_returns_at_once_when_nothing_waits(self, shard):
        steps = shard.settle(SENDER).__await__()
        with pytest.raises(StopIteration):
            next(steps)

    async def test_has_nothing_to_wait_with_on_another_loop(self, shard):
        [member] = members_of(shard, 1)
        shard.submit(Delivery("x" * 4096 * BUDGET, [member]), SENDER)
        shard.submit(Delivery("waits", [member]), SENDER)
        elsewhere = in_thread(lambda: asyncio.run(shard.settle_here(SENDER)))
        assert elsewhere.wait(10)  # the loop does nothing meanwhile
        assert "waits" not in member.items
        await shard.settle_here(SENDER)
        assert "waits" in member.items


class TestThreads:
    async def test_here_is_the_loops_own(self, shard):
        assert shard.is_here
        assert not await asyncio.to_thread(lambda: shard.is_here)

    async def test_a_loop_runs_here(self):
        assert is_loop_running()

    async def test_no_loop_runs_in_a_worker(self):
        assert not await asyncio.to_thread(is_loop_running)

    async def test_waiting_for_something_never_blocks_the_loop(self, shard):
        called = []

        async def condition():
            called.append(1)

        shard.wait_for(condition)
        await turns()
        assert called == []

    async def test_waiting_for_something_blocks_a_worker(self, shard):
        event = asyncio.Event()
        done = in_thread(lambda: shard.wait_for(event.wait))
        await turns()
        assert not done.is_set()
        event.set()
        await until(done.is_set)

    async def test_a_worker_that_waits_is_let_go_when_the_loop_cancels_all_it_has(self, shard):
        others = asyncio.all_tasks()
        done = in_thread(lambda: shard.wait_for(asyncio.Event().wait))
        await until(lambda: asyncio.all_tasks() - others)
        for task in asyncio.all_tasks() - others:
            task.cancel()
        await until(done.is_set)

    async def test_who_hears_a_topic_that_nobody_does_is_not_remembered(self, shard):
        assert shard.roster_of("/left") == []
        assert not shard._rosters


class TestAllOfThem:
    async def test_are_told_to_close_in_every_topic(self, shard):
        members = [*members_of(shard, 2, "/one"), *members_of(shard, 1, "/other")]
        shard.close_all(1001)
        assert [member.ends for member in members] == [[Close(1001)]] * 3

    async def test_have_their_handlers_cancelled(self, shard):
        members = [*members_of(shard, 2, "/one"), *members_of(shard, 1, "/other")]
        shard.cancel_handlers()
        assert [member.cancellations for member in members] == [1] * 3

    async def test_are_told_once_who_hear_several_topics(self, shard):
        [member] = members_of(shard, 1, "/one")
        shard.subscribe(member, "/other")
        shard.close_all(1001)
        shard.cancel_handlers()
        assert (member.ends, member.cancellations) == ([Close(1001)], 1)

    async def test_have_gone_when_the_last_is_done_with_its_close_handler(self, shard):
        [member] = members_of(shard, 1)
        assert not shard.is_empty
        shard.begin_departure()
        shard.unsubscribe(member, "/chat")
        assert not shard.is_empty
        shard.end_departure()
        assert shard.is_empty

    async def test_are_not_gone_while_one_is_on_the_way_in_who_can_be_refused(self, shard):
        member = MemoryMember()
        shard.arriving.add(member)
        assert not shard.is_empty
        shard.refuse_arriving(Close(1001))
        assert (member.ends, member.cancellations) == ([Close(1001)], 1)


class TestAudiences:
    """Those who are named are looked up where there are many, and asked one by one where there are few."""

    @pytest.fixture(params=[3, MANY + 3], ids=["few", "many"])
    def members(self, request, shard):
        members = [MemoryMember(user_key=str(number // 2)) for number in range(request.param)]
        for member in members:
            shard.subscribe(member, "/chat")
        return members

    def tell(self, shard, text, **audience):
        names = {name: frozenset(values) for name, values in audience.items()}
        shard.submit(Delivery(text, "/chat", audience=Audience(**names)), SENDER)

    async def test_the_connections_of_users_hear(self, shard, members):
        self.tell(shard, "hi", users=["0", "1", "nobody"])
        assert [member.items for member in members] == [["hi"]] * 3 + [["hi"]] * (len(members) > 3) + [[]] * (
            len(members) - 4
        )

    async def test_connections_hear_that_are_named(self, shard, members):
        self.tell(shard, "hi", connections=[members[2].id, "nobody"])
        self.tell(shard, "ho", connections=[members[2].id, members[0].id], users=["0"])
        assert [member.items for member in members[:3]] == [["ho"], [], ["hi"]]

    async def test_who_is_excluded_does_not_hear_though_it_is_named(self, shard, members):
        self.tell(shard, "hi", users=["0"], exclude=[members[0].id])
        assert [member.items for member in members[:2]] == [[], ["hi"]]

    async def test_who_comes_and_goes_is_kept_up_with(self, shard, members):
        self.tell(shard, "hi", users=["0"])
        newcomer = MemoryMember(user_key="0")
        shard.subscribe(newcomer, "/chat")
        shard.unsubscribe(members[0], "/chat")
        self.tell(shard, "ho", users=["0"])
        assert [newcomer.items, members[0].items, members[1].items] == [["ho"], ["hi"], ["hi", "ho"]]

    async def test_who_has_another_user_is_found_by_that(self, shard, members):
        self.tell(shard, "hi", users=["0"])
        members[0].user_key = "other"
        shard.move(members[0], "/chat")
        self.tell(shard, "ho", users=["0"])
        self.tell(shard, "hey", users=["other"])
        assert [member.items for member in members[:2]] == [["hi", "hey"], ["hi", "ho"]]

    async def test_another_user_may_be_set_in_a_thread_that_sends_next(self, shard, members):
        self.tell(shard, "hi", users=["0"])

        def change():
            members[0].user_key = "other"
            shard.move(members[0], "/chat")
            self.tell(shard, "hey", users=["other"])

        done = in_thread(change)
        await until(lambda: members[0].items == ["hi", "hey"])
        await until(done.is_set)

    async def test_a_topic_that_everybody_has_left_may_be_joined_again(self, shard, members):
        self.tell(shard, "hi", users=["0"])
        for member in members:
            shard.unsubscribe(member, "/chat")
        shard.move(members[0], "/chat")
        assert shard.members_of("/chat", Audience(users=frozenset("0"))) == []
        shard.subscribe(members[1], "/chat")
        assert shard.members_of("/chat", Audience(users=frozenset("0"))) == [members[1]]
