"""A hub as those see it whose events are numbered and kept."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

from ...control import CONTROL, Note
from ...delivery.hub import Hub, shared_future
from ...delivery.member import Member
from ...delivery.message import Message
from ...delivery.publisher import Publisher
from ...delivery.shard import Shard
from ...handlers.calling import current
from ...handlers.greenlets import settled_here
from ..position import position_to_text
from ..welcome import Hello
from .keeper import TopicKeeper, Turn
from .policy import Policy


class KeptHub:
    """Has the events that a policy names numbered and kept. For all else, it is the hub itself.

    :param hub: the connections of the process.
    :param keeper: of that hub.
    :param policy: which events.
    :param is_held_up: whether the caller holds what others wait for, a transaction for instance: then nothing that is
        published waits for the store.
    """

    def __init__(self, hub: Hub, keeper: TopicKeeper, policy: Policy, is_held_up: Callable[[], bool]) -> None:
        self.hub = hub
        self.keeper = keeper
        self.policy = policy
        self._is_held_up = is_held_up

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hub, name)

    @property
    def publisher(self) -> Publisher | None:
        """The hub's."""
        return self.hub.publisher

    @publisher.setter
    def publisher(self, publisher: Publisher | None) -> None:
        self.hub.publisher = publisher

    async def enter(self, topic: str, *, wait: bool = True) -> None:
        """See :meth:`Hub.enter`; where the topic stands is read, and its newest values, unless that takes long."""
        await self.hub.enter(topic, wait=wait)
        if wait and topic != CONTROL:
            await self.keeper.enter(topic, self.policy)

    async def leave(self, topic: str) -> None:
        """See :meth:`Hub.leave`; what was sent last is stored first."""
        try:
            await self.keeper.leave(topic)
        finally:  # though who waits for the store is cancelled
            if self.hub.count_out(topic):
                await self.keeper.left(topic)

    def subscribe(self, member: Member, shard: Shard, topic: str) -> None:
        """See :meth:`Hub.subscribe`; the newest values are told first."""
        self.keeper.subscribe(member, shard, topic)

    def emit(self, message: Message, sender: Hashable = None) -> None:
        """See :meth:`Hub.emit`; what is kept has one order for the whole topic, whoever sends it."""
        if self.policy.keeps(message):
            self._note_topic(message.topic)
            self.keeper.send(message, self.policy)
        else:
            self.hub.emit(message, sender)

    def publish(self, message: Message | Note) -> "Future[None] | None":
        """See :meth:`Hub.publish`; what is kept has succeeded when the store or the other processes have it.

        A note comes after what was sent to its topic before, which then does not wait for the store any longer.
        """
        if isinstance(message, Note):
            self.keeper.hurry(message.topic)
        if isinstance(message, Note) or not self.policy.keeps(message):
            return self.hub.publish(message)
        self._note_topic(message.topic)
        outcome = shared_future()
        self.keeper.send(message, self.policy, settled_here(outcome), in_haste=self._is_held_up())
        return outcome

    async def welcome(self, member: Member, topic: str, hello: Hello, turn: Turn) -> list[str]:
        """What a client is told that has said hello, in order. See :meth:`TopicKeeper.welcome`."""
        return await self.keeper.welcome(member, topic, hello, self.policy, turn)

    def position(self, topic: str) -> str:
        """Where ``topic`` stands, as a text for a page. For sync code."""
        return position_to_text(self.keeper.position(topic, self.policy))

    async def aposition(self, topic: str) -> str:
        """:meth:`position` for async code."""
        return position_to_text(await self.keeper.aposition(topic, self.policy))

    def drop(self, topic: str, event: str | None) -> None:
        """Drop the retained value of ``event``, or all that is kept of ``topic``. For sync code.

        :raises StoreError: the store does not answer.
        """
        self.keeper.drop(topic, event, self.policy)

    async def adrop(self, topic: str, event: str | None) -> None:
        """:meth:`drop` for async code."""
        await self.keeper.adrop(topic, event, self.policy)

    @staticmethod
    def _note_topic(topic: str) -> None:
        caller = current.get()
        if caller is not None:
            caller.sent_to = topic
