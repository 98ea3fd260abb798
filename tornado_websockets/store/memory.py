"""The store in this process's memory."""

import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from ..core.forking import ForkGuard
from ..core.recovery.record import (
    MAX_FORGOTTEN,
    MAX_SENDERS,
    Entry,
    Event,
    Record,
    Retention,
    Standing,
    shared_sender,
)
from .senders import Sender, fold

#: Seconds for which the token of a call is remembered.
TOKEN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class MemoryBounds:
    """How much a process keeps.

    :ivar topics: of which something is kept, and ``bytes`` of their events and values; those that nobody has sent to
        or asked for longest are dropped as a whole.
    :ivar tokens: of the publishes made last, by which one that is made once more is known.
    :ivar senders: of a topic, and ``forgotten`` ones of which that is remembered.
    """

    topics: int = 10_000
    bytes: int = 256 * 1024 * 1024
    tokens: int = 1_000
    senders: int = MAX_SENDERS
    forgotten: int = MAX_FORGOTTEN


@dataclass(slots=True)
class _Kept:
    """An event or a value, which counts as gone from ``expires`` on. One object for each takes least memory."""

    sender: str
    number: int
    text: str
    audience: str
    expires: float

    @property
    def event(self) -> Event:
        return Event(self.sender, self.number, self.text, self.audience)

    @property
    def size(self) -> int:
        return len(self.text) + len(self.audience)


def _new_epoch() -> str:
    return uuid.uuid4().hex


@dataclass(slots=True)
class _Topic:
    epoch: str = field(default_factory=_new_epoch)
    forgotten: int = 0
    floor: int = 0
    senders: dict[str, Sender] = field(default_factory=dict)
    events: deque[_Kept] = field(default_factory=deque)
    retained: dict[str, _Kept] = field(default_factory=dict)
    event_bytes: int = 0
    retained_bytes: int = 0
    expires: float = 0.0

    @property
    def size(self) -> int:
        return self.event_bytes + self.retained_bytes


class MemoryStore:
    """Keeps everything in this process, which is enough where it is the only one. All of it ends with the process.

    :param clock: gives seconds, and never goes back.
    """

    waits = False

    def __init__(
        self,
        retention: Retention = Retention(),  # noqa: B008 it is frozen
        bounds: MemoryBounds = MemoryBounds(),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._retention = retention
        self._bounds = bounds
        self._clock = clock
        self.clear()
        self._fork = ForkGuard(self.clear)

    def clear(self) -> None:
        """Drop everything, as a forked process must: its epochs are its parent's, what it sends is not."""
        self._lock = threading.Lock()
        self._topics: OrderedDict[str, _Topic] = OrderedDict()  # last used last
        self._tokens: OrderedDict[str, tuple[str, int, float]] = OrderedDict()
        self._bytes = 0

    def append(self, topic: str, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        self._fork.check()
        with self._lock:
            self._append(self._topic(topic), sender, first, entries, keep)
            self._shrink()

    def publish(self, topic: str, token: str, entries: Sequence[Entry], keep: int) -> tuple[str, int]:
        self._fork.check()
        with self._lock:
            now = self._clock()
            while self._tokens and next(iter(self._tokens.values()))[2] <= now:
                self._tokens.popitem(last=False)
            if token not in self._tokens:
                if len(self._tokens) >= self._bounds.tokens:
                    self._tokens.popitem(last=False)
                kept = self._topic(topic)
                sender = shared_sender(kept.epoch)
                before = kept.senders.get(sender)
                if before is None:
                    first = 1
                else:  # its events share one name
                    sender, first = before.name, before.standing.last + 1
                self._append(kept, sender, first, entries, keep)
                self._tokens[token] = sender, first, now + TOKEN_SECONDS
                self._shrink()
            return self._tokens[token][:2]

    def read(self, topic: str, with_events: bool = True) -> Record:
        self._fork.check()
        with self._lock:
            kept = self._topic(topic)
            self._trim(kept, len(kept.events))
            senders = {name: sender.standing for name, sender in kept.senders.items()}
            events = [each.event for each in kept.events] if with_events else []
            self._shrink()
            return Record(kept.epoch, kept.forgotten, kept.floor, senders, events)

    def lasts(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        self._fork.check()
        with self._lock:
            return {topic: _position(self._topics[topic]) for topic in topics if topic in self._topics}

    def retained(self, topic: str) -> Mapping[str, Event]:
        self._fork.check()
        with self._lock:
            kept, now = self._topics.get(topic), self._clock()
            if kept is None:
                return {}
            return {name: value.event for name, value in kept.retained.items() if value.expires > now}

    def forget(self, topic: str, event: str | None = None) -> None:
        self._fork.check()
        with self._lock:
            kept = self._topics.get(topic)
            if kept is None:
                return
            for name in list(kept.retained) if event is None else [event]:
                self._drop_value(kept, name)
            if event is None:
                self._trim(kept, 0)

    def begin_anew(self, topic: str) -> None:
        """Give ``topic`` another record, of which nobody knows a position; only the retained values stay."""
        self._fork.check()
        with self._lock:
            kept = self._topic(topic)
            self._trim(kept, 0)
            self._topics[topic] = replace(kept, epoch=_new_epoch(), forgotten=0, floor=0, senders={})

    def retain(self, topic: str, name: str, event: Event) -> None:
        """Keep an event of any process as the newest value of ``topic`` under ``name``; senders stay as they are."""
        self._fork.check()
        with self._lock:
            self._keep_value(self._topic(topic), name, event.sender, event.number, Entry(event.text, event.audience))
            self._shrink()

    def _topic(self, topic: str) -> _Topic:
        """The record of ``topic``, which is now the one that was used last."""
        now, kept = self._clock(), self._topics.pop(topic, None)
        if kept is None or kept.expires <= now:
            self._bytes -= 0 if kept is None else kept.size
            kept = _Topic()
        kept.expires = now + max(self._retention.sender_seconds, self._retention.retained_seconds)
        self._topics[topic] = kept
        return kept

    def _append(self, kept: _Topic, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        now, before = self._clock(), kept.senders.get(sender)
        standing = Standing(0) if before is None else before.standing
        for number, entry in enumerate(entries, first):
            if number > standing.last:
                self._keep(kept, sender, number, entry, keep)
        last = max(standing.last, first + len(entries) - 1)
        kept.senders[sender] = Sender(sender, replace(standing, last=last, is_listed=True), now)
        if not standing.is_listed or before is None:
            self._fold(kept, now)
        self._trim(kept, keep)

    def _fold(self, kept: _Topic, now: float) -> None:
        shared, seconds = shared_sender(kept.epoch), self._retention.sender_seconds
        folding = fold(
            kept.senders.values(),
            shared,
            kept.forgotten,
            kept.floor,
            now=now,
            seconds=seconds,
            most=self._bounds.senders,
            most_forgotten=self._bounds.forgotten,
        )
        kept.senders.update({sender.name: sender for sender in folding.changed})
        for name in folding.dropped:
            del kept.senders[name]
        kept.forgotten, kept.floor = folding.forgotten, folding.floor

    def _keep(self, kept: _Topic, sender: str, number: int, entry: Entry, keep: int) -> None:
        if keep:
            expires = self._clock() + self._retention.seconds
            kept.events.append(_Kept(sender, number, entry.text, entry.audience, expires))
            kept.event_bytes += entry.size
            self._bytes += entry.size
        if entry.retained:
            self._keep_value(kept, entry.retained, sender, number, entry)

    def _keep_value(self, kept: _Topic, name: str, sender: str, number: int, entry: Entry) -> None:
        expires = self._clock() + self._retention.retained_seconds
        self._drop_value(kept, name)
        kept.retained[name] = _Kept(sender, number, entry.text, entry.audience, expires)
        kept.retained_bytes += entry.size
        self._bytes += entry.size

    def _drop_value(self, kept: _Topic, name: str) -> None:
        value = kept.retained.pop(name, None)
        if value is not None:
            kept.retained_bytes -= value.size
            self._bytes -= value.size

    def _trim(self, kept: _Topic, keep: int) -> None:
        """Drop the oldest events until ``keep`` are left, and no more bytes than may be, and none that has expired."""
        events, now, most = kept.events, self._clock(), self._retention.bytes
        while events and (len(events) > keep or kept.event_bytes > most or events[0].expires <= now):
            size = events.popleft().size
            kept.event_bytes -= size
            self._bytes -= size

    def _shrink(self) -> None:
        now, topics, bounds = self._clock(), self._topics, self._bounds
        while len(topics) > 1:
            oldest = next(iter(topics.values()))
            if len(topics) <= bounds.topics and self._bytes <= bounds.bytes and oldest.expires > now:
                return
            topics.popitem(last=False)
            self._bytes -= oldest.size


def _position(kept: _Topic) -> dict[str, int]:
    listed = {name: sender.standing.last for name, sender in kept.senders.items() if sender.standing.is_listed}
    return {kept.epoch: kept.forgotten, **listed}
