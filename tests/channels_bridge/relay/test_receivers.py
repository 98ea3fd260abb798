import asyncio

import pytest
from channels_redis.core import RedisChannelLayer

from channels_bridge.relay.batching import Outgoing
from channels_bridge.relay.receivers import QueueTiming, receivers_of
from channels_bridge.relay.redis_groups import OWN
from channels_bridge.relay.sender import Sender
from tests.support.layers import BrokerLayer
from tests.support.waiting import until
from tornado_websockets.core.delivery.group_names import group_name
from tornado_websockets.core.delivery.message import Message

MESSAGE = {"type": "x"}


@pytest.fixture
async def layer(redis):
    layer = RedisChannelLayer(hosts=[{"address": redis.url, "socket_timeout": None}], prefix="receivers", capacity=20)
    yield layer
    await layer.flush()
    await layer.close_pools()


@pytest.fixture
async def channel(layer):
    """Of a process that takes nothing unless a test does."""
    channel = await layer.new_channel(OWN)
    await layer.group_add("room", channel)
    return channel


async def fill(layer, messages, group="room"):
    for _ in range(messages):
        await layer.group_send(group, MESSAGE)


async def sent_until_full(layer, receivers, group="room"):
    """How many messages are let through before there is no room."""
    count = 0
    while count < 100 and await receivers.have_room(group):
        await layer.group_send(group, MESSAGE)
        count += 1
    return count


def test_are_unknown_of_any_other_layer():
    assert receivers_of(BrokerLayer()) is None


async def test_have_room_where_nobody_listens(layer):
    assert await receivers_of(layer).have_room("nobody")


async def test_have_room_for_half_of_what_the_layer_keeps(layer, channel):
    assert await sent_until_full(layer, receivers_of(layer)) == 10


async def test_have_room_again_once_they_have_taken_something(layer, channel):
    receivers = receivers_of(layer)
    await sent_until_full(layer, receivers)
    await layer.receive(channel)
    assert await sent_until_full(layer, receivers) == 1


async def test_are_not_overrun_by_many_senders_at_a_time(layer, channel):
    senders = [receivers_of(layer) for _ in range(6)]
    sent = await asyncio.gather(*(sent_until_full(layer, sender) for sender in senders))
    assert sum(sent) <= layer.capacity


async def test_of_other_groups_keep_nobody_waiting(layer, channel):
    receivers = receivers_of(layer)
    await layer.group_add("other", await layer.new_channel(OWN))
    layer.client_prefix = "another"  # process, with a queue of its own
    await layer.group_add("free", await layer.new_channel(OWN))
    await sent_until_full(layer, receivers)
    assert not await receivers.have_room("other")
    assert await receivers.have_room("free")


async def test_that_take_nothing_keep_nobody_waiting_for_long(layer, channel):
    receivers = receivers_of(layer, QueueTiming(patience=0.2))
    assert await sent_until_full(layer, receivers) == 10
    await until(lambda: receivers.have_room("room"), 5, pause=0.01)


async def test_have_queues_on_several_servers(redis):
    address = redis.url.removesuffix("/0")
    hosts = [{"address": f"{address}/{number}", "socket_timeout": None} for number in range(3)]
    layer = RedisChannelLayer(hosts=hosts, prefix="receivers", capacity=20)
    for number in range(6):
        layer.client_prefix = f"process{number}"
        await layer.group_add("room", await layer.new_channel(OWN))
    assert await sent_until_full(layer, receivers_of(layer)) == 10
    await layer.flush()
    await layer.close_pools()


async def test_that_are_slower_than_a_sender_lose_nothing_however_many_paths_it_sends_to(layer, channel):
    sender = Sender(layer, asyncio.get_running_loop(), "me", lambda topic: False)
    topics = [f"/room/{number}" for number in range(80)]
    for topic in topics:
        await layer.group_add(group_name(topic), channel)
    for topic in topics:
        sender.put(Outgoing(Message(topic, "say", "hi"), None))
    taken = []
    async with asyncio.timeout(20):
        while len(taken) < len(topics):
            taken.append((await layer.receive(channel))["path"])
            await asyncio.sleep(0.01)
    assert taken == topics
