"""The way of an event into the store, and then to other processes: in order, and for as long as it is worth it.

It is long because each step changes what the next one finds, whichever of the two fails.
"""

import asyncio
import uuid
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import dropwhile, takewhile
from time import monotonic
from typing import Any, Final, TypeVar

from ....exceptions import PublishError, StoreError
from ...complaints import Complaints
from ...delivery.hub import Hub, Placed, shared_future
from ...delivery.keeper import Place
from ...eager import start
from ...handlers.executor import Rank, Threads
from ...handlers.greenlets import settled_here
from ...tasks import keep
from ..record import Event
from ..soundness import numbered
from ..store import Asked
from .journal import Journal
from .pending import Pending
from .placing import for_others, number_here, show

T = TypeVar("T")

#: Events that one call of the store carries, and characters of them.
BATCH: Final = 200
BATCH_SIZE: Final = 256 * 1024

#: Events that wait for a store that fails, where no history says how many are worth keeping.
LEAST_KEPT: Final = 100

#: Threads that wait for the store where there is no event loop, and whoever sends must not.
THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class WriteTiming:
    """How long is waited for a store, in seconds.

    :ivar patience: that the layer waits for it.
    :ivar first_pause: before a call that has failed is tried again; each time it is twice as long, up to
        ``longest_pause``: less than others wait for an event that a store which has come back does not have yet.
    """

    patience: float = 0.25
    first_pause: float = 0.25
    longest_pause: float = 1.0


class Writer:
    """Empties the queues of journals, one batch of each at a time.

    Other processes are told of an event when the store has it, so that who hears nothing of it can read it; or when
    :attr:`WriteTiming.patience` is over.

    :param hub: whose clients hear what the store has numbered, and whose publisher carries it.
    :param done: called with each journal whose queue was emptied.
    """

    def __init__(self, hub: Hub, done: Callable[[Journal], None], timing: WriteTiming = WriteTiming()) -> None:
        self._hub = hub
        self._done = done
        self.timing = timing
        self._is_shared = False  # whether other processes read the store, as far as that is known
        self._threads = Threads("WebSocket writer", THREADS, rank=Rank.SENDERS)
        self._complaints = Complaints()

    def put(self, journal: Journal, asked: Asked, pending: Pending) -> Placed:
        """Let an event wait for store and layer; what is to be pushed on here. Under the lock of the journal."""
        in_line: Placed = []
        self._is_shared = asked.store.waits
        if journal.is_here:
            in_line = number_here(self._hub, journal, pending)
        journal.queue.append(pending)
        journal.untold.append(pending)
        if journal.is_failing or not (asked.is_closed or self._lasting_loop() is None):
            pending.due, pending.has_failed = monotonic(), True
        if asked.store.waits or pending.has_failed:  # else the store has it in a moment, or has failed
            in_line += self._tell_due(journal)
        return in_line

    def wake(self, journal: Journal, asked: Asked, *, in_haste: bool = False) -> None:
        """See to it that the queue of ``journal`` is emptied; without an event loop for that here, unless in haste."""
        with journal.lock:
            is_at_it = journal.is_writing and not is_closed(journal.writing_on)
            if is_at_it or not (journal.queue or journal.owes_last):
                return
            journal.is_writing, journal.writing_on = True, None
        if not asked.store.waits:
            start(self._write_all(journal, asked, tries=1))  # which waits for nothing
            self._try_later(journal, asked)
            return
        try:
            loop = self._lasting_loop()
            if loop is None and in_haste:
                self._threads.submit(self._run, journal, asked)
                return
            loop = loop or _running_loop()
            if loop is not None:
                journal.writing_on = loop
                loop.call_soon_threadsafe(self._begin, journal, asked)
                return
        except BaseException as error:  # no more threads can be had, or the loop is closed
            self._miss(journal, error)
            return
        self._run(journal, asked, tries=1)

    def _run(self, journal: Journal, asked: Asked, tries: int = 0) -> None:
        """Empty the queue on an event loop of its own, as :meth:`_write_all` does."""
        runner = asyncio.Runner()
        try:
            journal.writing_on = runner.get_loop()
        except BaseException as error:  # the system has no more files
            self._miss(journal, error)
            return
        with runner:
            runner.run(self._write_all(journal, asked, tries))

    def _miss(self, journal: Journal, error: BaseException) -> None:
        """Nothing could be begun that empties the queue."""
        self._break_off(journal, error)
        if not isinstance(error, Exception):
            raise error
        message = "What was sent is not stored: neither a thread nor an event loop can be had for that: %r (path %.64r)"
        self._complaints.add("miss", message, error, journal.topic)

    def _try_later(self, journal: Journal, asked: Asked) -> None:
        """Where a store has failed that is not waited for, try once more in a while."""
        is_due = (journal.queue or journal.owes_last) and journal.try_at <= monotonic()
        loop = self._lasting_loop() if is_due else None
        if loop is not None:
            journal.try_at = monotonic() + self.timing.longest_pause
            with suppress(RuntimeError):  # the loop is closed
                wake = partial(self.wake, journal, asked)
                loop.call_soon_threadsafe(loop.call_later, self.timing.longest_pause, wake)

    def flushing(self, journal: Journal) -> "Future[None] | None":
        """What is done when the store has all that waits for it, or has failed; ``None`` where nothing waits."""
        with journal.lock:
            if not journal.queue or not journal.is_writing:
                return None
            written = shared_future()
            journal.written.append(settled_here(written))
            return written

    def _lasting_loop(self) -> asyncio.AbstractEventLoop | None:
        """Where is waited for the store: where messages leave for other processes, or clients are served."""
        publisher = self._hub.publisher
        return (None if publisher is None else publisher.loop()) or self._hub.loop()

    def _begin(self, journal: Journal, asked: Asked) -> None:
        keep(asyncio.get_running_loop().create_task(self._write_all(journal, asked)))

    async def _write_all(self, journal: Journal, asked: Asked, tries: int = 0) -> None:
        """Empty the queue.

        :param tries: how often a store that fails is asked in a row; 0 for as long as it takes.
        """
        pause, failures = self.timing.first_pause, 0
        try:
            while (batch := self._next(journal)) is not None:
                if await self._write(journal, asked, batch):
                    pause, failures = self.timing.first_pause, 0
                    continue
                failures += 1
                if failures != tries:
                    if self._lasting_loop() is None and not self._abandon(journal, is_failing=True):
                        break
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, self.timing.longest_pause)
                elif not asked.store.waits and self._lasting_loop() is not None:
                    self._stop(journal)  # it is tried later
                    return
                elif not self._abandon(journal, batch):
                    break
                else:
                    failures = 0
        except BaseException as error:  # the loop ends
            self._break_off(journal, error)
            raise
        self._done(journal)

    def _break_off(self, journal: Journal, error: BaseException) -> None:
        """Tell what waits; it is written by whoever comes next, as far as somebody would."""
        self._hub.push_on(self._fail(journal, list(journal.queue), error))
        with journal.lock:
            self._drop_excess(journal)
        is_last = not journal.is_here and self._lasting_loop() in (None, _running_loop())
        if not is_last or self._abandon(journal):
            self._stop(journal)
        self._done(journal)

    def _abandon(self, journal: Journal, batch: Collection[Pending] = (), *, is_failing: bool = False) -> bool:
        """Drop ``batch``, and what else was refused, since nobody would try it again; whether there is more.

        Whoever sent it was told so, and may send it again. Where there is no more, nobody is writing from now on.
        There is no way to others but the store: what had numbers here, at most clients of this process have heard.

        :param is_failing: whether the store is known to fail when it is asked for the rest.
        """
        with journal.lock:
            kept = [pending for pending in journal.queue if not (pending.is_refused or pending in batch)]
            journal.owes_last = journal.owes_last or (journal.is_here and len(kept) < len(journal.queue))
            journal.queue.clear()
            journal.queue.extend(kept)
            journal.is_failing = is_failing and bool(kept)
            if not kept:
                self._stop(journal)
            return bool(kept)

    def _stop(self, journal: Journal) -> None:
        """Nobody writes any more."""
        with journal.lock:
            journal.is_writing = False
            written, journal.written = journal.written, []
        for outcome in written:
            outcome.set_result(None)

    def _next(self, journal: Journal) -> list[Pending] | None:
        """What the next call of the store carries: nothing where it has to be told a number alone.

        ``None`` where there is nothing to call for; then nobody is writing any more.
        """
        with journal.lock:
            self._drop_excess(journal)
            queue, size = journal.queue, 0
            batch: list[Pending] = []
            for pending in takewhile(lambda each: (each.place is None) is (queue[0].place is None), queue):
                batch.append(pending)
                size += pending.entry.size
                if len(batch) == BATCH or size > BATCH_SIZE:
                    break
            if batch or journal.owes_last:
                return batch
            self._stop(journal)
            return None

    def _drop_excess(self, journal: Journal) -> None:
        """Drop what is too old, or too much while it cannot be stored. Under the lock of the journal."""
        queue, now = journal.queue, monotonic()
        most = max(journal.policy.history, LEAST_KEPT)
        while queue and (queue[0].expires <= now or (journal.is_failing and len(queue) > most)):
            expired = queue.popleft()
            expired.has_failed = True
            self._settle(journal, expired, None)
            journal.owes_last = journal.owes_last or expired.place is not None

    async def _write(self, journal: Journal, asked: Asked, batch: Sequence[Pending]) -> bool:
        """Have the store keep a batch; whether it has."""
        store, topic, most = asked.store, journal.topic, journal.policy.history
        entries = [pending.entry for pending in batch]
        place = batch[0].place if batch else Place(journal.sender, journal.number + 1)
        try:
            if place is None:
                publishing = asked.ask(store.publish, topic, uuid.uuid4().hex, entries, most)
                sender, first = numbered(await self._while_telling(journal, asked, publishing))
                in_line = self._take_numbers(journal, asked, batch, sender, first)
            else:
                appending = asked.ask(store.append, topic, place.sender, place.number, entries, most)
                await self._while_telling(journal, asked, appending)
                in_line = self._note_stored(journal, asked, batch)
        except StoreError as error:
            self._hub.push_on(self._fail(journal, batch, error))
            return False
        self._hub.push_on(in_line)
        return True

    async def _while_telling(self, journal: Journal, asked: Asked, call: Coroutine[Any, Any, T]) -> T:
        """Await a call of the store; meanwhile the layer gets what it should not wait for any longer."""
        if not asked.store.waits:
            return await call
        task = asyncio.get_running_loop().create_task(call)
        try:
            while not task.done():
                with journal.lock:
                    due = journal.untold[0].due - monotonic() if journal.untold else self.timing.patience
                await asyncio.wait([task], timeout=max(0.01, min(due, self.timing.patience)))
                if not task.done():
                    with journal.lock:
                        in_line = self._tell_due(journal)
                    self._hub.push_on(in_line)
            return task.result()
        finally:
            task.cancel()

    def _note_stored(self, journal: Journal, asked: Asked, batch: Sequence[Pending]) -> Placed:
        with journal.lock:
            journal.is_failing = journal.owes_last = False
            for pending in batch:
                if journal.queue and journal.queue[0] is pending:
                    journal.queue.popleft()
                self._note_taken(journal, asked, pending)
            self._tell_again(batch)
            return self._tell_through(journal, batch[-1]) if batch else []

    def _note_taken(self, journal: Journal, asked: Asked, pending: Pending) -> None:
        """Whoever waits for the store has succeeded, unless it cannot keep what it was given and others may hear it."""
        entry, publisher = pending.entry, self._hub.publisher
        is_kept = entry.size <= asked.retention.bytes or bool(entry.retained)
        if is_kept or publisher is None or publisher.loop() is None:
            _succeed(pending)
        else:
            pending.has_failed = True
            self._settle(journal, pending, None)

    def _tell_again(self, batch: Sequence[Pending]) -> None:
        """Give the layer once more what it refused while the store failed, and what came after that.

        Others may not have heard that either, and know by its place what they have. What is sent later may have another
        sender, and shall not be heard first.
        """
        publisher = self._hub.publisher
        for pending in dropwhile(lambda each: each.error is None, batch):
            if pending.is_told and pending.place is not None and publisher is not None:
                publisher.publish(for_others(pending.message, pending.place))

    def _take_numbers(
        self, journal: Journal, asked: Asked, batch: Sequence[Pending], sender: str, first: int
    ) -> Placed:
        """The store has numbered a batch, of which some may have been given numbers here meanwhile."""
        in_line: Placed = []
        publisher = self._hub.publisher
        with journal.lock:
            journal.is_failing = False
            for number, pending in enumerate(batch, first):
                place = Place(sender, number, pending.entry.audience)
                if pending.place is None:
                    journal.queue.remove(pending)
                    pending.place = place
                elif publisher is not None:  # others pass it over, and need not wait for it before the next one
                    publisher.publish(for_others(pending.message, place))
                in_line += self._hear_own(journal, pending, place)
                self._note_taken(journal, asked, pending)
            in_line += self._tell_through(journal, batch[-1])
        return in_line

    def _hear_own(self, journal: Journal, pending: Pending, place: Place) -> Placed:
        """Deliver what the store has numbered, if a client has come meanwhile."""
        if not journal.is_here:
            return []
        event = Event(place.sender, place.number, pending.entry.text, place.audience)
        return show(self._hub, journal, journal.hear(event))

    def _fail(self, journal: Journal, batch: Sequence[Pending], error: BaseException) -> Placed:
        """The store does not answer: the layer need not wait for it."""
        with journal.lock:
            journal.is_failing = True
            for pending in batch:
                pending.has_failed = True
            in_line = self.tell(journal)
            for pending in batch:
                self._settle(journal, pending, error)
        return in_line

    def tell(self, journal: Journal) -> Placed:
        """Give the layer all that it has not got yet; what is to be pushed on here. Under the lock of the journal."""
        return self._tell_through(journal, journal.untold[-1]) if journal.untold else []

    def _tell_due(self, journal: Journal) -> Placed:
        now = monotonic()
        due = [pending for pending in journal.untold if pending.due <= now]
        return self._tell_through(journal, due[-1]) if due else []

    def _tell_through(self, journal: Journal, last: Pending) -> Placed:
        """Give the layer what it has not got yet, up to ``last``; what has no number gets one here."""
        in_line: Placed = []
        while journal.untold and not last.is_told:
            pending = journal.untold.popleft()
            pending.is_told = True
            if pending.place is None:
                in_line += number_here(self._hub, journal, pending)
            self._tell(journal, pending)
        return in_line

    def _tell(self, journal: Journal, pending: Pending) -> None:
        publisher, place = self._hub.publisher, pending.place
        is_asked = pending.outcome is not None and not pending.outcome.done()
        if publisher is None or place is None or (is_asked and publisher.loop() is None):
            if not self._is_shared:  # else clients of other processes hear of it by the store
                self._hub.note_unheard(pending.message)
            if pending.in_haste or self._hub.has_clients(journal.topic):
                _succeed(pending)  # all who could hear it have, but for those who will ask the store
            else:
                pending.error = PublishError(pending.message.event, journal.topic)
                self._settle(journal, pending, None)
            return
        outcome: Future[None] | None = None
        if is_asked or pending.has_failed:  # then it matters later, see _tell_again
            outcome = shared_future()
            outcome.add_done_callback(partial(self._take_outcome, journal, pending))
        publisher.publish(for_others(pending.message, place), outcome)

    def _take_outcome(self, journal: Journal, pending: Pending, outcome: "Future[None]") -> None:
        with journal.lock:
            pending.error = outcome.exception()
            if pending.error is None:
                _succeed(pending)
            else:
                self._settle(journal, pending, None)

    def _settle(self, journal: Journal, pending: Pending, cause: BaseException | None) -> None:
        """Tell whoever waits that neither the store nor the layer has taken it, if that is so."""
        error, may_have_it = pending.error, not (pending.has_failed or pending.in_haste)
        if error is None or may_have_it or pending.outcome is None or pending.outcome.done():
            return
        if not isinstance(error, PublishError):
            error = PublishError(pending.message.event, journal.topic)
        error.__cause__ = error.__cause__ or cause
        pending.is_refused = True
        pending.outcome.set_exception(error)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def is_closed(loop: asyncio.AbstractEventLoop | None) -> bool:
    """Whether what was begun on ``loop`` has ended with it, perhaps before its first step."""
    return loop is not None and loop.is_closed()


def _succeed(pending: Pending) -> None:
    if pending.outcome is not None and not pending.outcome.done():
        pending.outcome.set_result(None)
