import asyncio

import pytest
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from channels_bridge.relay.redis_groups import LIFETIME, OWN, Membership, RedisMembership, membership_in
from tests.support.layers import BrokerLayer
from tests.support.waiting import until


@pytest.fixture
async def make_layer(redis):
    """Makes core layers, as several processes have them: on one Redis, with keys that only this test uses."""
    layers = []

    def make(databases=1, **config):
        address = redis.url.removesuffix("/0")
        hosts = [{"address": f"{address}/{number}", "socket_timeout": None} for number in range(databases)]
        layers.append(RedisChannelLayer(hosts=hosts, prefix="membership", **config))
        return layers[-1]

    yield make
    await layers[0].flush()
    for layer in layers:
        await layer.close_pools()


async def channels(layer, group):
    """In the group, by the layer's own key."""
    return {name.decode() for name in await layer.connection(layer.consistent_hash(group)).zrange(key(group), 0, -1)}


def key(group):
    return f"membership:group:{group}"


async def until_gone(look):
    """Wait until what it looks at is empty."""

    async def is_gone():
        return not await look()

    await until(is_gone, pause=0.05)


class TestInTheCoreLayer:
    async def test_is_that_of_the_layer(self, make_layer):
        layer = make_layer()
        membership = membership_in(layer, print)
        assert isinstance(membership, RedisMembership)
        channel = await layer.new_channel(OWN)
        assert await membership.renew(["a"], channel) == ["a"]
        assert await membership.renew(["a", "b"], channel) == ["b"]  # which it was not in
        for group in ("a", "b"):
            await layer.group_send(group, {"type": "x", "group": group})
        assert [(await layer.receive(channel))["group"] for _ in range(2)] == ["a", "b"]
        await layer.group_discard("a", channel)
        assert await channels(layer, "a") == set()

    async def test_ends_soon_when_nobody_renews_it(self, make_layer):
        layer = make_layer()
        await membership_in(layer, print).renew(["a"], await layer.new_channel(OWN))
        assert 0 < await layer.connection(0).ttl(key("a")) <= LIFETIME

    async def test_ends_sooner_where_the_layer_is_told_so(self, make_layer):
        layer = make_layer(group_expiry=5)
        membership = membership_in(layer, print)
        await membership.renew(["a"], await layer.new_channel(OWN))
        assert 0 < await layer.connection(0).ttl(key("a")) <= 5
        assert membership.lifetime == 5

    async def test_of_others_is_kept_while_they_renew_it(self, make_layer):
        here, there = make_layer(group_expiry=2), make_layer(group_expiry=2)
        mine, theirs = await here.new_channel(OWN), await there.new_channel(OWN)
        for _ in range(15):
            await membership_in(here, print).renew(["a"], mine)
            await membership_in(there, print).renew(["a"], theirs)
            await asyncio.sleep(0.2)
            assert await channels(here, "a") == {mine, theirs}

    @pytest.mark.parametrize("databases", [1, 3])
    async def test_of_others_ends_when_they_do_not_and_so_do_their_messages(self, make_layer, databases):
        here, there = (make_layer(databases, group_expiry=1, expiry=1) for _ in range(2))
        mine, theirs = await here.new_channel(OWN), await there.new_channel(OWN)
        groups = [f"group{number}" for number in range(20)]
        await membership_in(there, print).renew(groups, theirs)
        for group in groups:
            await here.group_send(group, {"type": "x"})
        await there.receive(theirs)  # and no more
        await there.wait_received()
        queue = there.non_local_name(theirs)
        dying = here.connection(here.consistent_hash(queue))
        await dying.zadd(f"membership{queue}$inflight", {"x": 1})  # as of a process that is killed while it takes one
        membership = membership_in(here, print)

        async def look():
            await membership.renew(groups, mine)
            return [name for group in groups for name in await channels(here, group) if name != mine]

        await until_gone(look)

        async def left():
            keys = f"*{theirs.partition('!')[0]}*"  # servers of other tests may have theirs
            return [name for number in range(databases) for name in await here.connection(number).keys(keys)]

        await until_gone(left)

    async def test_of_a_channel_that_was_given_up_takes_no_messages_of_the_next_one_along(self, make_layer):
        here, there = make_layer(group_expiry=1), make_layer(group_expiry=1)
        old, new = [await there.new_channel(OWN) for _ in range(2)]
        await membership_in(there, print).renew(["a"], old)
        membership, mine = membership_in(here, print), await here.new_channel(OWN)

        async def look():
            await membership_in(there, print).renew(["b"], new)
            await membership.renew(["a"], mine)
            return await channels(here, "a") - {mine}

        await membership_in(there, print).renew(["b"], new)
        for number in range(3):
            await here.group_send("b", {"type": "x", "number": number})
        await until_gone(look)
        async with asyncio.timeout(5):
            assert [(await there.receive(new))["number"] for _ in range(3)] == [0, 1, 2]

    async def test_of_a_channel_that_is_not_ours_lasts_as_the_layer_wants_it(self, make_layer):
        layer = make_layer()
        connection, other = layer.connection(0), await layer.new_channel()
        await layer.group_add("a", other)
        await connection.zincrby(key("a"), -2 * LIFETIME, other)  # a minute ago
        mine = await layer.new_channel(OWN)
        await membership_in(layer, print).renew(["a"], mine)
        assert await channels(layer, "a") == {mine, other}
        assert await connection.ttl(key("a")) > LIFETIME
        await layer.group_send("a", {"type": "x"})
        assert await layer.receive(other) == {"type": "x"}


class TestInOtherLayers:
    async def test_is_joined_group_by_group(self):
        layer = BrokerLayer()
        membership = membership_in(layer, print)
        assert type(membership) is Membership
        assert await membership.renew(["a", "b"], "me") == []  # nothing is known of what was before
        assert layer.groups == {"a": {"me"}, "b": {"me"}}

    async def test_lasts_where_nothing_says_otherwise(self):
        assert membership_in(BrokerLayer(), print).lifetime is None


async def test_the_pubsub_layer_tells_when_it_was_connected_anew(mortal_redis):
    """It comes back by itself, and raises nothing: what it missed is asked for as soon as it hears again."""
    layer, breaks = RedisPubSubChannelLayer(hosts=[mortal_redis.url]), []
    membership = membership_in(layer, lambda: breaks.append(1))
    channel = await layer.new_channel(OWN)
    for _ in range(2):
        await membership.renew(["a"], channel)
    assert breaks == []
    [shard] = layer._shards
    assert len(shard._pubsub.connection._connect_callbacks) == 2  # its own, and ours once
    await asyncio.to_thread(mortal_redis.kill)
    await asyncio.to_thread(mortal_redis.start)
    await until(lambda: breaks)
    await layer.group_send("a", {"type": "x"})
    assert await layer.receive(channel) == {"type": "x"}
    await layer.flush()
