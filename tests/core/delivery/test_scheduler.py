import asyncio
import threading

from tornado_websockets.core.delivery.scheduler import HEAVY, Delivery, Scheduler, weight_of
from tornado_websockets.core.protocol.closing import Close


def add(scheduler, sender, *texts):
    for text in texts:
        scheduler.add(sender, Delivery(text, [sender]))


def served(scheduler, cost=1):
    """The first item of each delivery, in the order in which they are served."""
    order = []
    while scheduler.has_waiting:
        backlog = scheduler.first()
        if backlog is None:
            break
        order.append(backlog.waiting[0].items[0][0])
        scheduler.charge(backlog, cost, is_done=True)
    return order


class TestTurns:
    def test_of_one_sender_keep_its_order(self):
        scheduler = Scheduler()
        add(scheduler, "a", "1", "2", "3")
        assert served(scheduler) == ["1", "2", "3"]

    def test_change_from_sender_to_sender(self):
        scheduler = Scheduler()
        add(scheduler, "a", "a1", "a2", "a3")
        add(scheduler, "b", "b1", "b2")
        assert served(scheduler) == ["a1", "b1", "a2", "b2", "a3"]

    def test_of_who_comes_are_before_a_flood(self):
        scheduler = Scheduler()
        for flooder in range(100):
            add(scheduler, flooder, *(["flood"] * 10))
        for _ in range(500):
            scheduler.charge(scheduler.first(), HEAVY, is_done=True)
        add(scheduler, "innocent", "hello")
        order = served(scheduler, HEAVY)
        assert order.index("hello") <= 100  # those who had as little as it could have had

    def test_of_who_sends_little_come_often(self):
        scheduler = Scheduler()
        for flooder in range(100):
            add(scheduler, flooder, *(["flood"] * 50))
        waits = []
        for _ in range(20):  # one small message after the other, each when the last is out
            add(scheduler, "innocent", "hello")
            waited = 0
            while True:
                backlog = scheduler.first()
                is_hello = backlog.waiting[0].items[0][0] == "hello"
                scheduler.charge(backlog, 1 if is_hello else HEAVY, is_done=True)
                if is_hello:
                    break
                waited += 1
            waits.append(waited)
        assert sum(waits) <= 3 * 100  # where senders had equal numbers of turns it would be 20 times 100

    def test_are_not_saved_up(self):
        scheduler = Scheduler()
        add(scheduler, "busy", *(["b"] * 300))
        for _ in range(100):
            scheduler.charge(scheduler.first(), 1, is_done=True)
        add(scheduler, "late", *(["l"] * 100))
        order = served(scheduler)
        assert order[:20].count("l") in range(9, 12)

    def test_of_what_costs_little_come_first(self):
        scheduler = Scheduler()
        for sender in range(100):  # each with a turn's worth, and none has had any yet
            scheduler.add(sender, Delivery("crowd", [sender] * HEAVY))
        add(scheduler, "innocent", "answer")
        assert served(scheduler)[0] == "answer"

    def test_of_what_costs_much_come_in_time_where_others_send_little_without_end(self):
        scheduler = Scheduler()
        scheduler.add("crowd", Delivery("crowd", ["crowd"] * HEAVY))
        add(scheduler, "steady", *(["little"] * 1_000))
        assert served(scheduler).index("crowd") <= HEAVY

    def test_of_what_is_not_done_come_again(self):
        scheduler = Scheduler()
        add(scheduler, "a", "large")
        add(scheduler, "b", "small")
        scheduler.charge(scheduler.first(), HEAVY, is_done=False)
        assert served(scheduler) == ["small", "large"]


class TestBacklog:
    def test_is_measured(self):
        scheduler = Scheduler()
        add(scheduler, "a", "x", "y" * 8192)
        backlog = scheduler.backlog_of("a")
        assert (backlog.load, backlog.size, backlog.added, backlog.finished) == (4, 8193, 2, 0)
        scheduler.charge(backlog, 1, is_done=True)
        assert (backlog.load, backlog.size, backlog.finished) == (3, 8192, 1)

    def test_is_none_where_nothing_waits(self):
        scheduler = Scheduler()
        assert scheduler.backlog_of("a") is None
        add(scheduler, "a", "x")
        add(scheduler, "b", "x", "y")
        scheduler.charge(scheduler.first(), 1, is_done=True)
        assert scheduler.backlog_of("a") is None
        assert scheduler.backlog_of("b") is not None

    def test_can_be_taken_as_a_whole(self):
        scheduler = Scheduler()
        add(scheduler, "a", "a1", "a2")
        add(scheduler, "b", "b1")
        taken = scheduler.take_all(scheduler.backlog_of("a"))
        assert [delivery.items[0][0] for delivery in taken] == ["a1", "a2"]
        assert served(scheduler) == ["b1"]

    def test_tells_of_progress_once(self):
        scheduler, told = Scheduler(), []
        add(scheduler, "a", "x", "y")
        backlog = scheduler.backlog_of("a")
        backlog.on_progress.append(lambda: told.append(backlog.finished))
        served(scheduler)
        assert told == [1]

    def test_of_those_who_have_left_is_forgotten_while_others_send(self):
        scheduler = Scheduler()
        add(scheduler, "flooder", *(["flood"] * 10_000))
        for number in range(5_000):
            add(scheduler, number, "once")
            while scheduler.backlog_of(number):
                scheduler.charge(scheduler.first(), 1, is_done=True)
        assert len(scheduler._backlogs) < 2_000

    def test_of_those_who_handed_in_and_left_is_forgotten_as_well(self):
        scheduler = Scheduler()
        add(scheduler, "flooder", *(["flood"] * 10_000))
        for number in range(5_000):
            scheduler.hand_in(number, Delivery("once", [number]))
            while scheduler.backlog_of(number):
                scheduler.charge(scheduler.first(), 1, is_done=True)
        assert len(scheduler._backlogs) < 2_000


class TestThreads:
    async def test_may_add_what_the_loop_takes(self):
        scheduler, order = Scheduler(), []

        def send(name):
            for number in range(500):
                scheduler.hand_in(name, Delivery(f"{name} {number}", [name]))

        threads = [threading.Thread(target=send, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or scheduler.has_waiting:
            order += served(scheduler)
            await asyncio.sleep(0)
        for name in "abcd":
            assert [item for item in order if item[0] == name] == [f"{name} {number}" for number in range(500)]

    def test_make_the_loop_wait_for_nothing(self):
        """A thread that adds may have to wait for all the others, and keep its lock meanwhile."""
        scheduler = Scheduler()
        add(scheduler, "a", "a1", "a2")
        scheduler.hand_in("b", Delivery("b1", ["b"]))
        with scheduler._lock:
            add(scheduler, "a", "a3")
            assert scheduler.oldest() == 1
            assert served(scheduler) == ["a1", "b1", "a2", "a3"]
            assert scheduler.take_all(scheduler.add("a", Delivery("a4", ["a"])))
            assert scheduler.first() is None
            assert scheduler.has_waiting  # until it is known that the thread has handed in nothing
        assert scheduler.first() is None
        assert not scheduler.has_waiting

    def test_keep_the_order_of_their_sender(self):
        scheduler = Scheduler()
        add(scheduler, "a", "1")
        backlog = scheduler.hand_in("a", Delivery("2", ["a"]))
        assert (backlog.load, backlog.size, backlog.added, backlog.finished) == (2, 2, 2, 0)
        assert scheduler.backlog_of("a") is backlog
        add(scheduler, "a", "3")
        assert served(scheduler) == ["1", "2", "3"]
        assert scheduler.backlog_of("a") is None

    def test_are_waited_for_by_orders_that_come_behind(self):
        scheduler = Scheduler()
        scheduler.hand_in("a", Delivery("1", ["a"]))
        number = scheduler.number()
        scheduler.hand_in("a", Delivery("2", ["a"]))
        assert scheduler.oldest() < number
        scheduler.charge(scheduler.first(), 1, is_done=False)
        assert scheduler.oldest() < number

    def test_that_come_when_all_is_done_are_noticed(self):
        scheduler = Scheduler()
        add(scheduler, "a", "1")
        backlog = scheduler.first()
        other = scheduler.hand_in("b", Delivery("2", ["b"]))
        scheduler.charge(backlog, 1, is_done=True)
        assert scheduler.has_waiting
        assert scheduler.backlog_of("b") is other
        assert served(scheduler) == ["2"]
        assert not scheduler.has_waiting


def test_weight_grows_with_size():
    assert [weight_of(item) for item in ("", "x" * 4095, "x" * 4096, "x" * 900_000, Close(1000, ""))] == [
        1,
        1,
        2,
        220,
        1,
    ]
