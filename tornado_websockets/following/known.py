"""What an instance knows of its row in the database, which may differ from its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weakref import ref


class Known:
    """What an instance was loaded or saved with.

    :param key: of the row.
    :param values: of its columns, by attribute; those that were deferred are missing.
    :param cause: the save that wrote them, while that may still be undone. Django lets go of what was to be called
        after the commit when a savepoint is undone, and the reference is dead from then on.
    :param before: what was known before that save.
    """

    __slots__ = ("before", "cause", "key", "values")

    def __init__(
        self, key: Any, values: Mapping[str, Any], cause: ref[Any] | None = None, before: Known | None = None
    ) -> None:
        self.key = key
        self.values = values
        self.cause = cause
        self.before = before

    def __reduce__(self) -> tuple[Any, ...]:
        return Known, (self.key, self.values)  # in another process, or as a copy, it is as good as loaded

    def settle(self) -> None:
        """The save was committed."""
        self.cause = self.before = None


def surviving(known: Known | None) -> Known | None:
    """The newest of what was known that no rollback has undone."""
    while known is not None and known.cause is not None and known.cause() is None:
        known = known.before
    return known
