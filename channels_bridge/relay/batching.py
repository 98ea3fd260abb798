"""What waits for the channel layer: by topic, in order, in shares of what memory there is."""

from collections import deque
from collections.abc import Container
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum

from tornado_websockets.core.control import Note
from tornado_websockets.core.delivery.hub import shared_future
from tornado_websockets.core.delivery.keeper import PlacedMessage
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.exceptions import PublishError
from tornado_websockets.processes.survey import is_of_survey

#: Bytes that a message takes besides its text, on CPython; those of its outcome, where somebody wants to know it; and
#: those of the queue of a topic.
_ITEM, _OUTCOME, _QUEUE = 256, 1_600, 1_024


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """How much may wait for the channel layer, and how much of it goes at a time.

    :ivar batch_texts: texts that one message of the layer may carry, and ``batch_bytes`` of them.
    :ivar max_bytes: bytes that may wait; more are rejected. A topic may have as many as it leaves to the others: half
        of them where one is flooded, a third each where two are. So there is always room for one more.
    :ivar congestion: bytes for one topic above which whoever sends there should wait, if it can.
    """

    batch_texts: int = 200
    batch_bytes: int = 256 * 1024
    max_bytes: int = 32 * 1024 * 1024
    congestion: int = 1024 * 1024


class Kind(Enum):
    """In which messages of the layer something travels: in those of its own kind, in order with the others."""

    PLAIN = "for all clients of a topic"
    NARROW = "for some of them"
    NOTE = "for the processes"


@dataclass(slots=True)
class Outgoing:
    """One message for the clients of a topic elsewhere, or a note.

    :ivar outcome: ``None`` where nobody wants to know it.
    """

    message: Message | Note
    outcome: "Future[None] | None" = None

    @property
    def topic(self) -> str:
        return self.message.topic

    @property
    def kind(self) -> Kind:
        message = self.message
        if isinstance(message, Note):
            return Kind.NOTE
        is_plain = message.audience is None or not message.audience.concerns_others
        return Kind.PLAIN if is_plain else Kind.NARROW

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits, roughly."""
        message = self.message
        return len(message.text) + len(message.topic) + _ITEM + (0 if self.outcome is None else _OUTCOME)

    @property
    def is_loss(self) -> bool:
        """Whether something is missed where it does not arrive."""
        return not is_of_survey(self.message)

    def succeed(self) -> None:
        """Tell whoever waits for the outcome that the layer has taken it."""
        if self.outcome is not None:
            self.outcome.set_result(None)

    def fail(self, error: BaseException | None) -> None:
        """Tell whoever waits for the outcome that the layer did not get it, because of ``error``."""
        if self.outcome is not None:
            failure = PublishError(self.message.event, self.topic)
            failure.__cause__ = error
            self.outcome.set_exception(failure)


def places_of(batch: list[Outgoing]) -> list[tuple[str, int, str] | None] | None:
    """The places of messages of a history, as they travel; ``None`` where there are no such messages."""
    if not any(isinstance(outgoing.message, PlacedMessage) for outgoing in batch):
        return None
    places = [getattr(outgoing.message, "place", None) for outgoing in batch]
    return [None if place is None else (place.sender, place.number, place.audience) for place in places]


class _Queue:
    """What waits for one topic; ``room`` is there while somebody waits for it to become less."""

    __slots__ = ("items", "room", "size")

    def __init__(self) -> None:
        self.items: deque[Outgoing] = deque()
        self.size = _QUEUE
        self.room: Future[None] | None = None

    def release(self) -> None:
        if self.room is not None:
            self.room.set_result(None)
            self.room = None


class OutgoingQueues:
    """The messages that wait for the layer, a queue for each topic. One thread at a time may change them."""

    def __init__(self, bounds: QueueBounds = QueueBounds()) -> None:
        self._bounds = bounds
        self._queues: dict[str, _Queue] = {}  # the topic whose turn it is first
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, topic: str) -> bool:
        return topic in self._queues

    def first_outside(self, topics: Container[str]) -> str | None:
        """The topic whose turn it is, of those that are none of ``topics``; ``None`` if nothing waits for any."""
        return next((topic for topic in self._queues if topic not in topics), None)

    def put(self, outgoing: Outgoing) -> bool:
        """Let it wait, if there is room for it; whether there is."""
        topic = outgoing.message.topic
        queue = self._queues.get(topic)
        before = 0 if queue is None else queue.size
        queue = queue or _Queue()
        share = queue.size + outgoing.size
        total = self._bytes + share - before
        if share > self._bounds.max_bytes - total:
            return False
        queue.items.append(outgoing)
        queue.size = share
        self._bytes = total
        self._queues[topic] = queue
        return True

    def take(self, resting: Container[str] = ()) -> list[Outgoing]:
        """Take what one message of the layer can carry of the topic whose turn it is, all of one kind.

        Topics take turns, those in ``resting`` last.
        """
        if not self._queues:
            return []
        topic = self.first_outside(resting) or next(iter(self._queues))
        queue, bounds = self._queues.pop(topic), self._bounds
        batch, weight = [queue.items.popleft()], 0
        kind = batch[0].kind
        while queue.items and len(batch) < bounds.batch_texts and weight < bounds.batch_bytes:
            if queue.items[0].kind is not kind:
                break
            outgoing = queue.items.popleft()
            weight += len(outgoing.message.text)
            batch.append(outgoing)
        size = sum(outgoing.size for outgoing in batch) if queue.items else queue.size
        queue.size -= size
        self._bytes -= size
        if queue.items:
            self._queues[topic] = queue
        if queue.size <= bounds.congestion:
            queue.release()
        return batch

    def is_congested(self, topic: str) -> bool:
        """Whether much waits for ``topic``. May be asked from any thread, at any time."""
        queue = self._queues.get(topic)
        return queue is not None and queue.size > self._bounds.congestion

    def room(self, topic: str) -> "Future[None] | None":
        """What is done when ``topic`` is not congested any more, or nobody shall wait for that; ``None`` if it is not.

        None of those who wait for it can cancel it.
        """
        if not self.is_congested(topic):
            return None
        queue = self._queues[topic]
        if queue.room is None:
            queue.room = shared_future()
        return queue.room

    def release(self) -> None:
        """Let nobody wait for room any more."""
        for queue in self._queues.values():
            queue.release()
