import asyncio
import json
import threading
import uuid
from dataclasses import replace

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from channels_bridge.relay.batching import Kind, QueueBounds
from channels_bridge.relay.messages import MAX_TEXT, Batch, Notes
from channels_bridge.relay.numbering import NumberingBounds
from channels_bridge.relay.publisher import Relay, Tuning
from channels_bridge.relay.receiver import ReceiveTiming
from channels_bridge.relay.sender import SendTiming
from tests.support.layers import BROKER, IN_MEMORY, REFUSING, SLOWLY_MADE, SlowlyMadeLayer
from tests.support.scripts import FORKS, run_script
from tests.support.waiting import turns, until
from tornado_websockets.core.control import CONTROL, Note
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.group_names import group_name
from tornado_websockets.core.delivery.hub import Hub, shared_future
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.registry import MAX_PATH
from tornado_websockets.exceptions import PublishError

CHAT = group_name("/chat")


def frame(event):
    """A text as our processes send it."""
    return Encoder().event(event, {})


def say(text, topic="/chat", key=None):
    return Message(topic, "say", text, key)


def publish(process, text, topic="/chat"):
    """Send to the other processes; gives the outcome."""
    outcome = shared_future()
    process.relay.publish(say(text, topic), outcome)
    return outcome


class Member:
    """A connection, as far as a hub knows one."""

    def __init__(self, path, user_key=None):
        self.id = uuid.uuid4().hex
        self.user_key = user_key
        self.path = path
        self.got = []
        self.keys = []

    def deliver(self, item, key=None):
        self.got.append(item)
        self.keys.append(key)

    @property
    def heard(self):
        """Names of the events it got."""
        return [json.loads(text)["event"] for text in self.got]


class Process:
    """What a server's process has: a hub, a relay, and clients."""

    def __init__(self, tuning):
        self.hub = Hub()
        self.relay = Relay(self.hub, Encoder(), tuning)
        self.hub.publisher = self.relay
        self._entered = []

    async def connect(self, path="/chat", user_key=None):
        member = Member(path, user_key)
        await self.hub.enter(path)
        self.hub.shard().subscribe(member, path)
        self._entered.append(member)
        return member

    async def disconnect(self, member):
        self._entered.remove(member)
        self.hub.shard().unsubscribe(member, member.path)
        await self.hub.leave(member.path)

    async def end(self):
        for member in list(self._entered):
            await self.disconnect(member)
        await asyncio.to_thread(self.relay._thread.stop)


@pytest.fixture
def layer():
    with override_settings(CHANNEL_LAYERS=BROKER):
        yield get_channel_layer()


@pytest.fixture
async def start():
    """Starts processes, as it were, and ends them."""
    processes = []

    def start(**tuning):
        processes.append(Process(Tuning(**tuning)))
        return processes[-1]

    yield start
    for process in processes:
        await process.end()


class TestBetweenProcesses:
    @pytest.fixture(params=[BROKER, IN_MEMORY], ids=["broker", "in memory"])
    def layers(self, request):
        with override_settings(CHANNEL_LAYERS=request.param):
            yield

    async def test_what_one_emits_reaches_the_clients_of_others(self, layers, start):
        here, there = start(), start()
        mine, theirs = await here.connect(), await there.connect()
        here.hub.emit(say(frame("hi"), "/chat", key="update"))
        await until(lambda: theirs.got)
        assert (theirs.heard, theirs.keys) == (["hi"], ["update"])
        assert mine.heard == ["hi"]

    async def test_clients_here_are_served_once(self, layers, start):
        here, there = start(), start()
        mine, theirs = await here.connect(), await there.connect()
        here.hub.emit(say(frame("one")))
        there.hub.emit(say(frame("two")))
        await until(lambda: mine.heard == ["one", "two"] and theirs.heard == ["two", "one"])
        await turns()
        assert (mine.heard, theirs.heard) == (["one", "two"], ["two", "one"])

    async def test_other_paths_hear_nothing(self, layers, start):
        here, there = start(), start()
        await here.connect()
        other, theirs = await there.connect("/other"), await there.connect()
        here.hub.emit(say(frame("hi")))
        await until(lambda: theirs.got)
        assert other.heard == []

    async def test_an_audience_goes_along_and_the_order_is_kept(self, layers, start):
        here, there = start(), start()
        mine = await here.connect(user_key="5")
        theirs, others = await there.connect(user_key="5"), await there.connect(user_key="6")
        for number in range(0, 300, 3):
            here.hub.emit(say(frame(str(number))))
            here.hub.emit(replace(say(frame(str(number + 1))), audience=Audience(users=frozenset("5"))))
            here.hub.emit(replace(say(frame(str(number + 2))), audience=Audience(users=frozenset("6"))))
        await until(lambda: theirs.heard[-1:] == ["298"] and others.heard[-1:] == ["299"])
        assert theirs.heard == mine.heard == [str(number) for number in range(300) if number % 3 < 2]
        assert others.heard == [str(number) for number in range(300) if number % 3 != 1]

    async def test_processes_hear_notes_for_as_long_as_they_have_clients(self, layer, start):
        here, there = start(), start()
        await here.connect()
        for _ in range(2):
            await there.hub.enter(CONTROL, wait=False)
            await there.connect()
            await until(lambda: layer.groups.get(group_name(CONTROL)))
            heard = []
            there.hub.control.watch("/chat", lambda heard=heard: heard.append("/chat"))
            here.hub.publish(Note(CONTROL, "people", '{"path":"/chat"}', is_for_others=True))
            await until(lambda heard=heard: heard == ["/chat"])
            await there.disconnect(there._entered[-1])
            await there.hub.leave(CONTROL)
            assert not layer.groups[group_name(CONTROL)]

    async def test_notes_are_heard_again_after_they_were_left_by_another_client(self, layer, start):
        process = start()
        await process.hub.enter(CONTROL, wait=False)
        await process.connect()
        leaving = asyncio.ensure_future(process.hub.leave(CONTROL))
        await asyncio.sleep(0)
        await process.hub.enter(CONTROL, wait=False)
        await process.connect("/other")
        await leaving
        await until(lambda: layer.groups.get(group_name(CONTROL)))
        await process.hub.leave(CONTROL)

    async def test_who_is_excluded_elsewhere_does_not_hear(self, layers, start):
        here, there = start(), start()
        await here.connect()
        theirs, others = await there.connect(), await there.connect()
        here.hub.emit(replace(say(frame("hi")), audience=Audience(exclude=frozenset((theirs.id,)))))
        here.hub.emit(say(frame("ho")))
        await until(lambda: theirs.got)
        assert (theirs.heard, others.heard) == (["ho"], ["hi", "ho"])

    async def test_the_order_is_kept_and_nothing_is_lost(self, layers, start):
        here, there = start(), start()
        await here.connect()
        theirs = await there.connect()
        texts = [str(number) for number in range(2000)]
        for text in texts:
            here.hub.emit(say(frame(text)))
        await until(lambda: len(theirs.heard) == len(texts))
        assert theirs.heard == texts

    async def test_who_has_gone_hears_nothing(self, layers, start):
        here, there = start(), start()
        await here.connect()
        theirs, other = await there.connect(), await there.connect("/other")
        await there.disconnect(theirs)
        here.hub.emit(say(frame("late")))
        here.hub.emit(say(frame("mark"), "/other"))
        await until(lambda: other.got)
        assert theirs.heard == []

    async def test_who_comes_again_hears_again(self, layers, start):
        here, there = start(), start()
        await here.connect()
        await there.disconnect(await there.connect())
        theirs = await there.connect()
        here.hub.emit(say(frame("hi")))
        await until(lambda: theirs.heard == ["hi"])


class TestWithoutClients:
    async def test_a_process_publishes_from_a_thread_of_its_own(self, layer, start):
        here, there = start(), start()
        theirs = await there.connect()
        await asyncio.wrap_future(publish(here, frame("hi")))
        await until(lambda: theirs.heard == ["hi"])

    async def test_a_process_uses_one_thread(self, layer, start):
        here = start()
        for _ in range(5):
            await asyncio.wrap_future(publish(here, frame("hi")))
        names = [thread.name for thread in threading.enumerate() if thread is here.relay._thread._thread._thread]
        assert names == ["WebSocket publisher"]

    async def test_a_process_needs_no_thread_once_it_serves_clients(self, layer, start):
        here = start()
        await here.connect()
        await asyncio.wrap_future(publish(here, frame("hi")))
        assert here.relay._thread._thread is None

    async def test_a_process_hears_not_what_it_sent_in_either_way(self, layer, start):
        here = start()
        await asyncio.wrap_future(publish(here, frame("before")))
        mine = await here.connect()
        await asyncio.wrap_future(publish(here, frame("after")))
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "mark"})
        await until(lambda: mine.got)
        assert [json.loads(text)["event"] for text in mine.got] == ["mark"]

    async def test_nothing_is_sent_into_the_memory_of_this_process(self, start):
        with override_settings(CHANNEL_LAYERS=IN_MEMORY):
            here = start()
            assert publish(here, frame("hi")).result(0) is None
            assert here.relay._thread._thread is None

    async def test_leaving_waits_for_what_is_on_its_way(self, layer, start):
        here = start()
        mine = await here.connect()
        here.hub.emit(say(frame("last words")))
        await here.disconnect(mine)
        assert layer.texts == [frame("last words")]


class TestWithoutLayer:
    @override_settings(CHANNEL_LAYERS={})
    async def test_everything_is_done_at_once(self, start):
        here = start()
        mine = await here.connect()
        assert publish(here, frame("hi")).result(0) is None
        here.relay.publish(say(frame("hi")))
        await here.disconnect(mine)
        assert here.relay._receiver is None


class TestALayerThatRefuses:
    @override_settings(CHANNEL_LAYERS=REFUSING)
    async def test_does_not_keep_clients_from_connecting(self, start, caplog):
        here = start()
        mine = await asyncio.wait_for(here.connect(), 5)
        here.hub.emit(say(frame("hi")))
        assert mine.heard == ["hi"]

    @override_settings(CHANNEL_LAYERS=REFUSING)
    async def test_is_reported_by_publishing(self, start, caplog):
        here = start()
        with pytest.raises(PublishError) as caught:
            await asyncio.wrap_future(publish(here, frame("hi")))
        assert (caught.value.event, caught.value.path) == ("say", "/chat")

    @override_settings(CHANNEL_LAYERS=REFUSING)
    async def test_is_logged_when_emitting(self, start, caplog):
        here = start()
        here.relay.publish(say(frame("hi")))
        await until(lambda: "takes no messages" in caplog.text)


class TestOtherPrograms:
    async def test_may_send_events(self, layer, start):
        mine = await start().connect()
        message = {"type": "websocket.event", "path": "/chat", "event": "say", "data": {"text": "hi"}}
        await layer.group_send(CHAT, message)
        await until(lambda: mine.got)
        assert json.loads(mine.got[0]) == {"event": "say", "data": {"text": "hi"}}

    @pytest.mark.parametrize(("data", "expected"), [({}, {}), ({"data": "hi"}, {"message": "hi"})], ids=repr)
    async def test_may_leave_data_out_or_send_a_string(self, layer, start, data, expected):
        mine = await start().connect()
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "say", **data})
        await until(lambda: mine.got)
        assert json.loads(mine.got[0])["data"] == expected

    @pytest.mark.parametrize(
        "message",
        [
            None,
            "websocket.event",
            ["type"],
            {},
            {"type": ["websocket.event"]},
            {"type": "chat.message", "text": "hi"},
            {"type": "websocket.event"},
            {"type": "websocket.event", "path": "/chat"},
            {"type": "websocket.event", "path": "/chat", "event": 1},
            {"type": "websocket.event", "path": "/chat", "event": "say", "data": [1]},
            {"type": "websocket.event", "path": "/chat", "event": "say", "data": {"value": ...}},
            {"type": "websocket.event", "path": "/chat", "event": "say", "data": {"value": float("nan")}},
            {"type": "websocket.event", "path": "/chat", "event": "say", "data": "x" * MAX_TEXT},
            {"type": "websocket.event", "path": ["/chat"], "event": "say"},
            {"type": "websocket.relay", "path": "/chat"},
            {"type": "websocket.relay", "sender": "x", "path": "/chat", "first": "1", "texts": [], "keys": []},
            {"type": "websocket.relay", "sender": "x", "path": "/chat", "first": 1, "texts": None, "keys": None},
            {"type": "websocket.relay", "sender": "x", "path": "/chat", "first": 1, "texts": [5], "keys": [None]},
            {"type": "websocket.relay", "sender": "x", "path": "/chat", "first": 1, "texts": ["é"], "keys": [None]},
            {"type": "websocket.relay", "sender": {}, "path": "/chat", "first": 1, "texts": [], "keys": []},
        ],
        ids=lambda message: str(message)[:95],
    )
    async def test_may_send_nonsense_which_is_dropped_counted_and_logged_in_one_line(
        self, layer, start, message, caplog
    ):
        before = counters.messages_invalid
        mine = await start().connect()
        await layer.group_send(CHAT, message)
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "mark"})
        await until(lambda: mine.got)
        assert mine.heard == ["mark"]
        [record] = caplog.records
        assert (record.name, record.levelname, record.exc_info) == ("tornado_websockets", "ERROR", None)
        assert len(record.getMessage()) < 350
        assert counters.messages_invalid == before + 1

    @pytest.mark.parametrize(
        ("wrong", "line"),
        [
            ({"event": 1}, "expected a string of 1 to 8388608 characters as 'event', got 1"),
            ({"data": [1]}, "expected a dict, a string, or nothing as 'data', got [1]"),
            ({"data": {"a": {1, 2}}}, "Object of type set is not JSON serializable (event 'say', path '/chat')"),
        ],
        ids=repr,
    )
    async def test_are_told_in_the_log_what_is_wrong_with_their_event(self, layer, start, wrong, line, caplog):
        await start().connect()
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "say", **wrong})
        await until(lambda: caplog.records)
        assert line in caplog.text

    async def test_are_not_told_of_each_when_they_send_much_nonsense(self, layer, start, caplog):
        before = counters.messages_invalid
        mine = await start().connect()
        for number in range(100):
            await layer.group_send(CHAT, {"type": "chat.message"})
            await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": number})
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "mark"})
        await until(lambda: mine.got)
        assert len(caplog.records) == 2
        assert counters.messages_invalid == before + 200

    async def test_are_not_told_of_each_when_they_send_much_nonsense_to_processes(self, layer, start, caplog):
        before = counters.messages_invalid
        mine = await start().connect()
        notes = Notes("x", [*["people"] * 100, *map(str, range(100))], ["nonsense"] * 200)
        await layer.group_send(CHAT, notes.to_message())
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "mark"})
        await until(lambda: mine.got)
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert counters.messages_invalid == before + 200


async def lose(group, message):
    """What a layer that is full does with a message."""


class TestLosses:
    @staticmethod
    async def send(layer, first, *texts):
        batch = Batch("other", "/chat", first, list(map(frame, texts)), [None] * len(texts))
        await layer.group_send(CHAT, batch.to_message())

    async def test_are_counted_and_logged(self, layer, start, caplog):
        before = counters.messages_lost
        mine = await start().connect()
        await self.send(layer, 1, "a")
        await self.send(layer, 4, "d")
        await until(lambda: mine.heard == ["a", "d"])
        assert counters.messages_lost == before + 2
        [record] = caplog.records
        assert (record.name, record.levelname) == ("tornado_websockets", "WARNING")
        assert "2 messages" in record.getMessage()
        assert "/chat" in record.getMessage()

    async def test_are_none_of_answers_to_who_asks_the_processes(self, layer, start, caplog):
        before = counters.messages_lost
        mine = await start().connect("answers 1")
        for first in (1, 4):
            batch = Batch("other", "answers 1", first, [frame("a")], [None])
            await layer.group_send(group_name("answers 1"), batch.to_message())
        await until(lambda: mine.heard == ["a", "a"])
        assert counters.messages_lost == before
        assert caplog.records == []

    async def test_are_none_where_nothing_was_lost(self, layer, start, caplog):
        mine = await start().connect()
        await self.send(layer, 7, "a", "b")
        await self.send(layer, 9, "c")
        await until(lambda: mine.heard == ["a", "b", "c"])
        assert caplog.records == []

    async def test_are_also_of_what_a_sender_that_began_meanwhile_sent_first(self, layer, start, caplog):
        before = counters.messages_lost
        here, there = start(), start()
        mine, _ = await here.connect(), await there.connect("/other")
        layer.group_send, group_send = lose, layer.group_send
        for number in range(3):
            there.hub.emit(say(frame(str(number))))
        await until(lambda: not there.relay._sender._queues)
        await there.relay._sender.drain()
        layer.group_send = group_send
        there.hub.emit(say(frame("3")))
        await until(lambda: mine.heard == ["3"])
        assert counters.messages_lost == before + 3
        assert "3 messages" in caplog.text

    async def test_are_none_while_nobody_was_here(self, layer, start, caplog):
        here = start()
        await here.connect("/other")
        mine = await here.connect()
        await self.send(layer, 1, "a")
        await until(lambda: mine.got)
        await here.disconnect(mine)
        mine = await here.connect()
        await self.send(layer, 9, "x")
        await until(lambda: mine.heard == ["x"])
        assert caplog.records == []

    async def test_are_not_what_comes_twice(self, layer, start, caplog):
        mine = await start().connect()
        await self.send(layer, 1, "a")
        await self.send(layer, 2, "b", "c")
        await self.send(layer, 2, "b", "c")
        await self.send(layer, 3, "c", "d")
        await until(lambda: "d" in mine.heard)
        assert mine.heard == ["a", "b", "c", "d"]
        assert caplog.records == []

    @pytest.mark.parametrize("texts", [("a",), ()], ids=["all came before", "none"])
    async def test_are_none_of_a_history_where_nothing_new_comes(self, layer, start, caplog, texts):
        class Keeper:
            def take(self, messages):
                taken.append([message.place.number for message in messages])

        taken = []
        process = start()
        process.hub.keeper = Keeper()
        mine = await process.connect()
        for count in (1, len(texts)):
            placed = Batch("other", "/chat", 1, [frame("a")] * count, [None] * count, places=[("other", 1, "")] * count)
            await layer.group_send(CHAT, placed.to_message())
        await self.send(layer, 2, "b")
        await until(lambda: mine.heard == ["b"])
        assert taken == [[1]]
        assert caplog.records == []


class TestIncredibleNumbers:
    async def test_count_as_no_loss_and_hide_nothing_of_the_real_sender(self, layer, start, caplog):
        before = counters.messages_lost
        here, there = start(), start()
        mine, theirs = await here.connect(), await there.connect()
        here.hub.emit(say(frame("one")))
        await until(lambda: theirs.got)
        [sent] = [message for _, message in layer.named("group_send")]
        await layer.group_send(CHAT, {**sent, "first": 2**53, "texts": [frame("spoofed")], "keys": [None]})
        await until(lambda: len(theirs.got) == 2)
        for number in ("two", "three"):
            here.hub.emit(say(frame(number)))
            await until(lambda: mine.heard[-1] == theirs.heard[-1])
        assert theirs.heard == ["one", "spoofed", "two", "three"]
        assert counters.messages_lost == before
        [record] = caplog.records
        assert "do not follow those before" in record.getMessage()


class TestMemory:
    async def test_of_a_path_ends_with_its_last_client(self, layer, start):
        here, there = start(), start()
        mine, theirs, _ = await here.connect(), await there.connect(), await there.connect("/other")
        staying = await here.connect("/other")
        here.hub.emit(say(frame("hi")))
        await until(lambda: theirs.got)
        await here.disconnect(mine)
        await there.disconnect(theirs)
        assert here.relay._sender._numberings[Kind.PLAIN]._here == {}
        assert there.relay._tally._heard == {}
        assert staying.got == []

    async def test_that_ended_leaves_no_losses_and_no_repetitions_behind(self, layer, start, caplog):
        here, there = start(), start()
        await here.connect("/other")
        theirs = await there.connect()
        for number in range(3):
            mine = await here.connect()
            for half in "ab":
                here.hub.emit(say(frame(f"{number}{half}")))
            await until(lambda: len(theirs.got) == 2 * number + 2)  # noqa: B023 it is awaited here
            await here.disconnect(mine)
        assert theirs.heard == ["0a", "0b", "1a", "1b", "2a", "2b"]
        assert caplog.records == []

    async def test_is_little_for_paths_where_nobody_is(self, layer, start):
        here = start()
        outcomes = [
            publish(here, frame("hi"), "/room/".ljust(MAX_PATH - 4, "x") + f"{number:04}") for number in range(3_000)
        ]
        for outcome in outcomes:
            await asyncio.wrap_future(outcome)
        numbering = here.relay._sender._numberings[Kind.PLAIN]
        assert numbering._here == {}
        assert len(numbering._elsewhere) * MAX_PATH < 1024 * 1024


class TestRoom:
    """Who can wait asks whether too much waits for a path; what that means is the sender's."""

    @pytest.mark.parametrize("layers", [{}, IN_MEMORY, BROKER], ids=["none", "in memory", "broker"])
    async def test_is_there_where_nothing_was_sent(self, start, layers):
        with override_settings(CHANNEL_LAYERS=layers):
            here = start()
            assert not here.relay.is_congested("/chat")
            await asyncio.wait_for(here.relay.room("/chat"), 0.5)

    async def test_is_waited_for_where_the_layer_is_slow(self, layer, start):
        here = start()
        await here.connect()
        layer.is_hanging = True
        for _ in range(20):
            here.relay.publish(say("x" * 100_000))
        assert here.relay.is_congested("/chat")
        assert not here.relay.is_congested("/other")
        waiting = asyncio.create_task(here.relay.room("/chat"))
        await turns()
        assert not waiting.done()
        layer.is_hanging = False
        await asyncio.wait_for(waiting, 1)
        assert not here.relay.is_congested("/chat")


class TestTuning:
    """The values of a relay are those of its parts."""

    async def test_bounds_what_waits(self, layer, start):
        here = start(queue=QueueBounds(max_bytes=5_000))
        with pytest.raises(PublishError):
            await asyncio.wrap_future(publish(here, frame("x" * 5_000)))

    async def test_says_how_long_sending_takes(self, layer, start):
        here = start(sending=SendTiming(call_timeout=0.01))
        layer.is_hanging = True
        with pytest.raises(PublishError):
            await asyncio.wait_for(asyncio.wrap_future(publish(here, frame("hi"))), 1)
        layer.is_hanging = False

    async def test_says_how_often_groups_are_joined(self, layer, start):
        here = start(receiving=ReceiveTiming(rejoin_interval=0.01))
        await here.connect()
        layer.forget_groups()
        await until(lambda: layer.groups.get(CHAT), seconds=2)

    @pytest.mark.parametrize(("most", "lost"), [(0, 0), (10, 5)])
    async def test_says_which_numbers_are_believed(self, layer, start, most, lost):
        before = counters.messages_lost
        mine = await start(numbering=NumberingBounds(lost=most)).connect()
        await TestLosses.send(layer, 1, "a")
        await TestLosses.send(layer, 7, "g")
        await until(lambda: mine.heard == ["a", "g"])
        assert counters.messages_lost == before + lost


class TestEventLoops:
    def test_one_after_another_are_served(self, layer):
        process = Process(Tuning())

        async def serve():
            mine = await process.connect()
            await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "say"})
            await until(lambda: mine.got)
            await process.disconnect(mine)

        asyncio.run(serve())
        asyncio.run(serve())

    def test_that_ended_with_clients_on_them_are_replaced(self, layer):
        process = Process(Tuning())

        async def serve():
            mine = await process.connect()
            await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "say"})
            await until(lambda: mine.got)

        asyncio.run(serve())
        asyncio.run(serve())
        publish(process, frame("hi")).result(10)
        process.relay._thread.stop()
        assert layer.texts == [frame("hi")]

    async def test_several_share_one_receiver(self, layer, start):
        here = start()
        await here.connect()
        ready, end, got = threading.Event(), threading.Event(), []

        async def serve():
            member = await here.connect("/other")
            ready.set()
            await until(lambda: member.got)
            got.extend(member.got)
            await here.disconnect(member)
            await asyncio.to_thread(end.wait, 10)

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        await asyncio.to_thread(ready.wait, 10)
        assert len(layer.named("new_channel")) == 1
        await layer.group_send(group_name("/other"), {"type": "websocket.event", "path": "/other", "event": "say"})
        await until(lambda: got)
        end.set()
        await asyncio.to_thread(thread.join, 10)
        assert json.loads(got[0])["event"] == "say"


async def test_a_new_layer_gets_a_new_receiver(start):
    here = start()
    with override_settings(CHANNEL_LAYERS=BROKER):
        first = await here.connect()
    with override_settings(CHANNEL_LAYERS=BROKER):
        layer = get_channel_layer()
        second = await here.connect()
        await layer.group_send(CHAT, {"type": "websocket.event", "path": "/chat", "event": "say"})
        await until(lambda: first.got and second.got)
        await here.end()


@override_settings(CHANNEL_LAYERS=SLOWLY_MADE)
async def test_threads_that_publish_first_share_a_layer(start):
    here = start()
    publications = (asyncio.to_thread(publish, here, "hi") for _ in range(4))
    for outcome in await asyncio.gather(*publications):
        await asyncio.wrap_future(outcome)
    assert SlowlyMadeLayer.made == 1


def test_a_process_that_serves_nobody_waits_until_all_is_sent():
    script = """
        import os, django
        from django.conf import settings

        settings.configure(
            INSTALLED_APPS=["tornado_websockets", "channels_bridge"],
            CHANNEL_LAYERS={"default": {"BACKEND": "tests.support.layers.BrokerLayer"}},
        )
        django.setup()
        from channels.layers import get_channel_layer
        from tornado_websockets.modules import ProgressBar
        from tornado_websockets.websocket import WebSocket

        bar, ws = ProgressBar("rows", max=2), WebSocket("/chat")
        ws.bind(bar)
        child = os.fork()
        if child == 0:
            bar.tick()
            bar.tick()
            print([text.partition('"data"')[0] for text in get_channel_layer().texts][-1], flush=True)
            os._exit(0)
        os.waitpid(child, 0)
    """
    last = '{"event":"module_progressbar_rows_done",'
    assert run_script(script, are_warnings_errors=False) == f"{last}\n"  # since Python 3.12 forking with threads warns


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_a_forked_process_begins_anew(fork):
    script = f"""
        import asyncio, ctypes, os
        from django.conf import settings

        settings.configure(CHANNEL_LAYERS={BROKER!r})
        from channels.layers import get_channel_layer
        from channels_bridge.relay.publisher import Relay
        from tornado_websockets.core.protocol.frames import Encoder
        from tornado_websockets.core.delivery.hub import Hub, shared_future
        from tornado_websockets.core.delivery.message import Message

        def publish():
            outcome = shared_future()
            relay.publish(Message("/chat", "say", "hi"), outcome)
            outcome.result(10)

        relay = Relay(Hub(), Encoder())
        publish()
        parents, layer = relay._sender.name, get_channel_layer()
        # Nobody forks while another thread is at work: it may hold a lock, which the child would wait for.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), relay.loop()).result(10)
        child = {fork}
        if child == 0:
            publish()
            assert get_channel_layer() is not layer
            [[_, sent]] = get_channel_layer().named("group_send")
            assert sent["first"] == 1
            os._exit(0 if relay._sender.name.partition(".")[0] != parents.partition(".")[0] else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_script(script, are_warnings_errors=False) == "0\n"  # since Python 3.12 forking with threads warns
