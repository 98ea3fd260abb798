"""Events and their places: numbered here, put in line for the clients here, made ready for other processes."""

from collections.abc import Iterable

from ...delivery.audience import Audience
from ...delivery.hub import Hub, Placed
from ...delivery.keeper import Place, PlacedMessage
from ...delivery.message import Message
from ..record import Event
from .journal import Journal, Pending


def number_here(hub: Hub, journal: Journal, pending: Pending) -> Placed:
    """Number an event of this process, and put it in line, in one step. Under the lock of the journal."""
    message = pending.message
    place = pending.place = journal.number_next(pending.entry.audience)
    if pending.entry.retained:
        event = Event(place.sender, place.number, pending.entry.text, place.audience)
        journal.note_value(event, pending.entry.retained)
    frame = journal.policy.frame_of(message.text, place)
    return hub.place(Message(message.topic, message.event, frame, message.key, message.audience))


def show(hub: Hub, journal: Journal, events: Iterable[Event], key: str | None = None) -> Placed:
    """Put events of others in line for the clients here. Under the lock of the journal."""
    in_line: Placed = []
    policy = journal.policy
    for event in events:
        try:
            audience = audience_of(event.audience)
        except ValueError:  # of a later version: who hears it is not known, so nobody does
            continue
        name = policy.retained_name(policy.name_of(event.text), audience)
        if name:
            journal.note_value(event, name)
        frame = policy.frame_of(event.text, Place(event.sender, event.number))
        in_line += hub.place(Message(journal.topic, "", frame, key, audience))
    return in_line


def for_others(message: Message, place: Place) -> PlacedMessage:
    """``message`` as other processes get it."""
    return PlacedMessage(message.topic, message.event, message.text, message.key, message.audience, place)


def audience_of(text: str) -> Audience | None:
    """The audience that a place names; ``None`` for everybody.

    :raises ValueError: it is none that this version knows.
    """
    return Audience.from_text(text) if text else None
