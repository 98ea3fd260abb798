"""Whether what a store has given can be reckoned with, and shown to clients: anybody may have written there.

Whoever asks a store passes the answer through one of these: a store of a project's own may answer anything. What raises
``StoreError`` here is logged, as what fails in the store itself is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeGuard

from ...exceptions import StoreError
from ..complaints import Complaints
from .record import Event, Record, Standing

#: Characters with which a frame that an event may be begins.
_HEAD: Final = '{"event":"'

_complaints = Complaints()


def is_event(event: object) -> bool:
    """Whether that is an event, by what can be seen from its ends."""
    return is_kept(event) and event.text.startswith(_HEAD) and event.text.endswith("}") and event.text.isascii()


def is_kept(event: object) -> TypeGuard[Event]:
    """Whether that is what a store has kept, whatever its text may be."""
    return (
        isinstance(event, Event)
        and isinstance(event.sender, str)
        and type(event.number) is int
        and isinstance(event.audience, str)
        and isinstance(event.text, str)
    )


def is_sound(record: object, is_event: Callable[[object], bool] = is_event) -> TypeGuard[Record]:
    """Whether that is a record, all of it.

    :param is_event: whether something is what its events are to be.
    """
    return (
        isinstance(record, Record)
        and isinstance(record.epoch, str)
        and all(type(number) is int for number in (record.forgotten, record.floor))
        and isinstance(record.senders, Mapping)
        and all(map(_is_standing, record.senders.items()))
        and isinstance(record.events, Sequence)
        and all(map(is_event, record.events))
    )


def numbered(answer: object) -> tuple[str, int]:
    """What a store has answered to ``publish``.

    :raises StoreError: it is no sender and number.
    """
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        sender, number = answer
        if isinstance(sender, str) and sender and type(number) is int and number > 0:
            return sender, number
    raise _unusable("publish", "a sender and a number", answer)


def kept_values(answer: object) -> dict[str, Event]:
    """What a store has answered to ``retained``, without what it cannot have kept.

    :raises StoreError: it is no mapping.
    """
    if not isinstance(answer, Mapping):
        raise _unusable("retained", "a mapping", answer)
    return {name: event for name, event in answer.items() if isinstance(name, str) and is_kept(event)}


def sound_position(answer: object, topic: str) -> dict[str, int]:
    """Of what a store has answered to ``lasts``, the position of ``topic``; empty where it has none.

    :raises StoreError: it is no mapping, or has something else for ``topic``.
    """
    if not isinstance(answer, Mapping):
        raise _unusable("lasts", "a mapping", answer)
    position = answer.get(topic, {})
    if not isinstance(position, Mapping):
        raise _unusable("lasts", "a position", position)
    return {name: last for name, last in position.items() if isinstance(name, str) and type(last) is int}


def _unusable(call: str, expected: str, answer: object) -> StoreError:
    """The error that the answer to ``call`` is, which is logged."""
    reason = f"expected {expected}, got {answer!r:.100}"
    _complaints.add(call, "What the store has answered to %s cannot be used: %s", call, reason)
    return StoreError(call, reason)


def _is_standing(item: tuple[object, object]) -> bool:
    name, standing = item
    return (
        isinstance(name, str)
        and isinstance(standing, Standing)
        and type(standing.last) is type(standing.folded) is type(standing.folded_with) is int
    )
