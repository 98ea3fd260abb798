"""How much waits for the processes that receive, so that nothing is sent to a queue that is full."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .redis_groups import is_core


@dataclass(frozen=True, slots=True)
class QueueTiming:
    """How closely the queues of receivers are watched.

    :ivar share: of a queue's capacity that may be filled. The rest is for other senders, who look as well, and for
        programs that do not.
    :ivar step: of what is free by that, the part that is sent without looking again. Senders that look at the same time
        see the same free part.
    :ivar trust: seconds for which a look is believed.
    :ivar patience: seconds without a message taken after which a full queue keeps nobody waiting: its process was
        stopped or killed. What it misses is counted there.
    :ivar memory: seconds for which a process is looked at that was in no group lately.
    """

    share: float = 0.5
    step: float = 0.25
    trust: float = 1.0
    patience: float = 1.0
    memory: float = 10.0


def receivers_of(layer: Any, timing: QueueTiming = QueueTiming()) -> "RedisReceivers | None":
    """Those of a layer; ``None`` where nothing is known of them."""
    return RedisReceivers(layer, timing) if is_core(layer) else None


class RedisReceivers:
    """The processes that receive over the core layer of channels_redis.

    That layer keeps one queue for a process, however many groups it is in, and drops in silence what is above 100
    messages.
    """

    def __init__(self, layer: Any, timing: QueueTiming) -> None:
        self._layer = layer
        self._timing = timing
        self._queues: dict[str, _Queue] = {}  # by the name of the channel
        self._granted = 0
        self._granted_until = 0.0

    async def have_room(self, group: str) -> bool:
        """Whether another message for ``group`` may be sent now. Whoever is told that it may, sends it.

        It costs two exchanges with Redis for every dozen messages.
        """
        now = asyncio.get_running_loop().time()
        if not self._granted or now > self._granted_until:
            members = await self._members(group)
            for name in members:
                self._queues.setdefault(name, _Queue(int(self._layer.get_capacity(name) * self._timing.share), now))
            await self._look(members, now)
            if any(self._keeps_waiting(self._queues[name], now) for name in members):
                return False
            self._grant(now)
        self._granted -= 1
        return True

    def _grant(self, now: float) -> None:
        """Allow some messages, of which each may be for all of the processes that are known."""
        free = [
            queue.limit - queue.waiting
            for queue in self._queues.values()
            if queue.waiting < queue.limit or self._keeps_waiting(queue, now)
        ]
        self._granted = max(1, int(min(free, default=self._layer.capacity) * self._timing.step))
        self._granted_until = now + self._timing.trust

    def _keeps_waiting(self, queue: "_Queue", now: float) -> bool:
        return queue.waiting >= queue.limit and now - queue.moved < self._timing.patience

    async def _members(self, group: str) -> list[str]:
        """The channels in a group: one of each process, as our own are, and those of other programs."""
        key = f"{self._layer.prefix}:group:{group}"
        connection = self._layer.connection(self._layer.consistent_hash(group))
        return [name.decode() for name in await connection.zrange(key, 0, -1)]

    async def _look(self, members: Iterable[str], now: float) -> None:
        for name in members:
            self._queues[name].seen = now
        self._queues = {name: queue for name, queue in self._queues.items() if now - queue.seen < self._timing.memory}
        by_shard: defaultdict[int, list[str]] = defaultdict(list)
        for name in self._queues:
            by_shard[self._layer.consistent_hash(self._key(name))].append(name)
        for shard, names in by_shard.items():
            async with self._layer.connection(shard).pipeline(transaction=False) as commands:
                for name in names:
                    commands.zcard(self._layer.prefix + self._key(name))
                for name, waiting in zip(names, await commands.execute(), strict=True):
                    self._queues[name].note(waiting, now)

    def _key(self, name: str) -> str:
        key: str = self._layer.non_local_name(name) if "!" in name else name
        return key


class _Queue:
    """What waits for one process.

    :ivar limit: messages that should wait at most.
    :ivar moved: when it was last seen to become shorter, or to have room.
    :ivar seen: when it was last seen in a group.
    """

    __slots__ = ("limit", "moved", "seen", "waiting")

    def __init__(self, limit: int, now: float) -> None:
        self.limit = max(1, limit)
        self.waiting = 0
        self.moved = self.seen = now

    def note(self, waiting: int, now: float) -> None:
        if waiting < self.waiting or waiting < self.limit:
            self.moved = now
        self.waiting = waiting
