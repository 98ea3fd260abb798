"""The store in the database: tables of ``tornado_websockets.database_store``, in transactions of its own.

Each change of a topic is one short transaction, whose first statement updates the topic's row. So changes of one topic
take turns, and places are committed in their order, which those of a database's own sequence are not. On SQLite it
also asks for the lock when that can still be waited for. What has expired is deleted by a thread of its own, which no
caller waits for.
"""

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from ..core.logger import logger
from ..core.recovery.record import Entry, Event, Record, Retention, Standing, shared_sender
from ..database_store import models
from .senders import Sender, fold

T = TypeVar("T")

#: Seconds for which the token of a call is remembered.
TOKEN_AGE: Final = 60.0

#: Seconds between two looks, of one process, for what has expired on topics that nobody sends to; how long one may
#: take; and how many rows are deleted at a time, with what belongs to them.
TIDYING: Final = 60.0
LONGEST_TIDYING: Final = 20.0
TIDIED: Final = 500


class DatabaseStore:
    """Keeps everything in the database.

    Its calls must be made where no transaction is open, in threads of its own.

    :param alias: of the database; no router is asked.
    """

    waits = True

    def __init__(self, retention: Retention = Retention(), alias: str = "default") -> None:  # noqa: B008 it is frozen
        self._retention = retention
        self._alias = alias
        self._life = timedelta(seconds=max(retention.sender_seconds, retention.retained_seconds))
        self._tidy_at = monotonic() + TIDYING
        self._tidier: threading.Thread | None = None
        self._lock = threading.Lock()

    def append(self, topic: str, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        def append() -> None:
            with self._locked(topic) as row:
                self._append(row, sender, first, entries, keep)

        self._call(append)

    def publish(self, topic: str, token: str, entries: Sequence[Entry], keep: int) -> tuple[str, int]:
        def publish() -> tuple[str, int]:
            with self._locked(topic) as row:
                shared, now = shared_sender(row.epoch), timezone.now()
                answered = self._of(models.Token, row.key).filter(token=token).first()
                if answered is not None:
                    return shared, answered.number
                before = self._of(models.Sender, row.key).filter(name=shared).first()
                first = 1 if before is None else before.last + 1
                self._append(row, shared, first, entries, keep)
                self._of(models.Token, row.key).create(topic=row, token=token, number=first, sent_at=now)
                return shared, first

        return self._call(publish)

    def read(self, topic: str, with_events: bool = True) -> Record:
        return self._call(lambda: self._read(topic, with_events))

    def lasts(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        return self._call(lambda: self._lasts({self._key(topic): topic for topic in topics}))

    def retained(self, topic: str) -> Mapping[str, Event]:
        def read() -> dict[str, Event]:
            oldest = timezone.now() - timedelta(seconds=self._retention.retained_seconds)
            rows = self._of(models.Value, self._key(topic)).filter(sent_at__gt=oldest)
            return {row.event: Event(row.sender, row.number, row.text, row.audience) for row in rows}

        return self._call(read)

    def forget(self, topic: str, event: str | None = None) -> None:
        def forget() -> None:
            with self._locked(topic) as row:
                values = self._of(models.Value, row.key)
                if event is None:
                    self._of(models.Event, row.key).delete()
                    values.delete()
                else:
                    values.filter(event=event).delete()

        self._call(forget)

    def close(self) -> None:
        """Close the connection of the thread that calls."""
        connections[self._alias].close()

    def _call(self, call: Callable[[], T]) -> T:
        answer = self._try(call)
        self._tidy_now_and_then()
        return answer

    def _try(self, call: Callable[[], T]) -> T:
        """Call once more where the connection had broken while it was not used."""
        connection = connections[self._alias]
        is_fresh = connection.connection is None
        try:
            return call()
        except (InterfaceError, OperationalError):
            if is_fresh or connection.is_usable():
                raise
            connection.close()
            return call()

    def _key(self, topic: str) -> str:
        return sha256(f"{self._retention.namespace}\0{topic}".encode()).hexdigest()

    def _of(self, model: Any, key: str) -> Any:
        return self._all(model).filter(topic_id=key)

    def _all(self, model: Any) -> Any:
        return model.objects.using(self._alias)

    @contextmanager
    def _locked(self, topic: str) -> Iterator[models.Topic]:
        """The row of ``topic``, in a transaction in which nobody else changes the topic."""
        key, now = self._key(topic), timezone.now()
        rows = self._all(models.Topic).filter(key=key)
        with transaction.atomic(self._alias, durable=True):
            if not rows.filter(touched_at__gt=now - self._life).update(touched_at=now):
                if _lock(rows):
                    rows.filter(touched_at__lte=now - self._life).delete()
                new = models.Topic(key=key, name=topic, epoch=uuid.uuid4().hex, touched_at=now)
                self._all(models.Topic).bulk_create([new], ignore_conflicts=True)
                rows.update(touched_at=now)
            yield rows.get()

    def _append(self, row: models.Topic, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        now = timezone.now()
        before = self._of(models.Sender, row.key).filter(name=sender).first()
        last = 0 if before is None else before.last
        new = [(number, entry) for number, entry in enumerate(entries, first) if number > last]
        if keep:
            self._keep(row, sender, new, now)
        for number, entry in new:
            if entry.retained:
                values = {"sender": sender, "number": number, "text": entry.text, "audience": entry.audience}
                self._of(models.Value, row.key).update_or_create(
                    topic=row, event=entry.retained, defaults={**values, "sent_at": now}
                )
        last = max(last, first + len(entries) - 1)
        self._of(models.Sender, row.key).update_or_create(
            topic=row, name=sender, defaults={"last": last, "is_listed": True, "sent_at": now}
        )
        if before is None or not before.is_listed:
            self._fold(row, now)
        self._trim(row, keep, now)

    def _keep(self, row: models.Topic, sender: str, new: Sequence[tuple[int, Entry]], now: datetime) -> None:
        rows = []
        for number, entry in new:
            row.place += 1
            rows.append(
                models.Event(
                    topic=row,
                    place=row.place,
                    sender=sender,
                    number=number,
                    text=entry.text,
                    audience=entry.audience,
                    start=row.size,
                    sent_at=now,
                )
            )
            row.size += entry.size
        self._all(models.Event).bulk_create(rows)
        row.save(using=self._alias, update_fields=["place", "size"])

    def _fold(self, row: models.Topic, now: datetime) -> None:
        rows = self._of(models.Sender, row.key)
        senders = [Sender(each.name, _standing(each), each.sent_at.timestamp()) for each in rows]
        shared, seconds = shared_sender(row.epoch), self._retention.sender_seconds
        folding = fold(senders, shared, row.forgotten, row.floor, now=now.timestamp(), seconds=seconds)
        for sender in folding.changed:
            standing = sender.standing
            rows.filter(name=sender.name).update(
                is_listed=False, folded=standing.folded, folded_with=standing.folded_with, sent_at=now
            )
        rows.filter(name__in=folding.dropped).delete()
        row.forgotten, row.floor = folding.forgotten, folding.floor
        row.save(using=self._alias, update_fields=["forgotten", "floor"])

    def _trim(self, row: models.Topic, keep: int, now: datetime) -> None:
        excess = Q(place__lte=row.place - keep) | Q(start__lt=row.size - self._retention.bytes)
        self._of(models.Event, row.key).filter(excess | Q(sent_at__lte=self._expired(now))).delete()

    def _expired(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._retention.seconds)

    def _read(self, topic: str, with_events: bool) -> Record:
        """Look without a lock, at the senders first: what is added meanwhile may be among the events, and not missing.

        The row comes last, so that it counts every sender that is forgotten.
        """
        key, now = self._key(topic), timezone.now()
        senders = {row.name: _standing(row) for row in self._of(models.Sender, key)}
        events: list[Event] = []
        if with_events:
            rows = self._of(models.Event, key).filter(sent_at__gt=self._expired(now)).order_by("place")
            events = [Event(row.sender, row.number, row.text, row.audience) for row in rows]
        row = self._all(models.Topic).filter(key=key, touched_at__gt=now - self._life / 2).first()
        if row is None:  # there is none yet, or it should be kept longer
            with self._locked(topic):
                pass
            return self._read(topic, with_events)
        return Record(row.epoch, row.forgotten, row.floor, senders, events)

    def _lasts(self, topics: Mapping[str, str]) -> Mapping[str, Mapping[str, int]]:
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        rows = self._all(models.Topic).filter(key__in=topics)
        columns = ("key", "epoch", "forgotten", "senders__name", "senders__last", "senders__is_listed")
        for key, epoch, forgotten, name, last, is_listed in rows.values_list(*columns):
            found[topics[key]][epoch] = forgotten
            if is_listed:
                found[topics[key]][name] = last
        return found

    def _tidy_now_and_then(self) -> None:
        with self._lock:
            if monotonic() < self._tidy_at or (self._tidier is not None and self._tidier.is_alive()):
                return
            self._tidy_at = monotonic() + TIDYING
            self._tidier = threading.Thread(target=self._tidy_aside, name="WebSocket store, tidying", daemon=True)
        with suppress(RuntimeError):  # the system has no more threads: the next time, then
            self._tidier.start()

    def _tidy_aside(self) -> None:
        try:
            self.tidy()
        except Exception:
            logger.warning(
                "What has expired in the database store is still there, and is looked for again", exc_info=True
            )
        finally:
            self.close()

    def tidy(self) -> None:
        """Delete what has expired on topics that nobody sends to, the oldest first: no cron job is needed.

        A little at a time, with pauses as long as that takes: on SQLite nobody else can write meanwhile.
        """
        until = monotonic() + LONGEST_TIDYING
        left = [self._tidy_topics, self._tidy_events, self._tidy_tokens]
        while left and (started := monotonic()) < until:
            left = [tidy for tidy in left if tidy()]
            if left:
                sleep(monotonic() - started)

    def _tidy_topics(self) -> bool:
        """Delete some topics that are silent; whether there may be more."""
        silent = self._all(models.Topic).filter(touched_at__lte=timezone.now() - self._life)
        keys = list(silent.order_by("touched_at").values_list("key", flat=True)[:TIDIED])
        with self._all_locked(keys):
            silent.filter(key__in=keys).delete()
        return len(keys) == TIDIED

    def _tidy_events(self) -> bool:
        expired = self._all(models.Event).filter(sent_at__lte=self._expired(timezone.now()))
        oldest = list(expired.order_by("sent_at").values_list("topic_id", "sent_at")[:TIDIED])
        keys = {key for key, _ in oldest}
        with self._all_locked(keys):
            if oldest:
                expired.filter(topic__in=keys, sent_at__lte=oldest[-1][1]).delete()
        return len(oldest) == TIDIED

    def _tidy_tokens(self) -> bool:
        expired = self._all(models.Token).filter(sent_at__lte=timezone.now() - timedelta(seconds=TOKEN_AGE))
        oldest = list(expired.order_by("sent_at").values_list("pk", flat=True)[:TIDIED])
        expired.filter(pk__in=oldest).delete()
        return len(oldest) == TIDIED

    @contextmanager
    def _all_locked(self, keys: Collection[str]) -> Iterator[None]:
        """A transaction in which nobody else changes these topics. Some may have been sent to since they were found."""
        with transaction.atomic(self._alias, durable=True):
            _lock(self._all(models.Topic).filter(key__in=sorted(keys)))
            yield


def _lock(topics: Any) -> int:
    """Lock rows before anything of theirs, as everybody does; how many there are. On SQLite only a write locks."""
    count: int = topics.update(touched_at=F("touched_at"))
    return count


def _standing(row: models.Sender) -> Standing:
    return Standing(row.last, row.is_listed, row.folded, row.folded_with)


class IdleConnection:
    """Closes the connection of a thread that was not asked anything for a while.

    Django would close it after every call, where ``CONN_MAX_AGE`` is 0.

    :param store: whose threads it is for.
    """

    def __init__(self, store: DatabaseStore, seconds: float = 60.0) -> None:
        self._store = store
        self._seconds = seconds

    def seconds(self) -> float | None:
        return self._seconds

    def tidy(self) -> None:
        self._store.close()
