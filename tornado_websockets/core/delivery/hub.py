"""All connections of this process, and the way to those of other processes."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ..control import Control, Note
from ..forking import after_fork
from ..handlers.calling import current
from ..handlers.inheriting import inherit_in_threads
from ..logger import logger
from .message import Message
from .scheduler import Backlog, Delivery
from .shard import Pace, Shard

if TYPE_CHECKING:
    from .keeper import Keeper
    from .member import Member
    from .publisher import Publisher

#: Deliveries that are in line, and of which shard.
Placed = list[tuple[Shard, Backlog]]


class Hub:
    """Every open connection of a process.

    :param pace: of each of its shards.
    :ivar publisher: the way to other processes, where there is one.
    :ivar keeper: what numbers and keeps the events of some topics, where there are such.
    :ivar control: what it is told by other processes besides messages.
    """

    def __init__(self, pace: Pace = Pace()) -> None:  # noqa: B008 it is frozen
        self.publisher: Publisher | None = None
        self.keeper: Keeper | None = None
        self._pace = pace
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without connections, as a forked process must."""
        self._shards: dict[asyncio.AbstractEventLoop, Shard] = {}
        self._clients: Counter[str] = Counter()  # by topic, the connecting ones included
        self._lock = threading.Lock()
        self._has_noted = False
        self.control = Control(self)

    def shard(self) -> Shard:
        """The shard of the running event loop."""
        loop = asyncio.get_running_loop()
        shard = self._shards.get(loop)
        if shard is None:
            inherit_in_threads()  # now that somebody's handlers are going to run
            with self._lock:
                for closed in [loop for loop in self._shards if loop.is_closed()]:
                    del self._shards[closed]
                shard = self._shards[loop] = Shard(loop, self._pace)
        return shard

    @property
    def is_empty(self) -> bool:
        """Whether this process serves nobody."""
        return not self._clients

    @property
    def shards(self) -> list[Shard]:
        """Those of each event loop that has served somebody."""
        return list(self._shards.values())

    def topics(self) -> list[str]:
        """Every topic that has clients in this process."""
        with self._lock:
            return list(self._clients)

    def has_clients(self, topic: str) -> bool:
        """Whether ``topic`` has clients in this process."""
        return topic in self._clients

    def hears(self, topic: str) -> bool:
        """Whether what other processes send to ``topic`` is wanted here, by its clients or for those who come back."""
        return topic in self._clients or (self.keeper is not None and self.keeper.listens_on(topic))

    async def enter(self, topic: str, *, wait: bool = True) -> None:
        """A client of ``topic`` is about to connect. Pairs with :meth:`leave`.

        :param wait: until what other processes send there is heard; else it will be, with the next topic.
        """
        with self._lock:
            self._clients[topic] += 1
        if wait and self.publisher is not None:
            await self.publisher.join(topic)

    async def leave(self, topic: str) -> None:
        """A client of ``topic`` has gone."""
        if self.count_out(topic):
            await self.stop_hearing(topic)

    def count_out(self, topic: str) -> bool:
        """A client of ``topic`` has gone; whether it was the last one, after which :meth:`stop_hearing` is due."""
        with self._lock:
            self._clients[topic] -= 1
            is_last = self._clients[topic] <= 0
            if is_last:
                del self._clients[topic]
        return is_last

    async def stop_hearing(self, topic: str) -> None:
        """Bring in no more of what other processes send to ``topic``, unless a client has come meanwhile."""
        if self.publisher is not None:
            await self.publisher.leave(topic)

    def subscribe(self, member: "Member", shard: Shard, topic: str) -> None:
        """Let ``member``, a client of ``shard``, hear what is sent to ``topic``."""
        shard.subscribe(member, topic)

    def place(self, message: Message) -> Placed:
        """Put in line for those who hear ``message`` now, in the order of its topic; deliver nothing, wait for nobody.

        What is returned is for :meth:`push_on`.
        """
        topic, placed = message.topic, []
        for shard in list(self._shards.values()):
            if message.audience is not None and shard.is_here:
                members = shard.members_of(topic, message.audience)
            else:
                members = shard.roster_of(topic)
                members = members if message.audience is None else message.audience.of(members)
            if members:
                try:
                    placed.append((shard, shard.place(Delivery(message.text, members, message.key), topic)))
                except RuntimeError as error:
                    self._drop_closed(shard, error)
        return placed

    def push_on(self, placed: Placed) -> None:
        """Deliver what may be delivered now of what :meth:`place` has put in line; a worker thread may wait here."""
        for shard, backlog in placed:
            try:
                shard.push_on(backlog)
            except RuntimeError as error:
                self._drop_closed(shard, error)

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """An event loop on which clients are served here, if there is one."""
        return next((loop for loop in list(self._shards) if loop.is_running()), None)

    def loops_of(self, topic: str) -> list[asyncio.AbstractEventLoop]:
        """The event loops on which ``topic`` has clients."""
        return [loop for loop, shard in list(self._shards.items()) if topic in shard.topics and loop.is_running()]

    def deliver(self, message: Message, sender: Hashable = None) -> None:
        """Send to the clients in this process.

        :param sender: whose turn it takes, and in whose order it stays; by default whoever is running.
        """
        topic, caller = message.topic, current.get()
        if caller is not None:
            caller.sent_to = topic
        if sender is None:
            sender = topic if caller is None else caller
        for shard in list(self._shards.values()):
            if topic in shard.topics:
                self._submit(shard, Delivery.of(message), sender)

    def emit(self, message: Message, sender: Hashable = None) -> None:
        """Send to the clients here, then to those of other processes."""
        self.deliver(message, sender)
        if self.publisher is not None:
            self.publisher.publish(message)

    def publish(self, message: Message | Note) -> "Future[None] | None":
        """:meth:`emit`, with word of how it went with the other processes; ``None`` when there is no way to them.

        A note is for the processes themselves.
        """
        if isinstance(message, Note):
            return self._tell(message)
        self.deliver(message)
        if self.publisher is None:
            self.note_unheard(message)
            return None
        outcome = shared_future()
        self.publisher.publish(message, outcome)
        return outcome

    def _tell(self, note: Note) -> "Future[None] | None":
        """Tell a note to the processes, this one first."""
        if not note.is_for_others:
            self.control.take(note)
        outcome = None
        if self.publisher is not None:
            outcome = shared_future()
            self.publisher.publish(note, outcome)
        return self.control.keep(note, outcome)

    def for_each_shard(self, call: "Callable[[Shard], object]") -> None:
        """Have ``call`` called with each shard, on its loop; here and now where that is the one that runs."""
        for shard in list(self._shards.values()):
            if shard.is_here:
                call(shard)
            elif not shard.loop.is_closed():
                shard.loop.call_soon_threadsafe(call, shard)

    def note_unheard(self, message: Message) -> None:
        """Say, the first time, that a message that has no way to other processes has reached nobody here either."""
        if not self._has_noted and not self.has_clients(message.topic):
            self._has_noted = True
            logger.info(
                "Published %r, which nobody could hear: %.64r has no clients in this process, and there is no way to "
                "others without CHANNEL_LAYERS. This is said once.",
                message.event,
                message.topic,
            )

    def _submit(self, shard: Shard, delivery: Delivery, sender: Hashable) -> None:
        try:
            shard.submit(delivery, sender)
        except RuntimeError as error:
            self._drop_closed(shard, error)

    def _drop_closed(self, shard: Shard, error: RuntimeError) -> None:
        """Let go of a shard whose loop was closed with clients on it: they are gone. Raise what else it was."""
        if not shard.loop.is_closed():
            raise error
        with self._lock:
            self._shards.pop(shard.loop, None)


def shared_future() -> "Future[None]":
    """A future that none of those who wait for it can cancel."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


#: The hub of this process.
hub = Hub()
