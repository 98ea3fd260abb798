"""What became of a row, all in all: the event that says so at each path."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """What is told of a row."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class Where(Enum):
    """Where a row is, if not at a path."""

    #: There is no such row.
    NOWHERE = 0
    #: There is one, and nobody is told of it.
    UNHEARD = 1
    #: There is one, and nobody knows to which path it belonged.
    UNKNOWN = 2


#: Where a row is: a concrete path, or none.
Place = str | Where

NOWHERE: Final = Where.NOWHERE
UNHEARD: Final = Where.UNHEARD
UNKNOWN: Final = Where.UNKNOWN


class Step(NamedTuple):
    """One save or deletion: where the row was before, and where it is then."""

    before: Place
    after: Place


def outcome(first: Step, last: Step) -> Iterator[tuple[Kind, str]]:
    """What is told of a row, and at which paths.

    :param first: of all steps that count; it knows best where the row was before them.
    :param last: of them; it says where the row is.
    """
    before, after = first.before, last.after
    if before is UNKNOWN and after is NOWHERE:
        before = last.before  # whoever deletes a row is asked where it was
    if isinstance(after, str) and before in (after, UNKNOWN):
        yield Kind.CHANGED, after
        return
    if isinstance(before, str):
        yield Kind.DELETED, before
    if isinstance(after, str):
        yield Kind.CREATED, after
