"""What a client is told that has said hello, of what a journal and the store know together."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...delivery.keeper import Place
from ...delivery.member import Member
from ..gap import missed_since, position_of
from ..record import Event, Record
from ..welcome import Hello, welcome_at
from .journal import Journal
from .placing import audience_of, twin_of


@dataclass(frozen=True, slots=True)
class Asks:
    """Who says hello, and how.

    :ivar base: where the journal stood when it connected.
    :ivar most: characters that its events may have; where they have more, they count as not all there.
    """

    member: Member
    hello: Hello
    base: Mapping[str, int]
    most: float


def welcomes(journal: Journal, record: Record | None, asks: Asks) -> list[str]:
    """The welcome, and what must be told after it. Under the lock of the journal.

    :param record: what the store knows; ``None`` where it does not answer.
    """
    missed = None if record is None else _missed(journal, record, asks)
    frames: list[str] | None = None
    if missed is not None:
        frames = [journal.policy.frame_of(event.text, Place(event.sender, event.number)) for event in missed]
        if sum(map(len, frames)) + len(frames) > asks.most:
            frames = missed = None
    return [welcome_at(asks.member.id, position_in(journal, record), frames), *_newer_values(journal, missed or ())]


def position_in(journal: Journal, record: Record | None) -> dict[str, int]:
    """Where a topic stands; without a record, somewhere that nobody knows. Under the lock of the journal."""
    if record is None:
        record = Record(os.urandom(16).hex())
    return position_of(record, journal.known(record))


def _missed(journal: Journal, record: Record, asks: Asks) -> list[Event] | None:
    since = asks.hello.since
    if since is None:
        return None
    known = journal.known(record)
    missed = missed_since(since, record, known, journal.shown_since(asks.base))
    if missed is None:
        return None
    try:
        return [
            event
            for event in _without_twins(missed, [*record.events, *known.events])
            if _is_for(event, asks.member, asks.hello.ids)
        ]
    except ValueError:  # the audience is of a later version: it may name this client
        return None


def _without_twins(missed: Sequence[Event], events: Sequence[Event]) -> Iterator[Event]:
    """Of what was missed, what has not been heard, or told here, under another place."""
    places = {(event.sender, event.number) for event in missed}
    told = {
        twin for event in events if (event.sender, event.number) not in places and (twin := twin_of(event.audience))
    }
    for event in missed:
        twin = twin_of(event.audience)
        if twin not in told:
            yield event
        if twin:
            told.add(twin)


def _is_for(event: Event, member: Member, ids: Sequence[str]) -> bool:
    """Whether an event is for ``member``, and not one that its earlier connections were excluded from."""
    audience = audience_of(event.audience)
    if audience is None:
        return True
    user = member.user_key
    return audience.includes(member) and not any(audience.excludes(each, user) for each in ids)


def _newer_values(journal: Journal, missed: Iterable[Event]) -> list[str]:
    """The values that replayed events have left older than they are."""
    last = dict[str, Event]()
    for event in missed:
        if name := journal.policy.name_of(event.text):
            last[name] = event
    found = [(event, journal.values.get(name, (event, 0))[0]) for name, event in last.items()]
    return [value.text for event, value in found if (value.sender, value.number) != (event.sender, event.number)]
