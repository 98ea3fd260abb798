"""Events and their places: numbered here, put in line for the clients here, made ready for other processes."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ...delivery.audience import Audience
from ...delivery.hub import Hub, Placed
from ...delivery.keeper import Place, PlacedMessage
from ...delivery.message import Message
from ..record import Event
from .journal import Journal
from .pending import Pending

#: Characters of a mark, which stands before an audience; that begins with a brace, if there is one.
_MARK: Final = 12


def number_here(hub: Hub, journal: Journal, pending: Pending) -> Placed:
    """Number an event of this process, and put it in line, in one step. Under the lock of the journal."""
    message = pending.message
    place = pending.place = journal.number_next(pending.entry.audience)
    journal.is_twin_shown(twin_of(place.audience))
    if pending.entry.retained:
        event = Event(place.sender, place.number, pending.entry.text, place.audience)
        journal.note_value(event, pending.entry.retained)
        if journal.keeps_values:
            pending.entry = replace(pending.entry, retained="")  # one that is heard before it is stored is newer
    frame = journal.policy.frame_of(message.text, place)
    return hub.place(Message(message.topic, message.event, frame, message.key, message.audience))


def show(
    hub: Hub, journal: Journal, events: Iterable[Event], key: str | None = None, *, but: str | None = None
) -> Placed:
    """Put events of others in line for the clients here. Under the lock of the journal.

    :param but: id of one that gets them otherwise.
    """
    in_line: Placed = []
    policy = journal.policy
    for event in events:
        if journal.is_twin_shown(twin_of(event.audience)):
            journal.pass_over(event)  # who came since then was shown neither
            continue
        try:
            audience = audience_of(event.audience)
        except ValueError:  # of a later version: who hears it is not known, so nobody does
            journal.pass_over(event)
            continue
        name = policy.retained_name(policy.name_of(event.text), audience)
        if name:
            journal.note_value(event, name)
        if but is not None:
            audience = audience or Audience()
            audience = replace(audience, exclude=audience.exclude | {but})
        frame = policy.frame_of(event.text, Place(event.sender, event.number))
        in_line += hub.place(Message(journal.topic, "", frame, key, audience))
    return in_line


def for_others(message: Message, place: Place) -> PlacedMessage:
    """``message`` as other processes get it."""
    return PlacedMessage(message.topic, message.event, message.text, message.key, message.audience, place)


def with_twin(audience: str) -> str:
    """The audience of an event that may be given two places.

    A store that takes long over an event may number it although it was numbered here by then. Both carry the same
    mark, by which the second one is known.
    """
    return f"{os.urandom(_MARK // 2).hex()}|{audience}"


def twin_of(audience: str) -> str:
    """The mark that the audience of a place carries; empty where it has none."""
    return audience[:_MARK] if audience[_MARK : _MARK + 1] == "|" else ""


def audience_of(text: str) -> Audience | None:
    """The audience that a place names; ``None`` for everybody.

    :raises ValueError: it is none that this version knows.
    """
    if twin_of(text):
        text = text[_MARK + 1 :]
    return Audience.from_text(text) if text else None
