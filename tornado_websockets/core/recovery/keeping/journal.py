"""What one process knows of a topic whose events are numbered: how far each sender has come, and what is under way.

It is long because all of it changes together, in one step under one lock.
"""

import asyncio
import os
from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from operator import attrgetter, itemgetter
from time import monotonic
from typing import Final

from ...delivery.keeper import Place
from ...handlers.greenlets import new_rlock
from ..gap import Known, Shown
from ..record import Event, Record, shared_sender
from .former import SETTLING, Before, Former
from .pending import Pending
from .policy import Policy

#: Senders that are told apart on one topic. Whoever can write to the layer can invent any number of them.
MAX_HEARD: Final = 1_000

#: Holes in the numbers of one sender that are told apart.
MAX_HOLES: Final = 100

#: Events of a sender, and characters of them, that wait behind what is missing; it is given up where there are more.
MAX_BEHIND_GAP: Final = 1_000
MAX_CHARACTERS_BEHIND_GAP: Final = 1024 * 1024

#: Characters of the newest events of others that were shown here, for those who come before the store has them.
MAX_CHARACTERS_KNOWN: Final = 1024 * 1024

#: Events that may come once more, at another place, and are remembered as shown.
MAX_TWINS: Final = 1_000


@dataclass(slots=True)
class Gap:
    """Numbers of a sender that did not arrive, and what waits behind them.

    :ivar since: when that was found out, or the last of them arrived.
    :ivar upto: the last number that is known to be missing.
    :ivar events: what has arrived, by number.
    :ivar lacks_since: from when on the store has answered without the first of them; ``None`` where it does not answer.
    """

    since: float
    upto: int
    events: dict[int, Event] = field(default_factory=dict)
    size: int = 0
    lacks_since: float | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Clients that were connected before it was known how far others had come, and may have missed something of them.

    :ivar since: when that became known.
    :ivar connections: their ids, without those who were told by their welcome.
    """

    since: float
    connections: set[str]


class Journal:
    """A topic, as far as this process knows it. Whoever uses more of it than its names holds :attr:`lock`.

    The lock is held for moments: a number and its place in the local queue are given in one step under it.

    :param clock: gives seconds, and never goes back.
    :param retain: has each value kept where only this process sees it, as :attr:`.Asked.retain` does.

    :ivar sender: the name under which this process numbers here.
    :ivar number: the last one that it gave.
    :ivar epoch: of the store's record; empty while it is not known.
    :ivar lasts: the highest number of each sender that was shown here, or had been sent before anybody listened here.
    :ivar holes: numbers up to these that were neither.
    :ivar gaps: what is missing at the moment, by sender.
    :ivar queue: what the store does not have yet, oldest first, and ``untold`` what the layer was not given yet.
    :ivar written: are done when the queue is empty, or the store has failed.
    :ivar owes_last: whether the store does not know the last number, and cannot have the events up to it any more.
    :ivar values: the newest value of each retained event, and which change of this journal that was; ``told`` has those
        that all clients here have been told last.
    :ivar unlisted: senders that the store does not list, and since when.
    :ivar is_founded: whether it is known how far every sender had come when this began.
    :ivar doubt: who may have missed something before that was known, if anybody.
    :ivar is_here: whether this process has had clients there, and so numbers by itself.
    :ivar stretch: the number of the time without a break in hearing others that the store's record belongs to; or 0.
    :ivar compared: how things stood here when the store was last asked how far others have come.
    """

    def __init__(
        self,
        topic: str,
        policy: Policy,
        clock: Callable[[], float] = monotonic,
        retain: Callable[[str, str, Event], None] | None = None,
    ) -> None:
        self.topic = topic
        self.policy = policy
        self.lock = new_rlock()
        self.sender = os.urandom(8).hex()
        self.epoch = ""
        self.number = 0
        self.lasts: dict[str, int] = {}
        self.holes: dict[str, list[range]] = {}
        self.gaps: dict[str, Gap] = {}
        self.queue: deque[Pending] = deque()
        self.untold: deque[Pending] = deque()
        self.written: list[Future[None]] = []
        self.values: dict[str, tuple[Event, int]] = {}
        self.told: dict[str, Event] = {}
        self.unlisted: dict[str, float] = {}
        self._twins: OrderedDict[str, None] = OrderedDict()
        self.is_founded = self.is_here = False
        self.doubt: Doubt | None = None
        self.writing_on: asyncio.AbstractEventLoop | None = None
        self.healing_on: asyncio.AbstractEventLoop | None = None
        self.is_writing = self.is_healing = self.is_failing = self.owes_last = False
        self.changes = self.stretch = 0
        self.compared = Before()
        self._former = Former()
        self.used = clock()
        self.try_at = 0.0
        self._heard: deque[Event] = deque(maxlen=max(1, policy.history))
        self._heard_bytes = 0
        self._clock = clock
        self._retain = retain
        self._snapshot: dict[str, int] | None = None
        self._outdated: set[str] = set()  # senders that were not heard since this has lost touch
        self._has_guessed = False  # that a sender was heard from its first event on that is for those who are here
        self._had_guessed = False  # that it was, before anybody was here

    def number_next(self, audience: str) -> Place:
        """The place of the next event of this process."""
        self.number += 1
        self._note(self.sender, self.number)
        return Place(self.sender, self.number, audience)

    def found(self, record: Record, here: Collection[str] = (), *, is_in_touch: bool = True) -> bool:
        """Begin where the store is, if this has not begun: what was sent up to there, nobody here need be shown.

        :param here: ids of the connections that are here already. They are shown what follows what they have heard.
        :param is_in_touch: whether all was heard that others have sent since the store was last asked about them.
        :returns: whether they may have missed something, or a value that was set before they came. Of a sender that
            they have not heard it cannot be told what it has sent since they came, and where the store was emptied
            what it had and they have not heard: then they are in doubt.
        """
        was_lost = self.renew(record) and not is_in_touch
        self.epoch = record.epoch
        if self.is_founded:
            if was_lost:
                self._doubt_for(here)
            return was_lost and bool(here)
        is_behind, in_doubt = self._had_guessed, self._has_guessed or was_lost
        for sender, number in record.position.items():
            last = self.lasts.get(sender, 0)
            if sender in (self.sender, self.epoch) or number <= last:
                continue
            is_behind = True
            if sender in self.gaps or (here and sender in self.lasts and sender not in self._outdated):
                self.owe(sender, number)
                continue
            in_doubt = True
            self._add_hole(sender, range(last + 1, number + 1))
            self._note(sender, number)
        if in_doubt:
            self._doubt_for(here)
        self.is_founded, self._has_guessed, self._had_guessed = True, False, False
        self._outdated.clear()
        return bool(here) and (is_behind or in_doubt)

    def _doubt_for(self, here: Collection[str]) -> None:
        if here and self.policy.history:
            self.doubt = Doubt(self._clock(), {*here, *(self.doubt.connections if self.doubt else ())})

    def note_first(self) -> None:
        """Note that the first client is about to be here: what was lost before, it has not missed."""
        self._had_guessed = self._had_guessed or self._has_guessed
        self._has_guessed = False

    def renew(self, record: Record) -> bool:
        """Go on with the record that has taken the place of the one that is known, if it has: the store was emptied."""
        if self.epoch in ("", record.epoch):
            return False
        # Others would take what this process had numbered before for never sent, and a hole for the whole.
        self.owes_last = self.owes_last or self.number > 0
        self._drop(shared_sender(self.epoch))  # whose numbers have ended
        self.epoch = record.epoch
        if not self.keeps_values:
            to_come = {sender: max([gap.upto, *gap.events]) for sender, gap in self.gaps.items()}
            lasts = {sender: last for sender, last in {**self.lasts, **to_come}.items() if sender != self.sender}
            self._former = Former(lasts, self.compared.lasts, self._clock() + SETTLING)
        return True

    def note_compared(self, before: Before) -> None:
        """Note that the store was asked how far others have come, and has answered."""
        self.compared = Before(max(before.stretch, self.compared.stretch), before.lasts)

    def lose_touch(self) -> None:
        """Nothing is heard of others any more, until :meth:`found` is called again."""
        self.is_founded = self._has_guessed = self._had_guessed = False
        self.gaps.clear()
        self.doubt = None
        self._outdated.update(self.lasts)

    def snapshot(self) -> Mapping[str, int]:
        """Where this stands now; the same object until that changes."""
        if self._snapshot is None:
            self._snapshot = dict(self.lasts)
        return self._snapshot

    def hear(self, event: Event) -> list[Event]:
        """Take an event of another process, or of the store; which ones are to be shown now, in order."""
        sender, number = event.sender, event.number
        if sender == self.sender:
            return []
        last = self._last(sender, number)
        if number <= last:
            return []
        gap = self.gaps.get(sender)
        if gap is None and (number == last + 1 or not self.policy.history):  # without which only the newest matters
            return [self._show(event)]
        if gap is None:
            gap = self.gaps[sender] = Gap(self._clock(), number - 1)
        if number not in gap.events:
            gap.events[number] = event
            gap.upto = max(gap.upto, number - 1)
            gap.size += len(event.text)
        return self._follow(sender, gap)

    def owe(self, sender: str, last: int) -> None:
        """Note that ``sender`` has sent up to ``last``, of which something has not arrived."""
        if not self.policy.history:
            self._note(sender, last)
            return
        gap = self.gaps.get(sender)
        if gap is None:
            self.gaps[sender] = Gap(self._clock(), last)
        else:
            gap.upto = max(gap.upto, last)

    def behind(self, record: Record) -> dict[str, int]:
        """The last numbers of the senders of which the store has more than was shown here."""
        return {
            sender: standing.last
            for sender, standing in record.senders.items()
            if sender != self.sender and standing.is_listed and standing.last > self.lasts.get(sender, 0)
        }

    def fill(self, record: Record) -> list[Event]:
        """Take what the store has of what is missing; which events are to be shown now, as the store has them."""
        for event in record.events:
            gap = self.gaps.get(event.sender)
            if gap is not None and self.lasts.get(event.sender, 0) < event.number <= gap.upto:
                gap.events.setdefault(event.number, event)
        filled = [events for sender, gap in list(self.gaps.items()) if (events := self._follow(sender, gap))]
        return _in_order_of(record, filled) if len(filled) > 1 else [event for events in filled for event in events]

    def give_up(self, senders: Sequence[str]) -> tuple[list[Event], int]:
        """Wait no longer for what is missing of ``senders``; what is to be shown after all, and how many are lost."""
        shown, lost = [], 0
        for sender in senders:
            gap, last = self.gaps.pop(sender), self.lasts.get(sender, 0)
            for number in sorted({*gap.events, gap.upto + 1}):
                if number > last + 1:
                    lost += number - last - 1
                    self._add_hole(sender, range(last + 1, number))
                    self._note(sender, number - 1)
                if number in gap.events:
                    shown.append(self._show(gap.events[number]))
                last = max(last, number)
        return shown, lost

    def note_answer(self, has_answered: bool) -> None:
        """Note that the store was asked for what is missing, and has not given it."""
        now = self._clock()
        for gap in self.gaps.values():
            if not has_answered:
                gap.lacks_since = None
            elif gap.lacks_since is None:
                gap.lacks_since = now

    def stale(self, patience: float, silence: float) -> list[str]:
        """The senders of which something is missing that is waited for no longer, or behind which too much waits.

        :param patience: seconds for which the store has answered without it.
        :param silence: seconds for which it has been missing, where the store gives no answer.
        """
        now = self._clock()

        def is_stale(gap: Gap) -> bool:
            if gap.lacks_since is None:
                return gap.since <= now - silence
            return gap.lacks_since <= now - patience

        return [
            sender
            for sender, gap in self.gaps.items()
            if is_stale(gap) or len(gap.events) > MAX_BEHIND_GAP or gap.size > MAX_CHARACTERS_BEHIND_GAP
        ]

    def note_welcome(self, connection: str) -> None:
        """Note that a client was told what it has missed, or that this is not all there, or where it begins."""
        if self.doubt is not None:
            self.doubt.connections.discard(connection)

    def end_doubt(self, seconds: float) -> frozenset[str]:
        """The connections that have been in doubt for ``seconds``. They are not any more."""
        if self.doubt is None or self.doubt.since > self._clock() - seconds:
            return frozenset()
        connections = frozenset(self.doubt.connections)
        self.doubt = None
        return connections

    def under_way(self) -> Sequence[Pending]:
        """What the store may have, or not have, where it answers a question that is asked now."""
        return tuple(self.queue)

    def known(self, record: Record, under_way: Sequence[Pending] = ()) -> Known:
        """What is known here besides ``record``.

        What the store has once had and has no more was dropped there, for its age or by an application: then it is not
        shown from here either. Nor is what others had sent before the store was emptied.

        :param under_way: what was on its way to the store when that was asked for the record; it may be there by now.
        """

        def is_behind(sender: str, number: int) -> bool:
            standing = record.senders.get(sender)
            return standing is None or number > standing.last

        heard = (event for event in self._heard if is_behind(event.sender, event.number))
        known = self._former.known(self.lasts, heard, record, self._clock())
        events = [*known.events]
        for pending in dict.fromkeys((*under_way, *self.queue)):
            place = pending.place
            if place is not None and is_behind(place.sender, place.number):
                events.append(Event(place.sender, place.number, pending.entry.text, place.audience))
        return replace(known, events=events)

    def shown_since(self, base: Mapping[str, int]) -> Shown:
        """What somebody has been shown who came when :meth:`snapshot` was ``base``."""
        return Shown(base, dict(self.lasts), {sender: list(holes) for sender, holes in self.holes.items()})

    def forget(self, event: str | None) -> None:
        """Drop the value of an event, or else all that is known of events; numbers stay."""
        if event is not None:
            self.values.pop(event, None)
            self.told.pop(event, None)
            return
        self.values.clear()
        self.told.clear()
        self._heard.clear()
        self._heard_bytes = 0

    @property
    def keeps_values(self) -> bool:
        """Whether a value is kept when it is shown, and so need not be when its event is stored."""
        return self._retain is not None

    def note_value(self, event: Event, name: str) -> None:
        """Note a retained event that is shown now."""
        self.values[name] = event, self.changes
        self.told[name] = event
        if self._retain is not None:
            self._retain(self.topic, name, event)

    def pass_over(self, event: Event) -> None:
        """Note that an event was shown to nobody, though later ones of its sender are."""
        self._add_hole(event.sender, range(event.number, event.number + 1))

    def is_twin_shown(self, twin: str) -> bool:
        """Whether an event was shown that is the same but for its place; from now on it was."""
        if not twin:
            return False
        is_shown = twin in self._twins
        self._twins[twin] = None
        if len(self._twins) > MAX_TWINS:
            self._twins.popitem(last=False)
        return is_shown

    def is_contested(self, name: str, sender: str) -> bool:
        """Whether the value that was told last is another sender's, so that the store has to say which is newer."""
        told = self.told.get(name)
        return told is not None and told.sender != sender and not self.keeps_values

    def untold_values(self) -> list[tuple[str, Event]]:
        """The values of the store that clients here have not been told last. They count as told now."""
        found = []
        for name, (event, _) in self.values.items():
            told = self.told.get(name)
            if told is None or (told.sender != event.sender or told.number < event.number):
                self.told[name] = event
                found.append((name, event))
        return found

    def take_values(self, values: Mapping[str, Event], asked: int, under_way: Sequence[Pending] = ()) -> None:
        """Take what the store has retained.

        :param asked: the :attr:`changes` when it was asked: what was shown since then is newer.
        :param under_way: what was on its way there when it was asked. It may be there by now: where the answer has no
            other sender's value, that is newer than the answer.
        """

        def is_newer(name: str, event: Event, change: int) -> bool:
            if change > asked or event.sender != self.sender:
                return change > asked
            found = values.get(name)
            is_own = found is None or (found.sender == self.sender and found.number < event.number)
            return event.number in unstored or (is_own and event.number in unanswered)

        unstored, unanswered = _numbers(self.queue), _numbers(under_way)
        newer = {name: known for name, known in self.values.items() if is_newer(name, *known)}
        self.values = {**{name: (event, asked) for name, event in values.items()}, **newer}

    def prune(self, listed: Mapping[str, int], now: float, seconds: float) -> None:
        """Forget the senders that the store has not listed for ``seconds``."""
        for sender in [*self.unlisted]:
            if sender in listed or sender not in self.lasts:
                del self.unlisted[sender]
        for sender in [*self.lasts]:
            is_listed = sender in listed or sender == self.sender
            if not is_listed and now > self.unlisted.setdefault(sender, now) + seconds:
                self._drop(sender)

    def _last(self, sender: str, number: int) -> int:
        last = self.lasts.get(sender, 0)
        is_followed = sender in self.lasts and sender not in self._outdated
        if self.is_founded or is_followed or number <= last:
            return last
        self._outdated.discard(sender)
        if number > last + 1:  # what it had sent before cannot be told from what was lost
            self._add_hole(sender, range(last + 1, number))
            self._has_guessed = True
        return number - 1

    def _follow(self, sender: str, gap: Gap) -> list[Event]:
        shown = []
        while (event := gap.events.pop(self.lasts.get(sender, 0) + 1, None)) is not None:
            shown.append(self._show(event))
        last = self.lasts.get(sender, 0)
        for number in [number for number in gap.events if number <= last]:
            del gap.events[number]
        if last >= gap.upto and not gap.events:
            del self.gaps[sender]
        elif shown:  # what is missing now has not been asked for as long
            gap.since, gap.lacks_since = self._clock(), None
        return shown

    def _show(self, event: Event) -> Event:
        self._note(event.sender, event.number)
        if not self.policy.history:
            return event
        if len(self._heard) == self._heard.maxlen:
            self._heard_bytes -= len(self._heard[0].text)
        self._heard.append(event)
        self._heard_bytes += len(event.text)
        while self._heard_bytes > MAX_CHARACTERS_KNOWN:
            self._heard_bytes -= len(self._heard.popleft().text)
        return event

    def _note(self, sender: str, number: int) -> None:
        if sender not in self.lasts and len(self.lasts) > MAX_HEARD:
            others = (name for name in self.lasts if name != self.sender)
            self._drop(next((name for name in self.unlisted if name in self.lasts), None) or next(others))
            self.is_founded = False  # whoever was dropped shall not seem to have lost all that was heard of it
        self.lasts[sender] = number
        self._snapshot = None
        self.changes += 1

    def _drop(self, sender: str) -> None:
        for known in (self.lasts, self.holes, self.gaps, self.unlisted):
            known.pop(sender, None)
        self._snapshot = None

    def _add_hole(self, sender: str, numbers: range) -> None:
        holes = self.holes.setdefault(sender, [])
        insort(holes, numbers, key=attrgetter("start"))  # one that is passed over may be before those that were lost
        # Of too many, the first two are one: what is between them may be told twice, or passed over later.
        while len(holes) > MAX_HOLES or (len(holes) > 1 and holes[1].start < holes[0].stop):
            holes[:2] = [range(holes[0].start, max(holes[0].stop, holes[1].stop))]


def _in_order_of(record: Record, filled: Sequence[Sequence[Event]]) -> list[Event]:
    """Events of several senders, as ``record`` has them; each sender keeps its own order."""
    order = {(event.sender, event.number): place for place, event in enumerate(record.events)}
    placed: list[tuple[int, Event]] = []
    for events in filled:
        place = -1
        for event in events:
            place = max(place, order.get((event.sender, event.number), place))
            placed.append((place, event))
    return [event for _, event in sorted(placed, key=itemgetter(0))]


def _numbers(events: Iterable[Pending]) -> set[int]:
    return {pending.place.number for pending in events if pending.place is not None}
