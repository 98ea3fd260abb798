"""What did not arrive: read from the store and delivered in its place, or told to be lost."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from ....exceptions import StoreError
from ...complaints import Complaints
from ...counters import counters
from ...delivery.audience import Audience
from ...delivery.hub import Hub, Placed
from ...delivery.message import Message
from ...handlers.greenlets import new_lock
from ...logger import logger
from ...tasks import keep
from ..reads import Reads
from ..record import Record
from ..soundness import sound_position
from ..store import Asked
from .former import Before
from .journal import Journal
from .placing import show
from .policy import GAP
from .values import Values
from .writer import Writer, is_closed

#: Gives the journals that are to be watched.
Watched = Callable[[], Mapping[str, tuple[Journal, Asked]] | None]


@dataclass(frozen=True, slots=True)
class HealTiming:
    """How long is waited for what is missing, in seconds.

    :ivar delay: before the store is asked: most of what comes in another order is there by then.
    :ivar pause: before it is asked again.
    :ivar patience: for which a store answers without it before something counts as lost; and ``silence``, after which
        it does where no answer comes.
    :ivar tails: between two looks at how far all senders have come: a last event that is lost shows by no other.
    :ivar idle: that a topic without clients is remembered.
    :ivar behind: from one look at a store to the next that has less than somebody was shown already.
    """

    delay: float = 0.02
    pause: float = 0.25
    patience: float = 2.0
    silence: float = 6.0
    tails: float = 10.0
    idle: float = 60.0
    behind: Sequence[float] = (0.1, 0.2, 0.4)


class Healing:
    """Mends the journals of a process.

    :param hub: whose clients hear what was missing.
    :param reads: asks the store.
    :param writer: tells the store how far this process has come, where the store does not know.
    :param values: finds out what is retained, where only that matters.
    """

    def __init__(
        self, hub: Hub, reads: Reads, writer: Writer, values: Values, timing: HealTiming = HealTiming()
    ) -> None:
        self._hub = hub
        self._reads = reads
        self._writer = writer
        self._values = values
        self.timing = timing
        self._complaints = Complaints(level=logging.WARNING)
        self._lock = new_lock()
        self._watching: asyncio.Task[None] | None = None

    def begin(self, journal: Journal, asked: Asked) -> None:
        """Mend ``journal``, where something is missing and nobody is at it. On an event loop."""
        with journal.lock:
            is_at_it = journal.is_healing and not is_closed(journal.healing_on)
            if is_at_it or not (journal.gaps or journal.doubt):
                return
            journal.is_healing, journal.healing_on = True, asyncio.get_running_loop()
        keep(asyncio.get_running_loop().create_task(self._heal(journal, asked)))

    async def _heal(self, journal: Journal, asked: Asked) -> None:
        pause = self.timing.delay
        try:
            while True:
                await asyncio.sleep(pause)
                pause = self.timing.pause
                record = await self._reads.record(asked, journal.topic) if journal.gaps else None
                with journal.lock:
                    in_line = [] if record is None else show(self._hub, journal, journal.fill(record))
                    journal.note_answer(record is not None)
                    in_line += self._give_up(journal) + self._end_doubt(journal)
                self._hub.push_on(in_line)
                with journal.lock:
                    if not (journal.gaps or journal.doubt):
                        journal.is_healing = False
                        return
        except BaseException:
            journal.is_healing = False
            raise

    def _give_up(self, journal: Journal) -> Placed:
        """Show what waits for something that is not to be had, and tell the clients that it is not."""
        senders = journal.stale(self.timing.patience, self.timing.silence)
        events, lost = journal.give_up(senders)
        in_line: Placed = []
        if lost:
            counters.messages_lost += lost
            logger.warning(
                "%d messages of another process were lost on the way, and the store does not give them (path %.64r)",
                lost,
                journal.topic,
            )
            in_line = self._hub.place(Message(journal.topic, "", GAP))
        return in_line + show(self._hub, journal, events)

    def _end_doubt(self, journal: Journal) -> Placed:
        """Tell those who may miss something, and have not said hello meanwhile."""
        connections = journal.end_doubt(self.timing.patience)
        if not connections:
            return []
        in_line = self._hub.place(Message(journal.topic, "", GAP, audience=Audience(connections=connections)))
        if in_line:
            counters.messages_lost += 1
            message = (
                "Messages of other processes may have been lost while the store gave no answer, or when it was emptied "
                "(path %.64r)"
            )
            self._complaints.add("doubt", message, journal.topic)
        return in_line

    def before(self, journal: Journal) -> Before:
        """How things stand now that the store is about to be asked."""
        publisher = self._hub.publisher
        with journal.lock:
            stretch = None if publisher is None else publisher.stretch(journal.topic)
            return Before(stretch or 0, journal.snapshot())

    def found(self, journal: Journal, asked: Asked, record: Record, before: Before) -> None:
        """Have ``journal`` begin where the store is, and see to those who are here already. On an event loop.

        :param before: how things stood when the store was asked.
        """
        with journal.lock:
            is_known = journal.is_founded and journal.epoch == record.epoch
            shards = () if is_known else self._hub.shards
            here = {member.id for shard in shards for member in shard.roster_of(journal.topic)}
            have_missed = journal.found(record, here, is_in_touch=is_known or self._is_in_touch(journal, asked))
            journal.note_compared(before)
        if have_missed:
            self._values.compare_later(journal, asked)
            self.begin(journal, asked)

    def _is_in_touch(self, journal: Journal, asked: Asked) -> bool:
        """Whether all was heard that others have sent since the store was last asked; also where they do not use it."""
        publisher = self._hub.publisher
        stretch = None if publisher is None or asked.begin_anew is not None else publisher.stretch(journal.topic)
        return stretch is None or 0 < stretch == journal.compared.stretch

    def watch(self, journals: Watched) -> None:
        """Have somebody :meth:`watch_tails`, if nobody does. On an event loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            task = self._watching
            if task is not None and not task.done() and task.get_loop().is_running():
                return
            self._watching = task = keep(loop.create_task(self.watch_tails(journals)))
        task.add_done_callback(self._end_watching)

    def _end_watching(self, task: "asyncio.Task[None]") -> None:
        with self._lock:
            if self._watching is task:  # it has not come to its end
                self._watching = None
        if not task.cancelled() and task.exception() is not None:
            logger.error("Looking for lost events has failed", exc_info=task.exception())

    async def watch_tails(self, journals: Watched) -> None:
        """Find out, again and again, what was lost without a later event to show it.

        :param journals: those that matter at the moment, by topic; ``None`` where there are no others either, and then
            this ends.
        """
        while True:
            await asyncio.sleep(self.timing.tails)
            with self._lock:  # so that who comes meanwhile finds either one that watches, or none
                if self._watching not in (None, asyncio.current_task()):  # another has begun, while this loop stood
                    return
                found = journals()
                if found is None:
                    self._watching = None
                    return
            await self.look(found)

    async def look(self, found: Mapping[str, tuple[Journal, Asked]]) -> bool:
        """Find out what is missing on these topics, by one question to each store; whether all have answered."""
        have_answered = True
        for asked in {asked for _, asked in found.values()}:
            topics = [topic for topic, (_, store) in found.items() if store is asked]
            before = {topic: self.before(found[topic][0]) for topic in topics}
            try:
                positions = await asked.ask(asked.store.lasts, topics)
            except StoreError:  # which is logged
                have_answered = False
                continue
            for topic in topics:
                position: Mapping[str, int] = {}  # then the record is read, which may make more sense
                with suppress(StoreError):  # likewise
                    position = sound_position(positions, topic)
                await self._compare(*found[topic], position, before[topic])
        return have_answered

    async def _compare(self, journal: Journal, asked: Asked, position: Mapping[str, int], before: Before) -> None:
        # Not known yet, or the store was emptied; or who comes back now need not be shown what was sent meanwhile.
        if journal.epoch not in position or not journal.is_founded:
            before = self.before(journal)
            record = await self._reads.record(asked, journal.topic, False)
            if record is None:
                return
            self.found(journal, asked, record, before)
            position = record.position
        with journal.lock:
            journal.note_compared(before)
            own = (journal.sender, journal.epoch)
            behind = {
                sender: last
                for sender, last in position.items()
                if sender not in own and last > journal.lasts.get(sender, 0)
            }
            for sender, last in behind.items():
                journal.owe(sender, last)
            journal.prune(position, monotonic(), asked.retention.sender_seconds)  # as the store does
        if behind:
            self._values.compare_later(journal, asked)
        self.begin(journal, asked)
        self._writer.wake(journal, asked)
