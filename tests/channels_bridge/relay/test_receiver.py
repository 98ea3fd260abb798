import asyncio
import json
import threading
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from operator import contains, getitem

import msgpack
import pytest
from cryptography.fernet import Fernet

from channels_bridge.relay.receiver import Receiver, ReceiveTiming
from tests.support.layers import BrokerLayer
from tests.support.waiting import turns, until
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.group_names import group_name

CHAT = group_name("/chat")


#: The layer is tried again soon.
EAGER = ReceiveTiming(first_pause=0.01, longest_pause=0.01)


@pytest.fixture
def layer():
    return BrokerLayer()


@pytest.fixture
def taken():
    return []


@pytest.fixture
def forgotten():
    return []


@pytest.fixture
def timing():
    return EAGER


def timed(**values):
    """Run a test with these values."""
    return pytest.mark.parametrize("timing", [replace(EAGER, **values)], ids=[""])


@pytest.fixture
async def receiver(layer, taken, forgotten, timing):
    receiver = Receiver(layer, taken.append, forgotten.append, timing=timing)
    yield receiver
    layer.error, layer.is_hanging = None, False
    await turns()
    if not receiver.is_stopped:
        await receiver._stop()


def members(layer, group=CHAT):
    return layer.groups.get(group, set())


def levels(caplog):
    return [record.levelname for record in caplog.records]


def test_leaving_is_not_waited_for_when_the_loop_ends(caplog):
    async def stay(receiver):
        await receiver.join("/chat")
        try:
            await asyncio.sleep(100)
        finally:
            await receiver.leave("/chat")

    async def serve():
        tasks.append(asyncio.create_task(stay(Receiver(BrokerLayer(), print, print))))
        await turns()

    tasks = []
    start = time.monotonic()
    asyncio.run(serve())
    assert time.monotonic() - start < 1
    assert tasks[0].cancelled()
    assert caplog.records == []


class TestJoining:
    async def test_returns_when_the_group_is_joined(self, receiver, layer):
        await receiver.join("/chat")
        assert len(members(layer)) == 1

    async def test_uses_one_channel_for_all_topics(self, receiver, layer):
        await receiver.join("/chat")
        await receiver.join("/other")
        assert len(layer.named("new_channel")) == 1
        assert members(layer) == members(layer, group_name("/other"))

    async def test_again_asks_the_layer_nothing(self, receiver, layer):
        await receiver.join("/chat")
        before = len(layer.calls)
        await receiver.join("/chat")
        assert len(layer.calls) == before

    async def test_a_topic_that_is_no_path_is_done_alike(self, receiver, layer, taken):
        await receiver.join("chat")
        await receiver.join("/chat")
        assert group_name("chat") != CHAT
        await layer.group_send(group_name("chat"), {"number": 1})
        await until(lambda: taken == [{"number": 1}])
        await receiver.leave("chat")
        assert members(layer, group_name("chat")) == set()

    async def test_is_told_once_however_often_it_is_renewed(self, layer):
        joined = []
        receiver = Receiver(layer, print, print, timing=replace(EAGER, rejoin_interval=0.01), listen=joined.append)
        await receiver.join("/chat")
        await until(lambda: len(layer.named("group_add")) > 2)
        assert joined == ["/chat"]
        await receiver.leave("/chat")

    async def test_by_many_at_a_time_is_done_once(self, receiver, layer):
        await asyncio.gather(*(receiver.join("/chat") for _ in range(10)))
        assert len(layer.named("group_add")) == 1

    async def test_starts_to_receive(self, receiver, layer, taken):
        await receiver.join("/chat")
        await layer.group_send(CHAT, {"type": "x", "number": 1})
        await layer.group_send(CHAT, {"type": "x", "number": 2})
        await until(lambda: len(taken) == 2)
        assert [message["number"] for message in taken] == [1, 2]


class TestLeaving:
    async def test_returns_when_the_group_is_left(self, receiver, layer):
        await receiver.join("/chat")
        await receiver.join("/other")
        await receiver.leave("/chat")
        assert members(layer) == set()
        assert len(members(layer, group_name("/other"))) == 1

    async def test_forgets_the_topic(self, receiver, forgotten):
        await receiver.join("/chat")
        await receiver.join("/other")
        await receiver.leave("/chat")
        assert forgotten == ["/chat"]
        assert receiver.is_alive

    async def test_the_last_topic_ends_it(self, layer):
        before = asyncio.all_tasks()
        receiver = Receiver(layer, print, print)
        await receiver.join("/chat")
        await receiver.leave("/chat")
        assert receiver.is_stopped
        assert not receiver.is_alive
        assert asyncio.all_tasks() == before

    async def test_several_last_topics_at_a_time_leaves_all_groups(self, receiver, layer, caplog):
        paths = ["/one", "/two", "/three"]
        for path in paths:
            await receiver.join(path)
        await asyncio.gather(*(receiver.leave(path) for path in paths))
        assert not any(layer.groups.values())
        assert receiver.is_stopped
        assert caplog.records == []

    async def test_a_topic_that_was_never_joined_asks_the_layer_nothing(self, receiver, layer):
        await receiver.join("/chat")
        await receiver.leave("/other")
        assert layer.named("group_discard") == []

    async def test_is_undone_by_joining_again(self, receiver, layer):
        await receiver.join("/chat")
        await receiver.join("/other")
        await receiver.leave("/chat")
        await receiver.join("/chat")
        assert len(members(layer)) == 1

    async def test_is_undone_by_a_client_that_comes_meanwhile(self, receiver, layer, forgotten):
        await receiver.join("/chat")
        layer.is_hanging = True
        leaving = asyncio.create_task(receiver.leave("/chat"))
        await until(lambda: layer.named("group_discard"))
        joining = asyncio.create_task(receiver.join("/chat"))
        await turns()
        layer.is_hanging = False
        await asyncio.gather(leaving, joining)
        assert len(members(layer)) == 1
        assert receiver.is_alive
        assert forgotten == []

    @pytest.mark.parametrize("moment", range(12))
    async def test_ends_it_at_whatever_moment(self, layer, moment):
        receiver = Receiver(layer, print, print)
        joining = asyncio.create_task(receiver.join("/chat"))
        await turns(moment)
        stopping = asyncio.create_task(receiver._stop())
        await asyncio.wait([stopping], timeout=0.5)
        has_stopped = stopping.done()
        receiver._joining.cancel()
        joining.cancel()
        await asyncio.wait([stopping, joining])
        assert has_stopped


class TestALayerThatIsDown:
    async def test_keeps_no_client_waiting(self, receiver, layer):
        layer.error = ConnectionRefusedError("nobody there")
        await asyncio.wait_for(receiver.join("/chat"), 1)
        await asyncio.wait_for(receiver.join("/other"), 1)
        await asyncio.wait_for(receiver.leave("/other"), 1)

    async def test_is_joined_when_it_is_back(self, receiver, layer, taken):
        layer.error = ConnectionRefusedError("nobody there")
        await receiver.join("/chat")
        layer.error = None
        await until(lambda: members(layer))
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken)

    async def test_is_logged_once_and_so_is_its_end(self, receiver, layer, caplog):
        layer.error = ConnectionRefusedError("nobody there")
        await receiver.join("/chat")
        await until(lambda: len(layer.calls) > 5)
        layer.error = None
        await until(lambda: len(caplog.records) == 2)
        assert levels(caplog) == ["ERROR", "WARNING"]
        assert "nobody there" in caplog.text
        assert "is up again" in caplog.text

    async def test_that_knows_the_channel_no_more_is_asked_for_a_new_one(self, receiver, layer, taken):
        await receiver.join("/chat")
        [old] = members(layer)
        layer.forget_groups()
        layer.error = RuntimeError("no such channel")
        await receiver.join("/other")
        layer.error = None
        await until(lambda: members(layer) and members(layer, group_name("/other")))
        [new] = members(layer)
        assert new != old
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken == [{"number": 1}])

    @timed(rejoin_interval=0.01)
    async def test_that_lost_the_groups_is_joined_again_after_a_while(self, receiver, layer):
        await receiver.join("/chat")
        layer.forget_groups()
        await until(lambda: members(layer))

    @timed(rejoin_interval=0.05)
    async def test_that_lost_the_groups_is_joined_again_though_others_come_and_go(self, receiver, layer):
        await receiver.join("/chat")
        layer.forget_groups()
        deadline = asyncio.get_running_loop().time() + 2
        while not members(layer) and asyncio.get_running_loop().time() < deadline:
            await receiver.join("/other")
            await receiver.leave("/other")
        assert members(layer)

    async def test_that_lets_groups_expire_is_joined_again_before(self, layer):
        layer.group_expiry = 0.03
        receiver = Receiver(layer, print, print)
        await receiver.join("/chat")
        layer.forget_groups()
        await until(lambda: members(layer), seconds=1)
        await receiver.leave("/chat")

    async def test_that_lost_the_groups_is_joined_again_after_an_error(self, receiver, layer, caplog):
        await receiver.join("/chat")
        layer.forget_groups()
        layer.error = ConnectionResetError("gone")
        await turns()
        await until(lambda: layer.named("group_add")[1:])
        layer.error = None
        await until(lambda: members(layer))

    async def test_ends_a_stretch_of_hearing_everything(self, receiver, layer):
        assert receiver.stretch("/chat") == 0
        await receiver.join("/chat")
        first = receiver.stretch("/chat")
        layer.error = ConnectionResetError("gone")
        await until(lambda: receiver.stretch("/chat") == 0)
        layer.error = None
        await until(lambda: receiver.stretch("/chat") not in (0, first))

    async def test_is_told_once_everything_is_heard_again(self, layer):
        resumed = []
        receiver = Receiver(layer, print, print, timing=EAGER, resume=lambda: resumed.append(receiver.stretch("/chat")))
        await receiver.join("/chat")
        first = receiver.stretch("/chat")
        layer.error = ConnectionResetError("gone")
        await until(lambda: receiver.stretch("/chat") == 0)
        layer.error = None
        await until(lambda: resumed)
        assert resumed == [receiver.stretch("/chat")]
        assert resumed > [first]
        await receiver.leave("/chat")

    async def test_that_only_lets_an_idle_connection_time_out_ends_none(self, taken):
        class Idle(BrokerLayer):
            has_timed_out = False

            async def receive(self, channel):
                if not self.has_timed_out:
                    self.has_timed_out = True
                    raise TimeoutError("nothing has come")
                return await super().receive(channel)

        layer = Idle()
        receiver = Receiver(layer, taken.append, print, timing=replace(EAGER, quickly=0.0))
        await receiver.join("/chat")
        first = receiver.stretch("/chat")
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken)
        assert layer.has_timed_out
        assert receiver.stretch("/chat") == first
        await receiver.leave("/chat")

    @timed(rejoin_interval=0.01)
    async def test_that_says_that_a_group_was_lost_ends_the_stretch(self, receiver, layer):
        await receiver.join("/chat", "/other")
        first, other = receiver.stretch("/chat"), receiver.stretch("/other")
        renew, lost = receiver._membership.renew, [CHAT]

        async def renew_lost(groups, channel):
            await renew(groups, channel)
            return [lost.pop()] if lost and lost[0] in groups else []

        receiver._membership.renew = renew_lost
        await until(lambda: receiver.stretch("/chat") > first)
        assert receiver.stretch("/other") == other

    async def test_is_received_from_again_after_an_error(self, receiver, layer, taken):
        await receiver.join("/chat")
        layer.error = ConnectionResetError("gone")
        await until(lambda: layer.named("group_add")[1:])
        layer.error = None
        await until(lambda: members(layer))
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken == [{"number": 1}])

    async def test_that_gives_no_messages_is_logged_once(self, caplog):
        class Mute(BrokerLayer):
            received = 0

            async def receive(self, channel):
                self.received += 1
                raise PermissionError("not allowed")

        layer = Mute()
        receiver = Receiver(layer, print, print, timing=replace(EAGER, failures=3))
        await receiver.join("/chat")
        await until(lambda: layer.received > 6)
        await receiver.leave("/chat")
        [record] = caplog.records
        assert record.levelname == "ERROR"
        assert "Cannot receive from the channel layer" in record.getMessage()
        assert "not allowed" in record.getMessage()

    async def test_is_joined_where_it_was_asked_to_be_left_meanwhile(self, receiver, layer):
        await receiver.join("/chat")
        await receiver.join("/other")
        layer.error = ConnectionResetError("gone")
        await receiver.leave("/other")
        layer.error = None
        await until(lambda: not members(layer, group_name("/other")))
        assert len(members(layer)) == 1

    async def test_pauses_longer_and_longer_but_not_too_long(self):
        loop = asyncio.get_running_loop()
        times = []

        class Timed(BrokerLayer):
            async def new_channel(self, prefix="specific"):
                times.append(loop.time())
                raise ConnectionRefusedError

        receiver = Receiver(Timed(), print, print, timing=ReceiveTiming(first_pause=0.002, longest_pause=0.008))
        await receiver.join("/chat")
        await until(lambda: len(times) >= 6)
        await receiver._stop()
        pauses = [later - earlier for earlier, later in pairwise(times)]
        assert pauses[0] >= 0.002
        assert pauses[1] >= 0.004
        assert all(pause >= 0.008 for pause in pauses[2:])


class Undecodable(BrokerLayer):
    """Raises what is in the place of a message."""

    async def receive(self, channel):
        message = await super().receive(channel)
        if isinstance(message, Exception):
            raise message
        return message


#: What decodes a message in vain, as the layers of channels_redis do it.
IN_VAIN = {
    "no msgpack": partial(msgpack.unpackb, b"\xc1"),
    "nothing": partial(msgpack.unpackb, b""),
    "more than msgpack": partial(msgpack.unpackb, b"\x01\x02"),
    "no text": partial(msgpack.unpackb, b"\xa1\xff"),
    "too deep": partial(msgpack.unpackb, b"\x91" * 5000),
    "too little": msgpack.Unpacker().unpack,
    "no JSON": partial(json.loads, "{"),
    "not encrypted": partial(Fernet(Fernet.generate_key()).decrypt, b"x"),
    "a number": partial(contains, 5, "__asgi_channel__"),
    "a list": partial(getitem, ["__asgi_channel__"], "__asgi_channel__"),
}


def error_of(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("expected an error")


class TestAMessageThatCannotBeRead:
    @pytest.fixture
    def layer(self):
        return Undecodable()

    @pytest.mark.parametrize("kind", IN_VAIN)
    async def test_holds_up_nothing_and_is_counted_and_logged_at_once(self, layer, taken, kind, caplog):
        before = counters.messages_invalid
        receiver = Receiver(layer, taken.append, print, timing=ReceiveTiming(first_pause=100))
        await receiver.join("/chat")
        await layer.group_send(CHAT, error_of(IN_VAIN[kind]))
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken == [{"number": 1}], seconds=1)
        [record] = caplog.records
        assert record.levelname == "ERROR"
        assert "cannot be read" in record.getMessage()
        assert counters.messages_invalid == before + 1
        await receiver.leave("/chat")

    async def test_holds_up_nothing_where_there_are_many_and_is_logged_rarely(self, receiver, layer, taken, caplog):
        await receiver.join("/chat")
        for _ in range(2_000):
            await layer.group_send(CHAT, ValueError("no message"))
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken == [{"number": 1}], seconds=5)
        assert len(caplog.records) == 1

    async def test_costs_no_joining_of_all_groups(self, receiver, layer, taken):
        await receiver.join("/chat")
        await layer.group_send(CHAT, ValueError("no message"))
        await layer.group_send(CHAT, {"number": 1})
        await until(lambda: taken)
        await turns()
        assert len(layer.named("group_add")) == 1

    async def test_is_told_from_a_layer_that_is_broken_by_the_pauses(self, caplog):
        class Broken(BrokerLayer):
            asked = 0

            async def receive(self, channel):
                self.asked += 1
                raise TypeError("not like that")

        layer = Broken()
        receiver = Receiver(layer, print, print)
        await receiver.join("/chat")
        started, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(0.5)
        cost = (time.process_time() - cpu) / (time.monotonic() - started)
        await receiver.leave("/chat")
        assert layer.asked <= EAGER.in_a_row * 0.6 / EAGER.breath
        assert cost < 0.8
        assert len(caplog.records) == 1


class TestALayerThatHangs:
    @timed(call_timeout=0.05)
    async def test_is_given_up_and_tried_again(self, receiver, layer, caplog):
        layer.is_hanging = True
        await asyncio.wait_for(receiver.join("/chat"), 5)
        assert levels(caplog) == ["ERROR"]
        layer.is_hanging = False
        await until(lambda: members(layer))

    @timed(call_timeout=60, wait_timeout=0.02)
    async def test_keeps_a_client_waiting_only_for_a_while(self, receiver, layer, caplog):
        layer.is_hanging = True
        await asyncio.wait_for(receiver.join("/chat"), 5)
        assert "takes long to join or leave the group of '/chat'" in caplog.text
        layer.is_hanging = False
        await until(lambda: members(layer))

    @timed(call_timeout=60, wait_timeout=0.02)
    async def test_is_told_of_once_for_many_topics(self, receiver, layer, caplog):
        layer.is_hanging = True
        topics = "/chat", *(f"/people/h{number}" for number in range(20))
        await asyncio.wait_for(asyncio.gather(*map(receiver.join, topics)), 5)
        assert levels(caplog) == ["WARNING"]
        layer.is_hanging = False
        await until(lambda: members(layer))


class TestManyMessages:
    async def test_let_others_run(self, layer):
        class Endless(BrokerLayer):
            async def receive(self, channel):
                return {"number": 1}

        taken = []
        receiver = Receiver(Endless(), taken.append, print)
        await receiver.join("/chat")
        await turns(5)
        assert taken
        await receiver.leave("/chat")
        assert receiver.is_stopped

    async def test_do_not_wait_for_the_rejoining(self, receiver, layer, taken):
        await receiver.join("/chat")
        layer.is_hanging = True
        joining = asyncio.create_task(receiver.join("/other"))
        await turns()
        layer.is_hanging = False
        sent = asyncio.create_task(layer.group_send(CHAT, {"number": 1}))
        await until(lambda: taken)
        await asyncio.gather(joining, sent)


class TestBeingAlive:
    async def test_is_so_from_the_start(self, receiver):
        assert receiver.is_alive

    def test_ends_with_the_loop(self):
        async def make():
            receiver = Receiver(BrokerLayer(), print, print)
            await receiver.join("/chat")
            return receiver

        assert not asyncio.run(make()).is_alive

    async def test_is_seen_from_other_threads(self, receiver):
        assert await asyncio.to_thread(lambda: receiver.is_alive)
        assert threading.current_thread() is threading.main_thread()
