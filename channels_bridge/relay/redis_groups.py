"""The channel of a process in the groups of the layer, and what killed processes leave behind there."""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

#: What the names of our channels begin with. Others may be in the same groups, of a program that listens there perhaps.
OWN = "tornado-websockets"

#: Seconds after which a channel of ours that was not renewed is taken for that of a killed process.
LIFETIME = 30


def membership_in(layer: Any, on_break: Callable[[], object]) -> "Membership":
    """What suits the layer.

    :param on_break: called when something may have been missed, where the layer does not say so by an error.
    """
    if is_core(layer):
        return RedisMembership(layer)
    return PubSubMembership(layer, on_break) if is_pubsub(layer) else Membership(layer)


def is_core(layer: Any) -> bool:
    """Whether ``layer`` is the core layer of channels_redis."""
    core = sys.modules.get("channels_redis.core")
    return core is not None and isinstance(layer, core.RedisChannelLayer)


def is_pubsub(layer: Any) -> bool:
    """Whether ``layer`` is the pub/sub layer of channels_redis."""
    pubsub = sys.modules.get("channels_redis.pubsub")
    return pubsub is not None and isinstance(layer, pubsub.RedisPubSubChannelLayer)


class Membership:
    """Membership in the groups of any layer.

    :ivar lifetime: seconds within which it must be renewed; ``None`` where it lasts.
    :ivar at_once: groups that one call of :meth:`renew` should be given.
    """

    at_once = 1

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.lifetime: float | None = getattr(layer, "group_expiry", None)  # not every layer has one

    async def renew(self, groups: Sequence[str], channel: str) -> list[str]:
        """Join the groups, or stay in them; which ones it was not in, as far as the layer tells."""
        for group in groups:
            await self._layer.group_add(group, channel)
        return []


class PubSubMembership(Membership):
    """Membership in the groups of the pub/sub layer of channels_redis, which comes back by itself, and says nothing."""

    def __init__(self, layer: Any, on_break: Callable[[], object]) -> None:
        super().__init__(layer)
        self._on_break = on_break

    async def renew(self, groups: Sequence[str], channel: str) -> list[str]:
        lost = await super().renew(groups, channel)
        for shard in getattr(self._layer, "_shards", ()):
            connection: Any = getattr(getattr(shard, "_pubsub", None), "connection", None)
            if hasattr(connection, "register_connect_callback"):
                connection.register_connect_callback(self._note_connected)  # once, however often
        return lost

    def _note_connected(self, _: Any) -> None:
        self._on_break()


class RedisMembership(Membership):
    """Membership in the groups of the core layer of channels_redis.

    That layer keeps a channel in its groups for a day, and up to 100 messages for it that nobody will take. Here, a
    group ends with the last process that renews it, and who did not renew is removed by those who do; channels that
    are not ours stay. Times are of the clock of Redis, since those of several hosts may differ.
    """

    at_once = 50  # some milliseconds

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self._seconds = min(LIFETIME, layer.group_expiry)
        self.lifetime = self._seconds

    async def renew(self, groups: Sequence[str], channel: str) -> list[str]:
        by_shard: defaultdict[int, list[str]] = defaultdict(list)
        for group in groups:
            by_shard[self._layer.consistent_hash(group)].append(group)
        added: list[str] = []
        dead: set[str] = set()
        for shard, those in by_shard.items():
            are_new, removed = await self._renew(self._layer.connection(shard), those, channel)
            added += compress(those, are_new)
            dead |= removed
        for each in dead:
            await self._bury(each)
        return added

    async def _renew(self, connection: Any, groups: Sequence[str], channel: str) -> tuple[Sequence[int], set[str]]:
        """Renew in two exchanges; returns whether the channel was new to each, and the channels that were removed."""
        keys = [f"{self._layer.prefix}:group:{group}" for group in groups]
        seconds, microseconds = await connection.time()
        now = seconds + microseconds / 1_000_000
        async with connection.pipeline(transaction=False) as commands:
            for key in keys:
                commands.zadd(key, {channel: now})
                commands.zrange(key, 0, -1, withscores=True)
            answers = await commands.execute()
            are_new, members = answers[::2], answers[1::2]
            removed: set[str] = set()
            for key, scores in zip(keys, members, strict=True):
                ours = {name.decode(): score for name, score in scores if name.startswith(OWN.encode())}
                dead = {name for name, score in ours.items() if score < now - self._seconds}
                if dead:
                    commands.zrem(key, *dead)
                commands.expire(key, self._seconds if len(ours) == len(scores) else self._layer.group_expiry)
                removed |= dead
            await commands.execute()
        return are_new, removed

    async def _bury(self, channel: str) -> None:
        """Let the messages that wait for ``channel`` end in time, a kept copy of one that it was taking as well.

        They are not deleted: they wait together with those for any other channel of the same layer object, whose
        process may live and have a new one.
        """
        name = self._layer.non_local_name(channel)
        key, seconds = self._layer.prefix + name, int(self._layer.expiry)
        async with self._layer.connection(self._layer.consistent_hash(name)).pipeline(transaction=False) as commands:
            commands.expire(key, seconds)
            commands.expire(f"{key}$inflight", seconds)
            await commands.execute()
