"""What a client has missed since a position: all of it, or the admission that it is not all there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .position import Position
from .record import MAX_SENDERS, Event, Record, Standing

_UNHEARD = Standing(0, is_listed=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a process knows of a topic by itself: what it has sent, and heard from others.

    The store may be behind: what is on its way there is here already.

    :ivar lasts: the highest number of each sender.
    :ivar events: oldest first; each sender's are in the order of their numbers.
    :ivar gone: likewise of those that count no more: who stands just there has missed nothing of theirs.
    """

    lasts: Position = field(default_factory=dict)
    events: Sequence[Event] = ()
    gone: Position = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody who asks has been shown since it connected.

    :ivar base: where the process stood then, by sender; of another sender it was shown all from 1 on.
    :ivar last: the last number of each sender that was shown since.
    :ivar holes: numbers up to that, of each sender, that were not to be had; in order, and none twice.
    """

    base: Position = field(default_factory=dict)
    last: Position = field(default_factory=dict)
    holes: Mapping[str, Sequence[range]] = field(default_factory=dict)

    def missing(self, sender: str, first: int, last: int) -> list[range]:
        """What it was not shown of a sender's numbers from ``first`` to ``last``."""
        base, shown_to = self.base.get(sender, 0), self.last.get(sender, 0)
        if shown_to <= base:
            return [range(first, last + 1)]
        shown_from = max(first, base + 1)
        stop = min(shown_to, last) + 1  # holes that are known behind it are part of what comes after
        holes = [range(max(hole.start, shown_from), min(hole.stop, stop)) for hole in self.holes.get(sender, ())]
        before, after = range(first, min(shown_from, last + 1)), range(max(shown_to + 1, first), last + 1)
        return [numbers for numbers in (before, *holes, after) if numbers]


def missed_since(since: Position, record: Record, known: Known = Known(), shown: Shown = Shown()) -> list[Event] | None:
    """The events that somebody who stands at ``since`` has missed, in order; ``None`` where any of them is not there.

    Whoever is given them stands at their numbers as well as at :func:`position_of`, which does not name the senders
    that the store has forgotten: what a slow layer brings of these later is known by that.

    :param record: what the store has.
    :param known: what the process knows besides.
    :param shown: what it was shown already, and so has not missed.
    """
    if not _remembers(record, since):
        return None
    forgotten = since[record.epoch]
    events = [*record.events, *known.events]
    available = _by_number(events)
    wanted: dict[str, list[int]] = {}
    for sender in {*since, *record.senders, *known.lasts} - {record.epoch}:
        standing = record.senders.get(sender, _UNHEARD)
        last = max(standing.last, known.lasts.get(sender, 0))
        start = since.get(sender, 0)
        if sender not in since and 0 < standing.folded_with <= forgotten:
            start = standing.folded  # whoever names so many forgotten ones has heard this one as far as that
        if last < start == known.gone.get(sender):
            continue
        if start > last:
            return None  # of a sender that nobody knows, or the store has lost what it knew of it
        missing = shown.missing(sender, start + 1, last)
        if sum(numbers.stop - numbers.start for numbers in missing) > len(available[sender]):
            return None  # without counting up to a number that anybody could claim
        wanted[sender] = [number for numbers in missing for number in numbers]
        if not available[sender].keys() >= set(wanted[sender]):
            return None
    return list(_in_order(wanted, available, events))


def is_ahead(since: Position, record: Record, lasts: Position) -> bool:
    """Whether somebody stands at events that may be on their way to the store: their sender has shown them already.

    :param lasts: the highest number of each sender that the process knows of.
    """
    return _remembers(record, since) and any(
        number > max(record.senders.get(sender, _UNHEARD).last, lasts.get(sender, 0))
        for sender, number in since.items()
        if sender != record.epoch
    )


def position_of(record: Record, known: Known = Known()) -> dict[str, int]:
    """Where a topic stands, as far as the store and this process know.

    A sender that the store has forgotten is named only where the process knows of more than was forgotten. Where that
    would be too many, some are left out: who stands there and asks may be told more than is new, or that it is not all
    there, and never less.
    """
    position = record.position
    for sender, number in known.lasts.items():
        standing = record.senders.get(sender, _UNHEARD)
        is_new = sender not in position and number > standing.folded
        if sender in position or (is_new and len(position) <= MAX_SENDERS):
            position[sender] = max(number, standing.last)
    return position


def _remembers(record: Record, since: Position) -> bool:
    """Whether a position is of this store in this life, and not of too long ago."""
    forgotten = since.get(record.epoch)
    return forgotten is not None and record.floor <= forgotten <= record.forgotten


def _by_number(events: Iterable[Event]) -> Mapping[str, dict[int, Event]]:
    found: defaultdict[str, dict[int, Event]] = defaultdict(dict)
    for event in events:
        found[event.sender][event.number] = event
    return found


def _in_order(
    wanted: Mapping[str, Sequence[int]], available: Mapping[str, Mapping[int, Event]], events: Iterable[Event]
) -> Iterator[Event]:
    """What is wanted, each once: senders in the places that ``events`` have, each in the order of its numbers.

    The store may lack one in the middle, which this process knows.
    """
    left = {sender: iter(numbers) for sender, numbers in wanted.items()}
    unplaced = {(sender, number) for sender, numbers in wanted.items() for number in numbers}
    for event in events:
        place = event.sender, event.number
        if place in unplaced:
            unplaced.discard(place)
            yield available[event.sender][next(left[event.sender])]
