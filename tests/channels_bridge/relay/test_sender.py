import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from channels_bridge.relay.batching import Kind, Outgoing, QueueBounds
from channels_bridge.relay.messages import MAX_TEXT, NARROW, NOTES, RELAY, Batch
from channels_bridge.relay.sender import Sender, SendTiming
from tests.support.layers import BrokerLayer
from tests.support.waiting import turns, until
from tornado_websockets.core.breaker import BreakerTiming
from tornado_websockets.core.control import CONTROL, Note
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.group_names import group_name
from tornado_websockets.core.delivery.hub import shared_future
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.exceptions import PublishError


@pytest.fixture
def layer():
    return BrokerLayer()


@pytest.fixture
def here():
    """The topics that have clients in this process."""
    return {"/chat"}


@pytest.fixture
async def make(layer, here):
    """Makes senders with other values than the default ones."""
    loop = asyncio.get_running_loop()
    return lambda **values: Sender(layer, loop, "me", here.__contains__, **values)


@pytest.fixture
async def sender(make):
    return make()


#: Times within which a layer that hangs is found out soon.
IMPATIENT = SendTiming(call_timeout=0.05, breaker=BreakerTiming(patience=0.01, probe_interval=0.01))


def put(sender, *texts, topic="/chat", key=None):
    outgoing = [Outgoing(Message(topic, "say", text, key), shared_future()) for text in texts]
    for each in outgoing:
        sender.put(each)
    return outgoing


def batches(layer):
    """What was sent; the texts of most tests here are no frames, of which a sender knows nothing."""
    messages = [dict(message) for _, message in layer.named("group_send")]
    return [Batch(**message) for message in messages if message.pop("type") == RELAY]


@contextmanager
def logged(text, act):
    """Calls ``act`` within the call that logs ``text``."""
    handler = logging.Handler()
    handler.emit = lambda record: act() if text in record.getMessage() else None
    logger = logging.getLogger("tornado_websockets")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def arrived(*outgoing):
    await until(lambda: all(each.outcome.done() for each in outgoing))


class TestSending:
    async def test_goes_to_the_group_of_the_topic(self, sender, layer):
        await arrived(*put(sender, "hi"))
        [(group, _)] = layer.named("group_send")
        assert group == group_name("/chat")

    async def test_carries_sender_topic_number_texts_and_keys(self, sender, layer):
        await arrived(*put(sender, "hi", key="update"))
        began = sender._numberings[Kind.PLAIN].began("/chat")
        assert batches(layer) == [Batch(f"{sender.name}.0", "/chat", 1, ["hi"], ["update"], began)]

    async def test_is_reported(self, sender):
        [outgoing] = put(sender, "hi")
        assert not outgoing.outcome.done()
        await arrived(outgoing)
        assert outgoing.outcome.result() is None

    async def test_keeps_the_order(self, sender, layer):
        texts = [str(number) for number in range(1000)]
        await arrived(*put(sender, *texts))
        assert layer.texts == texts

    async def test_keeps_the_order_of_what_comes_in_between(self, sender, layer):
        for number in range(50):
            put(sender, str(number))
            await asyncio.sleep(0)
        await sender.drain()
        assert layer.texts == [str(number) for number in range(50)]

    async def test_numbers_without_gaps(self, sender, layer):
        await arrived(*put(sender, *"abcdef"))
        await arrived(*put(sender, *"gh"))
        number = 1
        for batch in batches(layer):
            assert batch.first == number
            number += len(batch.texts)
        assert number == 9

    async def test_works_from_a_thread(self, sender, layer):
        [outgoing] = await asyncio.to_thread(put, sender, "hi")
        await arrived(outgoing)
        assert layer.texts == ["hi"]

    async def test_keeps_the_order_of_every_thread(self, sender, layer):
        def send(name):
            put(sender, *(f"{name} {number}" for number in range(300)))

        await asyncio.gather(*(asyncio.to_thread(send, name) for name in "abc"))
        await sender.drain()
        for name in "abc":
            own = [text for text in layer.texts if text.startswith(name)]
            assert own == [f"{name} {number}" for number in range(300)]

    async def test_needs_no_task_when_nothing_waits(self, sender):
        before = asyncio.all_tasks()
        await arrived(*put(sender, "hi"))
        await until(lambda: asyncio.all_tasks() == before)


class TestKinds:
    """Of what is for all clients, for some of them, and for the processes."""

    def put(self, sender, *messages):
        outgoing = [Outgoing(message, shared_future()) for message in messages]
        for each in outgoing:
            sender.put(each)
        return outgoing

    async def test_each_travels_in_messages_of_its_own_in_the_order_of_all(self, sender, layer):
        some, few = Audience(users=frozenset("5")), Audience(exclude=frozenset("a"))
        nobody_elsewhere = Audience(exclude=frozenset("a"), is_local=True)
        await arrived(
            *self.put(
                sender,
                Message("/chat", "say", "one", audience=nobody_elsewhere),
                Message("/chat", "say", "two"),
                Message("/chat", "say", "three", audience=some),
                Message("/chat", "say", "four", audience=few),
                Note("/chat", "disconnect", "{}"),
                Message("/chat", "say", "five"),
            )
        )
        sent = layer.named("group_send")
        assert [(group, message["type"], message["texts"]) for group, message in sent] == [
            (group_name("/chat"), RELAY, ["one", "two"]),
            (group_name("/chat"), NARROW, ["three", "four"]),
            (group_name(CONTROL), NOTES, ["{}"]),
            (group_name("/chat"), RELAY, ["five"]),
        ]
        assert sent[1][1]["audiences"] == ['{"u":["5"]}', '{"x":["a"]}']
        assert set(sent[0][1]) == {"type", "sender", "path", "first", "texts", "keys", "began"}

    async def test_what_is_for_some_is_numbered_apart(self, sender, layer):
        """An earlier version, which drops it, misses nothing by the numbers of the rest."""
        some = Audience(users=frozenset("5"))
        texts = [("one", None), ("two", some), ("three", None), ("four", some)]
        await arrived(*self.put(sender, *(Message("/chat", "say", text, audience=whom) for text, whom in texts)))
        sent = [message for _, message in layer.named("group_send")]
        assert [message["first"] for message in sent] == [1, 1, 2, 2]
        assert [message["sender"] for message in sent] == [f"{sender.name}.0", f"{sender.name}.narrow.0"] * 2

    async def test_all_fail_alike(self, sender, layer):
        layer.error = ConnectionRefusedError("down")
        outgoing = self.put(
            sender,
            Message("/chat", "say", "one", audience=Audience(users=frozenset("5"))),
            Note("/chat", "disconnect", "{}"),
        )
        await arrived(*outgoing)
        assert [str(each.outcome.exception()) for each in outgoing] == [
            str(PublishError("say", "/chat")),
            str(PublishError("disconnect", "/chat")),
        ]


class TestBatches:
    async def test_take_what_waits_for_one_topic(self, sender, layer):
        await arrived(*put(sender, *"abc"))
        assert [batch.texts for batch in batches(layer)] == [["a", "b", "c"]]

    async def test_hold_so_many_texts(self, make, layer):
        sender = make(queue=QueueBounds(batch_texts=2))
        await arrived(*put(sender, *"abcde"))
        assert [batch.texts for batch in batches(layer)] == [["a", "b"], ["c", "d"], ["e"]]

    async def test_hold_so_many_bytes_and_a_text(self, make, layer):
        sender = make(queue=QueueBounds(batch_bytes=10))
        await arrived(*put(sender, "a" * 100, "b" * 9, "c", "d", "e"))
        assert sum(len(batch.texts) for batch in batches(layer)) == 5
        assert max(sum(map(len, batch.texts)) for batch in batches(layer)) <= 110
        assert len(batches(layer)) >= 2

    async def test_of_several_topics_take_turns(self, make, layer):
        sender = make(queue=QueueBounds(batch_texts=1))
        outgoing = [*put(sender, *"abc", topic="/one"), *put(sender, "x", topic="/other")]
        await arrived(*outgoing)
        assert layer.texts == ["a", "x", "b", "c"]

    async def test_gather_for_a_while_where_the_layer_has_a_capacity(self, make, layer):
        sender = make(timing=SendTiming(batch_interval=0.2))
        await arrived(*put(sender, "a"))
        outgoing = put(sender, "b")
        await turns()
        outgoing += put(sender, "c")
        await arrived(*outgoing)
        assert [batch.texts for batch in batches(layer)] == [["a"], ["b", "c"]]

    async def test_gather_for_every_topic(self, make, layer):
        sender = make(timing=SendTiming(batch_interval=0.2))
        await arrived(*put(sender, "a"), *put(sender, "x", topic="/other"))
        outgoing = [*put(sender, "b"), *put(sender, "y", topic="/other")]
        await turns()
        outgoing += [*put(sender, "c"), *put(sender, "z", topic="/other")]
        await arrived(*outgoing)
        assert [batch.texts for batch in batches(layer)] == [["a"], ["x"], ["b", "c"], ["y", "z"]]

    async def test_of_other_topics_do_not_wait_for_that(self, make, layer):
        sender = make(timing=SendTiming(batch_interval=100))
        await arrived(*put(sender, "a"))
        await asyncio.wait_for(arrived(*put(sender, "b", topic="/other")), 10)

    async def test_gather_not_where_the_layer_has_no_capacity(self, make, layer):
        sender = make(timing=SendTiming(batch_interval=100))
        del layer.capacity
        await arrived(*put(sender, "a"))
        await asyncio.wait_for(arrived(*put(sender, "b")), 10)

    async def test_keep_keys_with_their_texts(self, sender, layer):
        outgoing = [*put(sender, "a"), *put(sender, "b", key="update"), *put(sender, "c")]
        await arrived(*outgoing)
        assert batches(layer)[0].keys == [None, "update", None]


class TestFailing:
    async def test_is_reported_with_event_path_and_cause(self, sender, layer):
        layer.error = ConnectionResetError("gone")
        [outgoing] = put(sender, "hi")
        await arrived(outgoing)
        error = outgoing.outcome.exception()
        assert isinstance(error, PublishError)
        assert (error.event, error.path) == ("say", "/chat")
        assert error.__cause__ is layer.error

    async def test_that_is_over_when_it_is_asked_again_costs_nothing(self, sender, layer, caplog):
        """As a connection that Redis had ended: it is found out when something is sent, and made anew."""
        answers = [ConnectionResetError("gone"), None, None]

        async def group_send(group, message):
            await BrokerLayer.group_send(layer, group, message)
            if (error := answers.pop(0)) is not None:
                raise error

        layer.group_send = group_send
        outgoing = [*put(sender, "a"), *put(sender, "b", topic="/other")]
        await arrived(*outgoing)
        assert [each.outcome.exception() for each in outgoing] == [None, None]
        first, again, _ = batches(layer)
        assert first == again  # which receivers know by its numbers
        assert caplog.records == []

    async def test_is_logged_once_and_so_is_its_end(self, sender, layer, caplog):
        layer.error = ConnectionResetError("gone")
        await arrived(*put(sender, "a", "b"))
        await arrived(*put(sender, "c", topic="/other"))
        layer.error = None
        await arrived(*put(sender, "d"))
        await arrived(*put(sender, "e"))
        down, up = caplog.records
        assert (down.levelname, up.levelname) == ("ERROR", "WARNING")
        assert "ConnectionResetError: gone" in down.getMessage()
        assert "took 3 less than were sent" in up.getMessage()

    async def test_is_logged_again_when_it_happens_again(self, sender, layer, caplog):
        for error in (ConnectionResetError("gone"), None, ConnectionResetError("gone"), None):
            layer.error = error
            await arrived(*put(sender, "a"))
        assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"] * 2
        assert "took 1 less" in caplog.records[-1].getMessage()

    async def test_is_counted(self, sender, layer):
        before = counters.messages_unsent
        layer.error = ConnectionResetError("gone")
        await arrived(*put(sender, "a", "b"))
        assert counters.messages_unsent == before + 2

    async def test_leaves_a_gap_in_the_numbers(self, sender, layer):
        await arrived(*put(sender, "a"))
        layer.error = ConnectionResetError("gone")
        await arrived(*put(sender, "b", "c"))
        layer.error = None
        await arrived(*put(sender, "d"))
        assert batches(layer)[-1].first == 4

    async def test_does_not_stop_what_comes_later(self, sender, layer):
        layer.error = ConnectionResetError("gone")
        await arrived(*put(sender, "a"))
        layer.error = None
        [outgoing] = put(sender, "b")
        await arrived(outgoing)
        assert outgoing.outcome.result() is None


class TestALayerThatHangs:
    @pytest.fixture
    async def sender(self, make):
        return make(timing=IMPATIENT)

    @pytest.fixture
    async def hung(self, sender, layer):
        """Has found out."""
        await arrived(*put(sender, "one"))
        layer.is_hanging = True
        await arrived(*put(sender, "two"))
        yield sender
        await sender.drain()

    async def test_is_given_up_in_time(self, sender, layer):
        layer.is_hanging = True
        [outgoing] = put(sender, "hi")
        await arrived(outgoing)
        assert isinstance(outgoing.outcome.exception().__cause__, TimeoutError)
        await sender.drain()

    async def test_gets_nothing_of_what_waited_meanwhile(self, sender, layer):
        layer.is_hanging = True
        [first] = put(sender, "first")
        await until(lambda: layer.named("group_send"))
        others = [*put(sender, "second"), *put(sender, "other", topic="/other")]
        await arrived(first, *others)
        assert layer.texts == ["first"]
        assert all(isinstance(each.outcome.exception(), PublishError) for each in others)
        await sender.drain()

    async def test_gets_nothing_from_then_on(self, hung):
        [outgoing] = put(hung, "three", topic="/other")
        assert isinstance(outgoing.outcome.exception(0), PublishError)
        assert isinstance(outgoing.outcome.exception(0).__cause__, TimeoutError)

    async def test_is_counted_and_logged_once_and_so_is_its_end(self, sender, layer, caplog):
        before = counters.messages_unsent
        layer.is_hanging = True
        await arrived(*put(sender, "one"))
        put(sender, "two", "three")
        layer.is_hanging = False
        await until(lambda: len(caplog.records) == 2)
        down, up = caplog.records
        assert down.getMessage().endswith("miss them: TimeoutError (path '/chat')")
        assert "took 3 less than were sent" in up.getMessage()
        assert counters.messages_unsent == before + 3

    async def test_takes_texts_again_when_it_works(self, hung, layer, caplog):
        layer.is_hanging = False
        await until(lambda: "takes messages again" in caplog.text)
        [outgoing] = put(hung, "three")
        await arrived(outgoing)
        assert outgoing.outcome.exception() is None

    async def test_is_told_which_number_comes_next_so_that_receivers_see_the_gap(self, hung, layer, caplog):
        put(hung, "three")
        layer.is_hanging = False
        await until(lambda: "takes messages again" in caplog.text)
        last = batches(layer)[-1]
        assert (last.first, last.texts) == (4, [])

    async def test_keeps_nobody_who_drains(self, hung):
        before = asyncio.all_tasks()
        await asyncio.wait_for(hung.drain(), 1)
        assert asyncio.all_tasks() < before

    async def test_is_tried_afresh_after_draining(self, hung, layer):
        await hung.drain()
        layer.is_hanging = False
        [outgoing] = put(hung, "three")
        await arrived(outgoing)
        assert outgoing.outcome.exception() is None

    async def test_that_fails_at_once_is_tried_with_the_next_text(self, make, layer):
        sender = make(timing=SendTiming(breaker=BreakerTiming(patience=10)))
        layer.error = ConnectionRefusedError("nobody there")
        await arrived(*put(sender, "one"))
        layer.error = None
        [outgoing] = put(sender, "two")
        await arrived(outgoing)
        assert outgoing.outcome.exception() is None


class TestTooMuch:
    @pytest.fixture
    async def sender(self, make):
        return make(queue=QueueBounds(max_bytes=100_000))

    async def test_is_rejected_at_once(self, sender, layer):
        layer.is_hanging = True
        first, second = put(sender, "a" * 30_000, "b" * 30_000)
        assert not first.outcome.done()
        assert isinstance(second.outcome.exception(0), PublishError)
        layer.is_hanging = False
        await arrived(first)
        assert layer.texts == ["a" * 30_000]

    async def test_is_taken_again_when_there_is_room(self, sender):
        for _ in range(5):
            [outgoing] = put(sender, "a" * 40_000)
            await arrived(outgoing)
            assert outgoing.outcome.exception() is None

    async def test_leaves_a_gap_in_the_numbers(self, sender, layer):
        for text in ("a", "b" * 60_000, "c"):
            await arrived(*put(sender, text))
        assert [batch.first for batch in batches(layer)] == [1, 3]

    async def test_says_why(self, sender, caplog):
        put(sender, "b" * 60_000)
        assert "too much is waiting for it" in caplog.text

    async def test_for_one_topic_leaves_room_for_the_others(self, sender, layer):
        layer.is_hanging = True
        flood = put(sender, *["a" * 1_000] * 200)
        others = [outgoing for number in range(5) for outgoing in put(sender, "b" * 1_000, topic=f"/{number}")]
        assert any(outgoing.outcome.done() for outgoing in flood)
        assert not any(outgoing.outcome.done() for outgoing in others)
        layer.is_hanging = False
        await arrived(*others)
        assert [outgoing.outcome.exception() for outgoing in others] == [None] * 5

    async def test_for_a_receiver_is_rejected_and_says_so(self, make, layer, caplog):
        sender = make()
        [outgoing] = put(sender, "a" * (MAX_TEXT + 1))
        assert isinstance(outgoing.outcome.exception(0), PublishError)
        why = "Expected a text of at most 8388608 characters, got 8388609."
        assert str(outgoing.outcome.exception()).endswith(why)  # and the backend is up
        assert why in caplog.text
        await sender.drain()
        assert layer.texts == []


class TestRoom:
    """What waits for one topic is bounded long before it is rejected, for those who can wait."""

    MUCH = ("a" * 100_000,) * 20

    @pytest.fixture
    def timing(self):
        return SendTiming()

    @pytest.fixture
    async def slow(self, make, layer, timing):
        """A sender with much for one topic that its layer is slow to take."""
        sender = make(timing=timing)
        await arrived(*put(sender, "one"))
        layer.is_hanging = True
        put(sender, *self.MUCH)
        yield sender
        layer.error, layer.is_hanging = None, False
        await sender.drain()

    async def test_is_there_when_little_waits(self, sender, layer):
        layer.is_hanging = True
        put(sender, *self.MUCH[:5])
        assert not sender.is_congested("/chat")
        await asyncio.wait_for(sender.room("/chat"), 0.5)
        layer.is_hanging = False
        await sender.drain()

    async def test_is_missed_by_the_topic_for_which_much_waits(self, slow):
        assert slow.is_congested("/chat")
        assert not slow.is_congested("/other")
        await asyncio.wait_for(slow.room("/other"), 0.5)

    async def test_is_waited_for(self, slow, layer):
        waiting = asyncio.create_task(slow.room("/chat"))
        await turns()
        assert not waiting.done()
        layer.is_hanging = False
        await asyncio.wait_for(waiting, 1)
        assert not slow.is_congested("/chat")

    async def test_is_there_for_all_who_wait_on_whichever_loop_though_one_gives_up(self, slow, layer):
        waiting = [asyncio.create_task(slow.room("/chat")) for _ in range(3)]
        elsewhere = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(slow.room("/chat"))))
        await turns()
        waiting[0].cancel()
        await turns()
        assert not any(task.done() for task in (*waiting[1:], elsewhere))
        layer.is_hanging = False
        await asyncio.wait_for(asyncio.gather(*waiting[1:], elsewhere), 1)
        assert waiting[0].cancelled()

    @pytest.mark.parametrize("timing", [SendTiming(room=0.05)], ids=[""])
    async def test_is_not_waited_for_longer_than_so(self, slow):
        await asyncio.wait_for(slow.room("/chat"), 1)
        assert slow.is_congested("/chat")

    async def test_is_not_waited_for_where_the_layer_fails(self, slow, layer):
        waiting = asyncio.create_task(slow.room("/chat"))
        await turns()
        layer.error, layer.is_hanging = ConnectionResetError("gone"), False
        await asyncio.wait_for(waiting, 1)
        put(slow, *self.MUCH)
        assert not slow.is_congested("/chat")
        await asyncio.wait_for(slow.room("/chat"), 0.5)

    async def test_is_not_waited_for_once_the_layer_has_failed(self, make, layer):
        sender = make(timing=SendTiming(batch_interval=100))
        layer.is_hanging = True
        put(sender, *self.MUCH)
        await until(lambda: layer.named("group_send"))
        waiting = asyncio.create_task(sender.room("/chat"))
        await turns()
        layer.error, layer.is_hanging = ConnectionResetError("gone"), False
        await asyncio.wait_for(waiting, 0.5)
        assert sender._queues.is_congested("/chat")
        sender._sending.cancel()

    async def test_is_not_waited_for_where_the_layer_hangs(self, make, layer):
        sender = make(timing=replace(IMPATIENT, room=100))
        layer.is_hanging = True
        put(sender, *self.MUCH)
        assert sender.is_congested("/chat")
        await asyncio.wait_for(sender.room("/chat"), 1)
        assert not sender.is_congested("/chat")
        await sender.drain()

    async def test_is_missed_again_by_a_layer_that_works_again(self, sender, layer):
        layer.error = ConnectionResetError("gone")
        await arrived(*put(sender, "one"))
        layer.error = None
        await arrived(*put(sender, "two"))
        layer.is_hanging = True
        put(sender, *self.MUCH)
        assert sender.is_congested("/chat")
        layer.is_hanging = False
        await sender.drain()

    def test_is_not_waited_for_when_the_loop_of_the_sender_has_ended(self):
        async def serve():
            layer = BrokerLayer()
            layer.is_hanging = True
            sender = Sender(layer, asyncio.get_running_loop(), "me", bool)
            put(sender, *self.MUCH)
            await turns()
            return sender, threads.submit(asyncio.run, sender.room("/chat"))

        with ThreadPoolExecutor() as threads:
            sender, waiting = asyncio.run(serve())
            waiting.result(1)
        assert not sender.is_congested("/chat")


class TestNumbers:
    async def test_start_over_in_another_epoch_when_a_topic_is_forgotten(self, sender, layer):
        await arrived(*put(sender, "a", "b"))
        sender.forget("/chat")
        await arrived(*put(sender, "c"))
        assert [(batch.sender, batch.first) for batch in batches(layer)] == [("me.0", 1), ("me.1", 1)]

    async def test_go_on_where_something_waits_for_the_topic(self, sender, layer, here):
        await arrived(*put(sender, "a"))
        put(sender, "b")
        here.clear()
        sender.forget("/chat")
        await sender.drain()
        assert [(batch.sender, batch.first) for batch in batches(layer)] == [("me.0", 1), ("me.0", 2)]


class TestEnding:
    async def test_draining_returns_when_nothing_waits(self, sender, layer):
        outgoing = put(sender, *"abc")
        await sender.drain()
        assert all(each.outcome.done() for each in outgoing)

    async def test_draining_what_is_empty_returns_at_once(self, sender):
        await asyncio.wait_for(sender.drain(), 10)

    def test_leaves_nobody_waiting_when_the_loop_ends(self):
        async def serve():
            layer = BrokerLayer()
            layer.is_hanging = True
            sender = Sender(layer, asyncio.get_running_loop(), "me", bool)
            outgoing = [*put(sender, *"abc"), *put(sender, "x", topic="/other")]
            await turns()
            return outgoing

        outgoing = asyncio.run(serve())
        assert [type(each.outcome.exception(0)) for each in outgoing] == [PublishError] * 4
        causes = [type(each.outcome.exception().__cause__) for each in outgoing]
        assert causes == [asyncio.CancelledError] * 3 + [RuntimeError]

    def test_leaves_nobody_waiting_when_the_loop_ends_before_it_began(self):
        async def serve():
            sender = Sender(BrokerLayer(), asyncio.get_running_loop(), "me", bool)
            outgoing = put(sender, "hi")
            await asyncio.sleep(0)
            return sender, outgoing

        before = counters.messages_unsent
        sender, outgoing = asyncio.run(serve())
        outgoing += put(sender, "there")  # when it is closed
        assert [type(each.outcome.exception(0)) for each in outgoing] == [PublishError] * 2
        assert counters.messages_unsent == before + 2

    async def test_goes_on_when_the_probe_is_cancelled_before_it_began(self, make, layer):
        sender = make(timing=IMPATIENT)
        layer.is_hanging = True
        put(sender, "one")
        await until(lambda: sender._probing)
        await sender.drain()
        layer.is_hanging = False
        await arrived(*put(sender, "hi"))
        assert layer.texts[-1] == "hi"

    async def test_takes_messages_as_soon_as_the_layer_works_again(self, make, layer):
        sender, outgoing = make(timing=IMPATIENT), []
        layer.is_hanging = True
        await arrived(*put(sender, "one"))
        layer.is_hanging = False
        with logged("takes messages again", lambda: outgoing.extend(put(sender, "hi"))):
            await until(lambda: outgoing)
        await arrived(*outgoing)
        assert outgoing[0].outcome.exception() is None

    async def test_an_outcome_can_not_be_cancelled(self, sender, layer):
        layer.is_hanging = True
        [outgoing] = put(sender, "hi")
        task = asyncio.create_task(asyncio.wait_for(asyncio.wrap_future(outgoing.outcome), 10))
        await turns()
        task.cancel()
        await turns()
        layer.is_hanging = False
        await arrived(outgoing)
        assert outgoing.outcome.exception() is None

    async def test_a_thread_may_wait_for_the_outcome(self, sender):
        results = []

        def send():
            [outgoing] = put(sender, "hi")
            results.append(outgoing.outcome.result(10))

        thread = threading.Thread(target=send)
        thread.start()
        await until(lambda: results)
        thread.join()
        assert results == [None]
