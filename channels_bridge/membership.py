"""The channel of a process in the groups of the layer, and what killed processes leave behind there."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

#: Seconds after which a channel that was not renewed is taken for that of a killed process.
LIFETIME = 30


def membership_in(layer: Any) -> "Membership":
    """What suits the layer."""
    core = sys.modules.get("channels_redis.core")
    is_core = core is not None and isinstance(layer, core.RedisChannelLayer)
    return RedisMembership(layer) if is_core else Membership(layer)


class Membership:
    """Membership in the groups of any layer.

    :ivar lifetime: seconds within which it must be renewed; ``None`` where it lasts.
    :ivar at_once: groups that one call of :meth:`renew` should be given.
    """

    at_once = 1

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.lifetime: float | None = getattr(layer, "group_expiry", None)  # not every layer has one

    async def renew(self, groups: Sequence[str], channel: str) -> None:
        """Join the groups, or stay in them."""
        for group in groups:
            await self._layer.group_add(group, channel)


class RedisMembership(Membership):
    """Membership in the groups of the core layer of channels_redis.

    That layer keeps a channel in its groups for a day, and up to 100 messages for it that nobody will take. Here,
    groups end with the last process that renews them, and who did not renew is removed by those who do. Times are of
    the clock of Redis, since those of several hosts may differ.
    """

    at_once = 50  # some milliseconds

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self._seconds = min(LIFETIME, layer.group_expiry)
        self.lifetime = self._seconds

    async def renew(self, groups: Sequence[str], channel: str) -> None:
        by_shard: defaultdict[int, list[str]] = defaultdict(list)
        for group in groups:
            by_shard[self._layer.consistent_hash(group)].append(group)
        dead: set[bytes] = set()
        for shard, own in by_shard.items():
            dead.update(await self._renew(self._layer.connection(shard), own, channel))
        for each in dead:
            await self._bury(each.decode())

    async def _renew(self, connection: Any, groups: Sequence[str], channel: str) -> list[bytes]:
        """Renew in one exchange; returns the channels that were removed."""
        seconds, microseconds = await connection.time()
        now = seconds + microseconds / 1_000_000
        latest = now - self._seconds
        async with connection.pipeline(transaction=False) as commands:
            for group in groups:
                key = f"{self._layer.prefix}:group:{group}"
                commands.zadd(key, {channel: now})
                commands.expire(key, self._seconds)
                commands.zrangebyscore(key, "-inf", latest)
                commands.zremrangebyscore(key, "-inf", latest)
            answers = await commands.execute()
        return [dead for found in answers[2::4] for dead in found]

    async def _bury(self, channel: str) -> None:
        """Delete the messages that wait for ``channel``."""
        name = self._layer.non_local_name(channel)
        key = self._layer.prefix + name
        await self._layer.connection(self._layer.consistent_hash(name)).delete(key, f"{key}$inflight")
