"""Whether what a store has given can be reckoned with, and shown to clients: anybody may have written there."""

from collections.abc import Mapping, Sequence
from typing import Final

from .record import Event, Record, Standing

#: Characters with which a frame that an event may be begins.
_HEAD: Final = '{"event":"'


def is_sound(record: object) -> bool:
    """Whether that is a record, all of it."""
    return (
        isinstance(record, Record)
        and isinstance(record.epoch, str)
        and all(type(number) is int for number in (record.forgotten, record.floor))
        and isinstance(record.senders, Mapping)
        and all(map(_is_standing, record.senders.items()))
        and isinstance(record.events, Sequence)
        and all(map(is_event, record.events))
    )


def is_event(event: object) -> bool:
    """Whether that is an event, by what can be seen from its ends."""
    return (
        isinstance(event, Event)
        and isinstance(event.sender, str)
        and type(event.number) is int
        and isinstance(event.audience, str)
        and isinstance(event.text, str)
        and event.text.startswith(_HEAD)
        and event.text.endswith("}")
        and event.text.isascii()
    )


def _is_standing(item: tuple[object, object]) -> bool:
    name, standing = item
    return (
        isinstance(name, str)
        and isinstance(standing, Standing)
        and type(standing.last) is type(standing.folded) is type(standing.folded_with) is int
    )
