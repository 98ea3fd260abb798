import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory import MemoryTransport
from tests.support.waiting import run_on_clock, turns, until
from tornado_websockets.core.connections.outbox import STUCK, Outbox
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.counters import counters
from tornado_websockets.core.protocol.closing import Close


class Losses(list):
    """The owner of an outbox: what it was told."""

    def on_lost(self):
        self.append("lost")

    def on_slow(self, reason):
        self.append(f"slow: {reason}")

    def on_fault(self, error):
        self.append(error)


@pytest.fixture
def transport():
    return MemoryTransport()


@pytest.fixture
def losses():
    return Losses()


@pytest.fixture
async def outbox(transport, losses):
    outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
    yield outbox
    await outbox.stop()


class TestKeepingUp:
    async def test_sends_within_the_call(self, outbox, transport):
        outbox.push("a")
        outbox.push("b")
        assert transport.sent == ["a", "b"]

    async def test_starts_no_task(self, outbox):
        before = asyncio.all_tasks()
        outbox.push("a")
        assert asyncio.all_tasks() == before

    async def test_closes_within_the_call(self, outbox, transport):
        outbox.push(Close(4000, "bye"))
        assert transport.sent == [Close(4000, "bye")]

    async def test_needs_nothing_more_where_the_transport_has_sent_already(self, losses):
        class Direct(MemoryTransport):
            def send(self, text):
                self.sent.append(text)

        transport = Direct()
        before = asyncio.all_tasks()
        outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
        for text in "abc":
            outbox.push(text)
        assert transport.sent == ["a", "b", "c"]
        assert asyncio.all_tasks() == before

    async def test_nothing_waits(self, outbox):
        outbox.push("a" * 2000)
        assert outbox.size == 0
        assert not outbox.is_congested


class TestAWorkerThatWaits:
    """It gives a client time to catch up, but not to one that takes nothing."""

    @staticmethod
    def congested():
        """An outbox of which two more texts must be taken before there is room."""
        transport = MemoryTransport()
        outbox = Outbox(transport, Losses(), max_bytes=1000, timeout=60)
        transport.hold()
        for text in ("a", *(letter * 230 for letter in "bcde")):
            outbox.push(text)
        return outbox, transport

    def test_goes_on_when_there_is_room(self):
        async def test(clock):
            outbox, transport = self.congested()
            waiting = asyncio.create_task(outbox.room_unless_stuck())
            for _ in range(2):  # it takes its time, but it takes
                await clock.forward(STUCK * 0.8)
                assert not waiting.done()
                transport.take(1)
                await turns()
            await asyncio.wait_for(waiting, 10)
            assert not outbox.is_congested
            transport.release()
            await outbox.stop()

        run_on_clock(test)

    def test_goes_on_when_nothing_is_taken_and_then_does_not_wait_again(self):
        async def test(clock):
            outbox, transport = self.congested()
            assert outbox.is_worth_waiting
            waiting = asyncio.create_task(outbox.room_unless_stuck())
            await turns()
            await clock.forward(STUCK * 1.1)
            await asyncio.wait_for(waiting, 10)
            assert outbox.is_congested
            assert not outbox.is_worth_waiting
            transport.take(1)
            await turns()
            assert outbox.is_worth_waiting
            transport.release()
            await outbox.stop()

        run_on_clock(test)


class TestFlushing:
    async def test_returns_at_once_when_nothing_waits(self, outbox):
        outbox.push("a")
        steps = outbox.flushed().__await__()
        with pytest.raises(StopIteration):
            next(steps)

    async def test_waits_for_what_was_pushed_so_far(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        task = asyncio.create_task(outbox.flushed())
        await turns()
        outbox.push("c")
        transport.take(1)
        await turns()
        assert not task.done()
        transport.take(1)
        await asyncio.wait_for(task, 10)
        assert transport.sent == ["a", "b"]
        transport.release()

    async def test_ends_when_the_client_is_given_up(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        task = asyncio.create_task(outbox.flushed())
        await turns()
        outbox.push("x" * 2000)
        await asyncio.wait_for(task, 10)
        transport.release()


class TestFallingBehind:
    async def test_keeps_the_order(self, outbox, transport):
        transport.hold()
        for text in "abc":
            outbox.push(text)
        assert transport.sent == []
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["a", "b", "c"]

    async def test_keeps_the_order_when_it_can_send_at_once_again(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        transport.release()
        outbox.push("c")
        await until(lambda: len(transport.sent) == 3)
        outbox.push("d")
        assert transport.sent == ["a", "b", "c", "d"]

    async def test_closes_after_what_was_pushed_before(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        outbox.push(Close(1000, ""))
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["a", "b", Close(1000, "")]

    async def test_writes_one_at_a_time(self, outbox, transport):
        transport.hold()
        for text in "abcd":
            outbox.push(text)
        transport.take(2)
        await until(lambda: len(transport.sent) == 2)
        assert transport.sending == 1

    async def test_needs_no_task_once_it_has_caught_up(self, outbox, transport):
        transport.hold()
        before = asyncio.all_tasks()
        outbox.push("a")
        transport.release()
        await until(lambda: asyncio.all_tasks() == before)
        outbox.push("b")
        assert transport.sent == ["a", "b"]
        assert asyncio.all_tasks() == before

    async def test_counts_what_waits(self, outbox, transport):
        transport.hold()
        outbox.push("first, and on its way")
        outbox.push("abc")
        outbox.push("defg")
        outbox.push(Close(1000, "no text"))
        assert outbox.size == 7
        transport.take(1)
        await until(lambda: transport.sent)
        await turns()
        assert outbox.size == 4

    async def test_lets_others_run_while_it_writes_much(self, outbox, transport):
        transport.hold()
        for number in range(500):
            outbox.push(str(number % 10))
        seen = []

        async def watch():
            while len(transport.sent) < 500:
                seen.append(len(transport.sent))
                await asyncio.sleep(0)

        transport.release()
        await asyncio.wait_for(watch(), 10)
        assert len({count for count in seen if 0 < count < 500}) >= 3

    async def test_finishes_a_send_that_suspends_several_times(self, losses):
        class Slow(MemoryTransport):
            async def _take(self, item):
                for _ in range(5):
                    await asyncio.sleep(0)
                    await asyncio.get_running_loop().run_in_executor(None, int)
                self.sent.append(item)

        transport = Slow()
        outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
        outbox.push("a")
        outbox.push("b")
        await until(lambda: len(transport.sent) == 2)
        assert transport.sent == ["a", "b"]

    async def test_passes_on_to_the_send_what_it_waits_for(self, losses):
        answer = asyncio.get_running_loop().create_future()

        class Asking(MemoryTransport):
            async def _take(self, item):
                try:
                    await answer
                except LookupError as error:
                    self.sent.append(f"{item}: {error}")

        transport = Asking()
        outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
        outbox.push("a")
        answer.set_exception(LookupError("no"))
        await until(lambda: transport.sent)
        assert transport.sent == ["a: no"]
        assert losses == []

    async def test_may_catch_up_by_a_transport_that_sends_at_once(self, losses):
        class Direct(MemoryTransport):
            def send(self, text):
                if self._permits is not None:
                    return super().send(text)
                self.sent.append(text)
                return None

        transport = Direct()
        transport.hold()
        outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
        for text in "abc":
            outbox.push(text)
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["a", "b", "c"]
        assert losses == []


class TestSuperseding:
    async def test_drops_the_older_text_of_the_same_key_that_waits(self, outbox, transport):
        transport.hold()
        for item, key in [("first", None), ("10 %", "update"), ("said", None), ("20 %", "update")]:
            outbox.push(item, key)
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["first", "said", "20 %"]

    async def test_drops_nothing_that_is_on_its_way(self, outbox, transport):
        transport.hold()
        outbox.push("10 %", "update")
        outbox.push("20 %", "update")
        transport.release()
        await until(lambda: len(transport.sent) == 2)
        assert transport.sent == ["10 %", "20 %"]

    async def test_drops_nothing_of_another_key(self, outbox, transport):
        transport.hold()
        for item, key in [("first", None), ("10 %", "one"), ("20 %", "other")]:
            outbox.push(item, key)
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["first", "10 %", "20 %"]

    async def test_counts_only_what_waits(self, outbox, transport):
        transport.hold()
        outbox.push("first")
        for number in range(10):
            outbox.push(f"{number:0300}", "update")
        assert outbox.size == 300

    async def test_begins_anew_once_the_older_text_was_taken(self, outbox, transport):
        transport.hold()
        for item, key in [("first", None), ("10 %", "update")]:
            outbox.push(item, key)
        transport.take(1)
        await until(lambda: transport.sent == ["first"])
        await turns()
        outbox.push("20 %", "update")
        outbox.push("30 %", "update")
        transport.release()
        await until(lambda: len(transport.sent) == 3)
        assert transport.sent == ["first", "10 %", "30 %"]

    async def test_needs_no_waiting_client(self, outbox, transport):
        outbox.push("10 %", "update")
        outbox.push("20 %", "update")
        assert transport.sent == ["10 %", "20 %"]


class TestAClientThatTakesALittleNowAndThen:
    """It is never given up, while newer texts take the place of those that wait for it."""

    async def test_has_no_more_waiting_than_a_few_times_what_is_to_be_sent(self, outbox, transport, losses):
        transport.hold()
        outbox.push("on its way")
        for number in range(20_000):
            outbox.push(f"{number}", f"update {number % 7}")
            if number % 5_000 == 0:
                outbox.push(f"said {number}")
        assert len(outbox._queue) < 150
        assert losses == []
        transport.release()
        await until(lambda: len(transport.sent) == 12)
        said = [f"said {number}" for number in (0, 5_000, 10_000, 15_000)]
        assert transport.sent == ["on its way", *said, *map(str, range(19_993, 20_000))]

    async def test_is_waited_for_until_what_was_pushed_before_is_out(self, outbox, transport):
        transport.hold()
        outbox.push("on its way")
        outbox.push("said")
        flushed = asyncio.create_task(outbox.flushed())
        await turns()
        for number in range(1_000):
            outbox.push(f"{number}", "update")
        transport.take(1)
        await turns()
        assert not flushed.done()
        transport.take(1)
        await asyncio.wait_for(flushed, 10)
        assert transport.sent == ["on its way", "said"]
        transport.release()

    def test_is_worth_no_waiting_for_what_was_superseded(self):
        async def test(clock):
            outbox, transport = TestAWorkerThatWaits.congested()
            waiting = asyncio.create_task(outbox.room_unless_stuck())
            await turns()
            await clock.forward(STUCK * 1.1)
            await asyncio.wait_for(waiting, 10)
            for number in range(1_000):
                outbox.push(f"{number % 10}", "update")
            assert outbox.is_congested
            assert not outbox.is_worth_waiting
            transport.release()
            await outbox.stop()

        run_on_clock(test)


class Line:
    """What a client should be sent, and in which order: the simplest way to say so."""

    def __init__(self):
        self.pushed, self.sent, self.under_way, self.waiting, self.most = 0, [], None, [], 0

    def push(self, text, key):
        self.pushed += 1
        entry = (self.pushed, text, key)
        if self.under_way is None:
            self.under_way = entry
            return
        if key is not None:
            self.waiting = [each for each in self.waiting if each[2] != key]
        self.waiting.append(entry)
        self.most = max(self.most, len(self.waiting))

    def take(self):
        if self.under_way is not None:
            self.sent.append(self.under_way[1])
            self.under_way = self.waiting.pop(0) if self.waiting else None

    def is_out(self, number):
        """Whether nothing is left of the first ``number`` that were pushed."""
        entries = [*self.waiting, *([self.under_way] if self.under_way else ())]
        return all(entry[0] > number for entry in entries)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from([None, "a", "b", "c", "each"]), st.integers(1, 150)),
            st.tuples(st.just("take"), st.integers(1, 40)),
            st.tuples(st.just("flush"), st.just(1)),
        ),
        max_size=25,
    )
)
def test_whatever_is_superseded_the_rest_keeps_its_order_and_is_waited_for(steps):
    async def run():
        transport, losses, line = MemoryTransport(), Losses(), Line()
        outbox = Outbox(transport, losses, max_bytes=10**6, timeout=60)
        transport.hold()
        flushed = []
        for step, times in steps:
            for number in range(times):
                if step == "flush":
                    flushed.append((line.pushed, asyncio.create_task(outbox.flushed())))
                elif step != "take":
                    key = f"{number % 10}" if step == "each" else step
                    outbox.push(f"{line.pushed}", key)
                    line.push(f"{line.pushed}", key)
                elif line.under_way is not None:
                    transport.take(1)
                    line.take()
            await until(lambda: transport.sent == line.sent, 1.0)
            await turns()
            assert outbox.size == sum(len(text) for _, text, _ in line.waiting)
            assert len(outbox._queue or ()) <= 3 * line.most + 70
            assert [task.done() for _, task in flushed] == [line.is_out(number) for number, _ in flushed]
        while line.under_way is not None:
            line.take()
        transport.release()
        await until(lambda: transport.sent == line.sent)
        await turns()
        assert all(task.done() for _, task in flushed)
        assert losses == []
        await outbox.stop()

    asyncio.run(run())


class TestTooMuch:
    async def test_is_more_than_max_bytes(self, outbox, transport, losses):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 600)
        outbox.push("b" * 400)
        assert losses == []
        outbox.push("c")
        assert losses == ["slow: more than 1000 bytes were waiting for it"]

    async def test_is_dropped(self, outbox, transport, losses):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 1001)
        assert losses
        assert outbox.size == 0
        transport.release()
        await turns()
        assert "a" * 1001 not in transport.sent

    async def test_congests_from_above_half_of_it(self, outbox, transport):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 500)
        assert not outbox.is_congested
        outbox.push("b")
        assert outbox.is_congested


class TestRoom:
    async def test_is_there_at_once_without_congestion(self, outbox):
        await asyncio.wait_for(outbox.room(), 1)

    async def test_comes_when_enough_was_taken_though_more_waits(self, outbox, transport):
        transport.hold()
        for text in ["on its way", "a" * 300, "b" * 300, "c" * 300]:
            outbox.push(text)
        waiting = asyncio.create_task(outbox.room())
        transport.take(1)
        await turns()
        assert not waiting.done()
        transport.take(1)
        await asyncio.wait_for(waiting, 10)
        assert len(transport.sent) == 2

    async def test_comes_for_all_who_wait(self, outbox, transport):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 600)
        waiting = [asyncio.create_task(outbox.room()) for _ in range(3)]
        await turns()
        transport.release()
        await asyncio.wait_for(asyncio.gather(*waiting), 10)

    async def test_comes_for_others_when_one_gives_up_waiting(self, outbox, transport):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 600)
        impatient, patient = (asyncio.create_task(outbox.room()) for _ in range(2))
        await turns()
        impatient.cancel()
        await turns()
        assert not patient.done()
        transport.release()
        await asyncio.wait_for(patient, 10)

    @pytest.mark.parametrize("how", ["stop", "overflow", "departure", "fault"])
    async def test_is_not_waited_for_when_the_client_is_gone(self, outbox, transport, losses, how):
        transport.hold()
        outbox.push("on its way")
        outbox.push("a" * 600)
        waiting = asyncio.create_task(outbox.room())
        await turns()
        assert not waiting.done()
        if how == "stop":
            await outbox.stop()
        elif how == "overflow":
            outbox.push("a" * 600)
        else:
            transport.error = ClientGone() if how == "departure" else ConnectionResetError("broken")
            transport.release()
        await asyncio.wait_for(waiting, 10)


class TestAClientThatTakesNothing:
    def test_is_given_up_after_the_timeout(self):
        async def test(clock):
            transport, losses = MemoryTransport(), Losses()
            outbox = Outbox(transport, losses, max_bytes=1000, timeout=10)
            transport.hold()
            outbox.push("a")
            await clock.forward(9.5)
            assert losses == []
            await clock.forward(1)
            assert losses == ["slow: it took nothing for 10 seconds"]
            await outbox.stop()

        run_on_clock(test)

    def test_is_given_up_once(self):
        async def test(clock):
            transport, losses = MemoryTransport(), Losses()
            outbox = Outbox(transport, losses, max_bytes=1000, timeout=10)
            transport.hold()
            outbox.push("a")
            outbox.push("b")
            await clock.forward(11)
            await clock.forward(11)
            assert len(losses) == 1
            await outbox.stop()

        run_on_clock(test)

    def test_is_another_than_one_that_is_slow(self):
        async def test(clock):
            transport, losses = MemoryTransport(), Losses()
            outbox = Outbox(transport, losses, max_bytes=1000, timeout=10)
            transport.hold()
            for text in "abcde":
                outbox.push(text)
            for _ in range(5):
                await clock.forward(9)
                transport.take(1)
                await turns()
            assert transport.sent == list("abcde")
            assert losses == []
            await outbox.stop()

        run_on_clock(test)

    def test_is_another_than_one_that_takes_a_message_little_by_little(self):
        async def test(clock):
            transport, losses = MemoryTransport(), Losses()
            outbox = Outbox(transport, losses, max_bytes=1000, timeout=10)
            transport.bytes_taken = 1
            transport.hold()
            outbox.push("a")
            for _ in range(5):
                await clock.forward(9)
                transport.bytes_taken += 1
            assert losses == []
            await clock.forward(11)
            await clock.forward(11)
            assert losses == ["slow: it took nothing for 10 seconds"]
            await outbox.stop()

        run_on_clock(test)

    def test_can_also_be_stuck_in_a_later_message(self):
        async def test(clock):
            transport, losses = MemoryTransport(), Losses()
            outbox = Outbox(transport, losses, max_bytes=1000, timeout=10)
            transport.hold()
            outbox.push("a")
            outbox.push("b")
            transport.take(1)
            await clock.forward(9)
            assert (transport.sent, losses) == (["a"], [])
            await clock.forward(2)
            assert len(losses) == 1
            await outbox.stop()

        run_on_clock(test)


class TestAClientThatHasLeft:
    async def test_is_given_up_when_sending_says_so_at_once(self, outbox, transport, losses):
        transport.error = ClientGone()
        outbox.push("a")
        assert losses == ["lost"]

    async def test_is_given_up_when_sending_says_so_later(self, outbox, transport, losses):
        transport.hold()
        outbox.push("a")
        transport.error = ClientGone()
        transport.release()
        await until(lambda: losses)
        assert losses == ["lost"]

    async def test_is_given_up_once(self, outbox, transport, losses):
        transport.error = ClientGone()
        outbox.push("a")
        outbox.push("b")
        assert losses == ["lost"]


class TestATransportThatFails:
    """Any error but :class:`ClientGone` is a fault, also one of those that mean a departure elsewhere."""

    async def test_is_reported_with_the_error_at_once(self, outbox, transport, losses):
        transport.error = ConnectionResetError("broken")
        outbox.push("a")
        assert losses == [transport.error]

    async def test_is_reported_with_the_error_later(self, outbox, transport, losses):
        transport.hold()
        outbox.push("a")
        transport.error = ConnectionResetError("broken")
        transport.release()
        await until(lambda: losses)
        assert losses == [transport.error]

    async def test_is_reported_once(self, outbox, transport, losses):
        transport.error = ConnectionResetError("broken")
        outbox.push("a")
        outbox.push("b")
        assert losses == [transport.error]

    @pytest.mark.parametrize("error", [ClientGone(), ConnectionResetError("broken")], ids=["departure", "fault"])
    async def test_or_has_no_client_is_sent_nothing_more(self, outbox, transport, losses, error):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        transport.error = error
        transport.release()
        await until(lambda: losses)
        transport.error = None
        await turns()
        assert transport.sent == []
        assert outbox.size == 0


class TestStopping:
    async def test_drops_what_waits(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        outbox.push("b")
        await outbox.stop()
        transport.release()
        await turns()
        assert transport.sent == []
        assert outbox.size == 0

    async def test_ends_the_send_that_is_under_way(self, outbox, transport):
        transport.hold()
        outbox.push("a")
        assert transport.sending == 1
        await outbox.stop()
        assert transport.sending == 0

    async def test_leaves_no_task(self, outbox, transport):
        before = asyncio.all_tasks()
        transport.hold()
        outbox.push("a")
        await outbox.stop()
        assert asyncio.all_tasks() == before

    async def test_does_nothing_when_nothing_waits(self, outbox, transport):
        await outbox.stop()
        assert transport.sent == []

    async def test_counts_the_texts_it_drops(self, outbox, transport):
        transport.hold()
        outbox.push("on its way")
        for item, key in [("a", None), ("10 %", "update"), ("20 %", "update"), (Close(1000, ""), None)]:
            outbox.push(item, key)
        before = counters.messages_dropped
        await outbox.stop()
        assert counters.messages_dropped - before == 2

    async def test_can_be_done_from_within_a_send(self, losses):
        class Stopping(MemoryTransport):
            async def _take(self, item):
                await asyncio.sleep(0)
                await outbox.stop()
                self.sent.append(item)

        transport = Stopping()
        outbox = Outbox(transport, losses, max_bytes=1000, timeout=60)
        outbox.push("a")
        outbox.push("b")
        await until(lambda: transport.sent)
        await turns()
        assert transport.sent == ["a"]
        assert losses == []
