"""People in several processes: each keeps its own in the store, for as long as it renews them, and reads the others'.

It is long because reading, writing and ending go on in one task for each path, in one order.

What a process has at a path is one retained value of the store, by the name of the process: so a store needs nothing
for presence that it has not for retained values. That a value has changed is told to the others by a note; one that
is lost costs :attr:`SharingPace.renewal`.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from .. import conf
from ..core.control import CONTROL, Note, on_note
from ..core.handlers.greenlets import new_rlock
from ..core.people.place import Said
from ..core.protocol.parsing import UNREADABLE, parse_foreign
from ..core.tasks import keep
from ..exceptions import StoreError

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub
    from ..core.people.place import Row
    from ..core.recovery.record import Entry, Event
    from ..store.guard import Guard

#: What notes of a change are about.
PEOPLE: Final = "people"


@dataclass(frozen=True, slots=True)
class SharingPace:
    """When the store is asked, in seconds.

    :ivar renewal: from one time to the next, where nothing changes; ``lifetime`` of what is not renewed.
    :ivar abandoned: after the end of that, it is dropped: a process that was killed drops nothing itself.
    :ivar patience: at most so long who connects first waits to be shown those who are elsewhere.
    :ivar rest: at least so long from one time to the next; for each byte that was read, ``rest_per_byte`` more.
    """

    renewal: float = 5.0
    lifetime: float = 20.0
    abandoned: float = 60.0
    patience: float = 1.0
    rest: float = 0.1
    rest_per_byte: float = 2e-6


def is_shared() -> bool:
    """Whether the store is one that other processes see."""
    return settings.configured and conf.get("STORE") is not None


def shared_store() -> Guard:
    """The store, which is loaded where somebody wants one."""
    from ..store.current import store_in_use

    return store_in_use()


def entry_of(text: str, retained: str = "") -> Entry:
    """What a store is given."""
    from ..core.recovery.record import Entry

    return Entry(text, retained=retained)


def key_of(topic: str) -> str:
    """Under which the people at a path are kept; no path is called so."""
    return f"people {topic}"


class Sharing:
    """Keeps the people of one WebSocket in step with those of other processes, a task for each concrete path.

    :param row_at: the people of this process at a path.
    :param apply: called with a path, and with the rows of all other processes.
    """

    def __init__(
        self,
        row_at: Callable[[str], Row],
        apply: Callable[[Hub, str, Mapping[str, Row]], None],
        pace: SharingPace = SharingPace(),
    ) -> None:
        self._row_at = row_at
        self._apply = apply
        self._pace = pace
        self.forget()

    def forget(self) -> None:
        """Start without people, as a forked process must."""
        self.process = uuid.uuid4().hex
        self._lock = new_rlock()  # of whose task a path is; a task may begin at once
        self._lifetime = self._pace.lifetime
        self._tasks: dict[str, _Work] = {}

    def begin(self, hub: Hub, topic: str) -> Future[None] | None:
        """Keep the people at ``topic`` in step, if that is not done yet. On an event loop, while somebody is there.

        :returns: what is done when those of other processes are known; ``None`` where they are.
        """
        with self._lock:
            work = self._tasks.get(topic)
            if work is None or work.is_over:
                work = self._tasks[topic] = _Work(asyncio.get_running_loop())
                work.task = keep(work.loop.create_task(self._keep_in_step(hub, topic, work)))
                hub.control.watch(topic, lambda: self.hurry(topic))
                return work.reading
        self.hurry(topic)
        return None if work.reading.done() else work.reading

    async def wait(self, reading: Future[None]) -> None:
        """Wait for what :meth:`begin` has returned, for a while."""
        await asyncio.wait([asyncio.wrap_future(reading)], timeout=self._pace.patience)

    def _end(self, hub: Hub, topic: str, work: _Work) -> bool:
        """End the task of a path where nobody is; whether it does: who comes from now on begins anew."""
        with self._lock:
            is_current = self._tasks.get(topic) is work
            if is_current and (hub.has_clients(topic) or self._row_at(topic)):
                return False
            work.has_ended = True
            if is_current:  # else another has begun, while this loop stood
                del self._tasks[topic]
                hub.control.unwatch(topic)
                self._apply(hub, topic, {})
        _answer(work.take_waiting(), is_news=False)
        return True

    def hurry(self, topic: str) -> None:
        """Something has changed at ``topic``. From any thread."""
        work = self._tasks.get(topic)
        if work is not None:
            with suppress(RuntimeError):  # the loop is closed
                work.loop.call_soon_threadsafe(work.hurry.set)

    def outlast(self, topic: str, seconds: float) -> None:
        """This process is stopping: keep its people at ``topic`` for so long, though it will not renew them."""
        self._lifetime = max(self._lifetime, seconds)
        self.hurry(topic)

    async def part(self, seconds: float) -> None:
        """The same everywhere; return when the store has them, and others had the time to read what has changed."""
        self._lifetime = max(self._lifetime, seconds)
        written = [work.part() for work in list(self._tasks.values()) if not work.is_over]
        if any(await asyncio.gather(*map(asyncio.wrap_future, written))):
            await asyncio.sleep(2 * self._pace.rest)  # they may have begun a rest just before

    async def ask(self, topic: str) -> dict[str, Row]:
        """The rows of other processes; raises ``StoreError``."""
        store = shared_store()
        return self._rows(topic, _values_in(await store.ask(store.store.retained, key_of(topic))))

    def ask_and_wait(self, topic: str) -> dict[str, Row]:
        """The same, for sync code."""
        store = shared_store()
        return self._rows(topic, _values_in(store.ask_and_wait(store.store.retained, key_of(topic))))

    def _rows(self, topic: str, kept: Mapping[str, Event]) -> dict[str, Row]:
        """The rows of other processes to go by. Where ours is missing the store was emptied, and theirs are as well."""
        rows, _ = self._read(kept)
        work = self._tasks.get(topic)
        others = None if work is None else work.others
        if others is None:
            return rows
        if self.process not in kept:
            others.lose_sight()
            self.hurry(topic)
        return dict(others.take(rows, time.monotonic()))

    def _read(self, kept: Mapping[str, Event]) -> tuple[dict[str, Row], list[str]]:
        """The rows of other processes that have been renewed, and the names of those that were not for long."""
        rows: dict[str, Row] = {}
        gone: list[str] = []
        now = time.time()
        for process, event in kept.items():
            until, row = _read(event.text, now)
            if process != self.process and row:
                rows[process] = row
            if until + self._pace.abandoned <= now:
                gone.append(process)
        return rows, gone

    async def _keep_in_step(self, hub: Hub, topic: str, work: _Work) -> None:
        store, key, told = shared_store(), key_of(topic), ""
        renewal = min(self._pace.renewal, conf.get("RETAIN_SECONDS") / 3)
        others, record = _Others(2 * (renewal + self._pace.rest)), ""
        while not self._end(hub, topic, work):
            if work.was_forgotten:
                work.was_forgotten, told = False, ""
            work.hurry.clear()
            work.parts.clear()
            rest, waiting, is_news = self._pace.rest, work.take_waiting(), False
            try:
                text = json.dumps(dict(self._row_at(topic)))
                lasting = json.dumps({"until": time.time() + self._lifetime, "people": text})
                entries = [entry_of(lasting, self.process)]
                found = _record_in(await store.ask(store.store.publish, key, uuid.uuid4().hex, entries, 0))
                if record not in ("", found):  # it was emptied: let the others renew theirs
                    others.lose_sight()
                    told = ""
                record, work.others = found, others
                is_news = text != told
                if is_news:
                    told = text
                    self._tell_others(hub, topic)
                _answer(waiting, is_news)
                kept = _values_in(await store.ask(store.store.retained, key))
                rest += self._pace.rest_per_byte * sum(len(each.text) for each in kept.values())
                if self.process not in kept:  # it was emptied in between
                    others.lose_sight()
                    work.hurry.set()
                rows, gone = self._read(kept)
                if self._tasks.get(topic) is work:  # else another has begun, while this loop stood
                    self._apply(hub, topic, others.take(rows, time.monotonic()))
                for process in gone:
                    await store.ask(store.store.forget, key, process)
            except StoreError:  # it is logged; the next time will do
                others.lose_sight()
            finally:
                _answer(waiting, is_news)
                if not work.reading.done():
                    work.reading.set_result(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await work.parts.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(renewal):
                    await work.hurry.wait()
        await self._withdraw(hub, topic)

    async def _withdraw(self, hub: Hub, topic: str) -> None:
        """Nobody is there any more, unless another task has begun."""
        store = shared_store()
        if topic not in self._tasks:
            with suppress(StoreError):
                await store.ask(store.store.forget, key_of(topic), self.process)
                self._tell_others(hub, topic)
        following = self._tasks.get(topic)
        if following is not None:  # what it has written meanwhile may be forgotten, or older again
            following.was_forgotten = True
            self.hurry(topic)

    @staticmethod
    def _tell_others(hub: Hub, topic: str) -> None:
        hub.publish(Note(CONTROL, PEOPLE, json.dumps({"path": topic}), is_for_others=True))


class _Work:
    """The task of one path.

    :ivar hurry: something has changed there.
    :ivar parts: the process stops: what there is shall be written without rest.
    :ivar was_forgotten: what was written last may be gone.
    :ivar has_ended: nobody is there, or another task has begun.
    :ivar others: the rows of other processes, where we are in step with them.
    :ivar reading: done when the store was asked who is elsewhere.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.task: asyncio.Task[None] | None = None
        self.hurry = asyncio.Event()
        self.parts = asyncio.Event()
        self.was_forgotten = self.has_ended = False
        self.others: _Others | None = None
        self.reading: Future[None] = Future()
        self._waiting: list[Future[bool]] = []

    @property
    def is_over(self) -> bool:
        return self.has_ended or self.task is None or self.task.done() or not self.loop.is_running()

    def part(self) -> Future[bool]:
        """Have all written that there is; tells whether others had to be told of it. From any thread."""
        written: Future[bool] = Future()
        try:
            self.loop.call_soon_threadsafe(self._part, written)
        except RuntimeError:  # it is closed
            written.set_result(False)
        return written

    def _part(self, written: Future[bool]) -> None:
        if self.is_over:
            _answer([written], is_news=False)
            return
        self._waiting.append(written)
        self.parts.set()
        self.hurry.set()

    def take_waiting(self) -> list[Future[bool]]:
        """Who waits for what is about to be written."""
        waiting, self._waiting = self._waiting, []
        return waiting


def _answer(waiting: Iterable[Future[bool]], is_news: bool) -> None:
    for each in waiting:
        with suppress(InvalidStateError):  # it was answered, or waits no more
            each.set_result(is_news)


class _Others:
    """The rows of other processes. When the store is back after a while, not all have been renewed there yet.

    :param patience: seconds for which those that are missing then are taken to be as they were.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._rows: Mapping[str, Row] = {}
        self._is_out_of_sight = False
        self._settled_at = 0.0

    def lose_sight(self) -> None:
        """The store does not tell."""
        self._is_out_of_sight = True

    def take(self, rows: Mapping[str, Row], now: float) -> Mapping[str, Row]:
        """The rows to go by, where the store has these.

        :param now: seconds, of a clock that never goes back.
        """
        if self._is_out_of_sight:
            self._is_out_of_sight, self._settled_at = False, now + self._patience
        self._rows = {**self._rows, **rows} if now < self._settled_at else rows
        return self._rows


def _read(text: str, now: float) -> tuple[float, Row]:
    """Until when a text of the store holds, and the row in it; empty where that is over.

    What is none, a later version has written perhaps: it holds for ever, for nobody.
    """
    try:
        kept = parse_foreign(text)
        until = float(kept["until"])
        if until <= now:
            return until, {}
        row = parse_foreign(kept["people"]).items()
        return until, {id_: _said(*said) for id_, said in row}
    except UNREADABLE:
        return inf, {}


def _record_in(answer: object) -> str:
    """Which record a store has written to; raises ``StoreError``."""
    from ..core.recovery.soundness import numbered

    return numbered(answer)[0]


def _values_in(answer: object) -> dict[str, Event]:
    """What a store has kept; raises ``StoreError``."""
    from ..core.recovery.soundness import kept_values

    return kept_values(answer)


def _said(info: Any, came: Any, at: Any, awaited_since: Any) -> Said:
    return Said(dict(info), tuple(map(float, came)), float(at), float(awaited_since))


@on_note(PEOPLE)
def _take(hub: Hub, said: Mapping[str, Any]) -> None:
    hub.control.alert(said["path"])
