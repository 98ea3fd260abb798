"""What a client is told that has said hello, of what a journal and the store know together."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...counters import counters
from ...delivery.hub import Hub, Placed
from ...delivery.keeper import Place
from ...delivery.member import Member
from ..gap import Shown, missed_since, position_of
from ..record import Event, Record
from ..welcome import Hello, welcome_at
from .journal import Journal
from .pending import Pending
from .placing import audience_of, show, twin_of

#: Characters of a welcome for each byte that a history may have: what surrounds the events may take some.
MAX_WELCOME: Final = 1.15


@dataclass(frozen=True, slots=True)
class Asks:
    """Who says hello, and how.

    :ivar base: where the journal stood when it connected.
    :ivar most: characters that its events may have; where they have more, they count as not all there.
    :ivar is_whole: whether nothing was missed that is kept nowhere: see :meth:`.listening.Listening.has_all`.
    :ivar under_way: what was on its way to the store when that was asked.
    """

    member: Member
    hello: Hello
    base: Mapping[str, int]
    most: float
    is_whole: bool = True
    under_way: Sequence[Pending] = ()


def catch_up(hub: Hub, journal: Journal, record: Record, asks: Asks) -> tuple[Placed, Shown]:
    """Show the clients here what the store has and did not arrive; who says hello has what it was shown by then.

    It is shown of that what follows something it was shown since it connected: what is told in its welcome comes first
    for it. The rest is for its welcome. Under the lock of the journal.
    """
    behind = journal.behind(record)
    lasts = dict(journal.lasts)
    for sender, last in behind.items():
        journal.owe(sender, last)
    in_line: Placed = []
    for event in journal.fill(record):
        follows = lasts.get(event.sender, 0) > asks.base.get(event.sender, 0)
        in_line += show(hub, journal, [event], but=None if follows else asks.member.id)
    shown = journal.shown_since(asks.base)
    for sender in behind:
        if lasts.get(sender, 0) <= asks.base.get(sender, 0):
            shown = replace(shown, last={**shown.last, sender: lasts.get(sender, 0)})
    return in_line, shown


def welcomes(journal: Journal, record: Record | None, asks: Asks, shown: Shown = Shown()) -> list[str]:  # noqa: B008
    """The welcome, and what must be told after it. Under the lock of the journal.

    :param record: what the store knows; ``None`` where it does not answer.
    :param shown: what the client was shown, as :func:`catch_up` says.
    """
    missed = None if record is None else _missed(journal, record, asks, shown)
    frames: list[str] | None = None
    if missed is not None:
        frames = [journal.policy.frame_of(event.text, Place(event.sender, event.number)) for event in missed]
        if sum(map(len, frames)) + len(frames) > asks.most:
            frames = missed = None
    if asks.hello.since is not None:
        counters.recoveries += frames is not None
        counters.recoveries_failed += frames is None
    return [welcome_at(asks.member.id, position_in(journal, record), frames), *_newer_values(journal, missed or ())]


def position_in(journal: Journal, record: Record | None) -> dict[str, int]:
    """Where a topic stands; without a record, somewhere that nobody knows. Under the lock of the journal."""
    if record is None:
        record = Record(os.urandom(16).hex())
    return position_of(record, journal.known(record))


def _missed(journal: Journal, record: Record, asks: Asks, shown: Shown) -> list[Event] | None:
    since = asks.hello.since
    if since is None or not asks.is_whole:
        return None
    known = journal.known(record, asks.under_way)
    missed = missed_since(since, record, known, shown)
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
