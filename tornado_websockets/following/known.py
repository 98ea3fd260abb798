"""What an instance knows of its row in the database, which may differ from its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cause:
    """A save or a deletion that may still be undone.

    :param entry: is called after its commit. Django lets go of it when the savepoint is undone.

    :ivar before: what was known before it, until its commit.
    """

    __slots__ = ("_entry", "_is_committed", "before")

    def __init__(self, entry: Any) -> None:
        self._entry = ref(entry)
        self._is_committed = False
        self.before: Known | None = None

    def settle(self) -> None:
        """It was committed."""
        self._is_committed, self.before = True, None

    @property
    def is_undone(self) -> bool:
        """Whether nothing is left of it."""
        return not self._is_committed and self._entry() is None


class Known:
    """What an instance was loaded or saved with.

    :param key: of the row.
    :param values: of its columns, by attribute; those that were deferred are missing.
    :param cause: the save that wrote them; ``None`` where they were loaded.
    """

    __slots__ = ("cause", "key", "values")

    def __init__(self, key: Any, values: Mapping[str, Any], cause: Cause | None = None) -> None:
        self.key = key
        self.values = values
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return Known, (self.key, self.values)  # in another process, or as a copy, it is as good as loaded


def surviving(known: Known | None) -> Known | None:
    """The newest of what was known that no rollback has undone."""
    while known is not None and known.cause is not None and known.cause.is_undone:
        known = known.cause.before
    return known
