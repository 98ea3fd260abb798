"""All topics of a process whose events are numbered: who sends, comes, goes and asks there.

It is long because whatever happens to a topic begins here, with its journal and the store of now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Final
from weakref import WeakKeyDictionary

from ....exceptions import StoreError
from ...counters import counters
from ...delivery.hub import Hub, Placed
from ...delivery.keeper import Place, PlacedMessage
from ...delivery.member import Member
from ...delivery.message import Message
from ...delivery.scheduler import Delivery
from ...delivery.shard import Shard
from ...forking import ForkGuard
from ...handlers.greenlets import new_lock
from ...tasks import keep
from ..gap import is_ahead
from ..position import Position
from ..reads import Reads
from ..record import Entry, Event, Record
from ..soundness import is_sound
from ..store import Asked
from ..welcome import Hello, welcome
from .healing import Healing, HealTiming
from .journal import Journal
from .listening import Listening
from .pending import Pending
from .placing import show, with_twin
from .policy import Policy
from .values import Values, ValueTiming
from .welcoming import MAX_WELCOME, Asks, catch_up, position_in, welcomes
from .writer import Writer, WriteTiming

Turn = Callable[[], Awaitable[None]]

#: Numbers of a sender that can be missing in a row. Whoever can write to the layer can claim any number.
MAX_LOST: Final = 1_000_000

#: Seconds that who connects waits for where its topic stands; who leaves last, or drops something, for the store.
FOUNDING: Final = 0.25
FLUSHING: Final = 2.0

#: Seconds from one look at a store that fails to the next: often it comes back together with the channel layer.
LOOKING: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


class TopicKeeper:
    """Keeps the events of topics, and delivers them in their places.

    :param hub: whose clients hear them.
    :param store: gives the store of now.
    :param most_unwatched: topics that may be known before those are looked for that can be forgotten, whether or not
        that is done now and then.
    """

    def __init__(
        self,
        hub: Hub,
        store: Callable[[], Asked],
        *,
        writing: WriteTiming = WriteTiming(),  # noqa: B008 it is frozen
        healing: HealTiming = HealTiming(),  # noqa: B008 it is frozen
        values: ValueTiming = ValueTiming(),  # noqa: B008 it is frozen
        most_unwatched: int = 1_000,
    ) -> None:
        self._hub = hub
        self._store = store
        self._timings = writing, healing, values
        self._most_unwatched = most_unwatched
        self.forget()
        self._fork = ForkGuard(self.forget)

    def forget(self) -> None:
        """Start anew, as a forked process must: under its parent's names, it would give the same numbers."""
        writing, healing, values = self._timings
        self._lock = new_lock()
        self._journals: dict[str, tuple[Journal, Asked]] = {}
        self._most = self._most_unwatched
        self._bases: WeakKeyDictionary[Member, Mapping[str, int]] = WeakKeyDictionary()
        self._reads = Reads()
        self._writer = Writer(self._hub, self._drop_unless_needed, writing)
        self._values = Values(self._hub, self._reads, values)
        reads = Reads()  # its own: messages wait for it, and shall not wait for those who say hello as well
        self._healing = Healing(self._hub, reads, self._writer, self._values, healing)
        self._listening = Listening(self._hub, self._lose_touch)

    def __len__(self) -> int:
        """How many topics are known at the moment."""
        return len(self._journals)

    # For whoever sends.

    def send(
        self, message: Message, policy: Policy, outcome: "Future[None] | None" = None, *, in_haste: bool = False
    ) -> None:
        """Number ``message``, deliver it here, have it stored, and send it to other processes.

        :param outcome: is done when the store or the layer has it; ``PublishError`` where neither will.
        :param in_haste: nothing of that waits for the store.
        """
        self._fork.check()
        journal, asked = self._journal(message.topic, policy)
        audience = "" if message.audience is None else message.audience.to_text()
        now = monotonic()
        due = now if in_haste else now + self._writer.timing.patience
        with journal.lock:
            journal.used = now
            if asked.store.waits and not journal.is_here:
                audience = with_twin(audience)
            entry = Entry(message.text, audience, policy.retained_name(message.event, message.audience))
            is_contested = bool(entry.retained) and journal.is_contested(entry.retained, journal.sender)
            expires = now + asked.retention.seconds
            in_line = self._writer.put(journal, asked, Pending(message, entry, outcome, due, expires, in_haste))
        self._writer.wake(journal, asked, in_haste=in_haste)
        self._hub.push_on(in_line)
        loop = self._hub.loop() if is_contested else None
        if loop is not None:
            loop.call_soon_threadsafe(self._values.compare_later, journal, asked)
        self._drop_unless_needed(journal)

    def hurry(self, topic: str) -> None:
        """Have what was sent to ``topic`` on its way to other processes, whether or not the store has it."""
        self._fork.check()
        found = self._journals.get(topic)
        if found is not None and found[1].store.waits:
            with found[0].lock:
                in_line = self._writer.tell(found[0])
            self._hub.push_on(in_line)

    def finds_losses(self, topic: str) -> bool:
        """See :class:`~tornado_websockets.core.delivery.keeper.Keeper`; of values only the newest matters."""
        found = self._journals.get(topic)
        return found is not None and found[0].policy.history > 0

    def take(self, messages: Sequence[Message]) -> None:
        """See :class:`~tornado_websockets.core.delivery.keeper.Keeper`."""
        self._fork.check()
        topic = messages[0].topic
        found = self._journals.get(topic)
        for message in messages:
            place = message.place if isinstance(message, PlacedMessage) else None
            if found is None or place is None:
                self._hub.deliver(message, topic)
            else:
                self._take(*found, message, place)

    def _take(self, journal: Journal, asked: Asked, message: Message, place: Place) -> None:
        event = Event(place.sender, place.number, message.text, place.audience)
        with journal.lock:
            if place.number > journal.lasts.get(place.sender, 0) + MAX_LOST and journal.is_founded:
                counters.messages_invalid += 1
                return
            is_contested = any(journal.is_contested(name, place.sender) for name in journal.told)
            in_line = show(self._hub, journal, journal.hear(event), message.key)
        self._hub.push_on(in_line)
        if is_contested:
            self._values.compare_later(journal, asked)
        if journal.gaps:
            self._healing.begin(journal, asked)

    # For those who come and go.

    async def enter(self, topic: str, policy: Policy) -> None:
        """A client of ``topic`` is about to connect: find out where the topic stands, and its retained values."""
        self._fork.check()
        journal, asked = self._journal(topic, policy)
        with journal.lock:
            journal.is_here, journal.used = True, monotonic()
            self._listening.resume(topic)
            self._listening.check(journal, asked)
        waits = [] if journal.is_founded else [self._found(journal, asked)]
        if policy.retain:
            waits.append(self._values.refresh(journal, asked))
        await asyncio.gather(*waits)
        self._healing.watch(self._watched)

    async def _found(self, journal: Journal, asked: Asked) -> None:
        await asyncio.wait([keep(asyncio.ensure_future(self._find(journal, asked)))], timeout=FOUNDING)

    async def _find(self, journal: Journal, asked: Asked) -> None:
        before = self._healing.before(journal)
        record = await self._reads.record(asked, journal.topic, False)
        if record is not None:
            self._healing.found(journal, asked, record, before)

    def subscribe(self, member: Member, shard: Shard, topic: str) -> None:
        """Let ``member`` hear ``topic``, after the newest values: from now on it misses nothing. On its loop."""
        found = self._journals.get(topic)
        if found is None:  # nobody has entered
            shard.subscribe(member, topic)
            return
        journal, _ = found
        in_line: Placed = []
        with journal.lock:
            if not any(topic in each.topics for each in self._hub.shards):
                journal.note_first()
            shard.subscribe(member, topic, is_ordered=True)
            self._bases[member] = journal.snapshot()
            for event, _ in journal.values.values():
                in_line.append((shard, shard.place(Delivery(event.text, [member]), topic)))
        self._hub.push_on(in_line)

    async def leave(self, topic: str) -> None:
        """A client of ``topic`` is about to be counted out: let what was sent last be stored, unless that fails."""
        found = self._journals.get(topic)
        if found is not None:
            if not found[0].is_failing:
                await self._flushed(found[0])
            await self._listening.go_on(*found)  # now: what comes when it was counted out must find it heard

    async def _flushed(self, journal: Journal) -> None:
        if (flushing := self._writer.flushing(journal)) is not None:
            await asyncio.wait([asyncio.wrap_future(flushing)], timeout=FLUSHING)

    async def left(self, topic: str) -> None:
        """The last client of ``topic`` was counted out: hear others no more, unless that matters for a while."""
        if topic not in self._listening:
            await self._hub.stop_hearing(topic)
            self._lose_touch(topic)

    def _lose_touch(self, topic: str) -> None:
        found = self._journals.get(topic)
        if found is not None and not self._hub.has_clients(topic):
            with found[0].lock:
                self._listening.break_off(*found)

    def listens_on(self, topic: str) -> bool:
        """See :class:`~tornado_websockets.core.delivery.keeper.Keeper`."""
        return topic in self._listening

    # For those who ask.

    async def welcome(self, member: Member, topic: str, hello: Hello, policy: Policy, turn: Turn) -> list[str]:
        """What a client is told that has said hello: the welcome, and what must be told after it.

        :param turn: waits for its turn to take some of the processor's time.
        """
        found = self._journals.get(topic)
        if not policy.history or found is None:
            return [welcome(member.id)]
        journal, asked = found
        with journal.lock:
            self._listening.check(journal, asked)
        before = self._healing.before(journal)
        record, under_way = await self._read_up_to(hello.since, journal, asked)
        await turn()
        with journal.lock:
            base, has_all = self._bases.get(member, {}), self._listening.has_all(journal, asked)
            asks = Asks(member, hello, base, MAX_WELCOME * asked.retention.bytes, has_all, under_way)
            if record is None:
                return welcomes(journal, record, asks)
            self._healing.found(journal, asked, record, before)
            in_line, shown = catch_up(self._hub, journal, record, asks)
            texts = welcomes(journal, record, asks, shown)
            journal.note_welcome(member.id)
        self._hub.push_on(in_line)
        self._healing.begin(journal, asked)
        self._writer.wake(journal, asked)
        return texts

    async def aposition(self, topic: str, policy: Policy) -> dict[str, int]:
        """Where ``topic`` stands; with the store down, somewhere that nobody knows."""
        journal, asked = self._heard(topic, policy)
        try:
            record = await asked.ask(asked.store.read, topic, False)
        except StoreError:  # which is logged
            record = None
        return self._position_now(journal, record)

    def position(self, topic: str, policy: Policy) -> dict[str, int]:
        """:meth:`aposition` for sync code."""
        journal, asked = self._heard(topic, policy)
        try:
            record = asked.ask_and_wait(asked.store.read, topic, False)
        except StoreError:
            record = None
        return self._position_now(journal, record)

    async def adrop(self, topic: str, event: str | None, policy: Policy) -> None:
        """Drop the retained value of ``event``, or all that is kept of ``topic``.

        :raises StoreError: the store does not answer.
        """
        journal, asked = self._journal(topic, policy)
        await self._flushed(journal)
        try:
            await asked.ask(asked.store.forget, topic, event)
            self._forgotten(journal, event)
        finally:
            self._drop_unless_needed(journal)

    def drop(self, topic: str, event: str | None, policy: Policy) -> None:
        """:meth:`adrop` for sync code."""
        journal, asked = self._journal(topic, policy)
        flushing = self._writer.flushing(journal)
        if flushing is not None:
            with suppress(TimeoutError):
                flushing.result(FLUSHING)
        try:
            asked.ask_and_wait(asked.store.forget, topic, event)
            self._forgotten(journal, event)
        finally:
            self._drop_unless_needed(journal)

    @staticmethod
    def _forgotten(journal: Journal, event: str | None) -> None:
        with journal.lock:
            journal.forget(event)

    def _position_now(self, journal: Journal, record: Record | None) -> dict[str, int]:
        with journal.lock:
            position = position_in(journal, record if is_sound(record) else None)
        self._drop_unless_needed(journal)
        return position

    async def _read_up_to(
        self, since: Position | None, journal: Journal, asked: Asked
    ) -> tuple[Record | None, Sequence[Pending]]:
        """What the store has, and what was on its way there when it was asked.

        It is asked again where it has less than somebody was shown already: another process shows an event before it is
        stored.
        """
        pauses = iter(self._healing.timing.behind if asked.store.waits else ())
        while True:
            with journal.lock:
                under_way = journal.under_way()
            record = await self._reads.record(asked, journal.topic)
            if record is None or since is None or (pause := next(pauses, None)) is None:
                return record, under_way
            with journal.lock:
                is_behind = is_ahead(since, record, journal.lasts)
            if not is_behind:
                return record, under_way
            await asyncio.sleep(pause)

    # What is known of the topics.

    def _journal(self, topic: str, policy: Policy) -> tuple[Journal, Asked]:
        found = self._journals.get(topic)
        if found is not None and found[0].is_here and self._hub.has_clients(topic) and found[0].is_founded:
            return found
        asked = self._store()
        with self._lock:
            found = self._journals.get(topic)
            if found is None or found[1] is not asked or found[0].policy != policy:
                if len(self._journals) >= self._most:  # nobody may watch, where a loop ended before its time say
                    self._forget_idle()
                found = self._journals[topic] = Journal(topic, policy, retain=asked.retain), asked
                found[0].is_here = self._hub.has_clients(topic)
            return found

    def _heard(self, topic: str, policy: Policy) -> tuple[Journal, Asked]:
        journal, asked = self._journal(topic, policy)
        with journal.lock:
            self._listening.check(journal, asked)
        return journal, asked

    def _drop_unless_needed(self, journal: Journal) -> None:
        """Forget a topic without clients that nothing waits for: any number of them may be published to."""
        if journal.is_here or journal.queue or self._hub.has_clients(journal.topic):
            return
        with self._lock:
            found = self._journals.get(journal.topic)
            if found is not None and found[0] is journal and not (journal.queue or journal.is_here):
                del self._journals[journal.topic]

    async def look(self) -> None:
        """Look now for what was lost in silence, and soon again while a store fails; else that is done now and then."""
        for pause in LOOKING:
            await asyncio.sleep(pause)
            if await self._healing.look(self._watched() or {}):
                return

    def _watched(self) -> Mapping[str, tuple[Journal, Asked]] | None:
        """The topics with clients; ``None`` where no topic is known at all."""
        with self._lock:
            self._forget_idle()
            if not self._journals:
                return None
            return {topic: found for topic, found in self._journals.items() if self._hub.has_clients(topic)}

    def _forget_idle(self) -> None:
        """Forget the topics that have had no clients for a while, and that nothing waits for which the store may keep.

        Under the lock.
        """
        now, idle = monotonic(), self._healing.timing.idle
        for topic, (journal, asked) in list(self._journals.items()):
            rest = max(idle, asked.retention.seconds) if journal.queue else idle
            if journal.used < now - rest and not self._hub.hears(topic):
                del self._journals[topic]
        self._most = max(self._most_unwatched, 2 * len(self._journals))
