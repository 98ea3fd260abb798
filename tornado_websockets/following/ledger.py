"""Saves and deletions until their commit: which of them survive, and what is told of them all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary, ref

from django.db import connections, transaction

from ..core.logger import logger
from ..transactions import publish_all
from .known import Cause, Known
from .outcome import Kind, Step, outcome

if TYPE_CHECKING:
    from .following import Following

#: Rows of one path in one transaction; of more it is said only how many there are.
MAX_ROWS: Final = 1_000


class Report(NamedTuple):
    """What one follower has to tell of a save or a deletion.

    :ivar body: of the frame, or ``None`` where nothing can be said of the row.
    """

    following: Following
    step: Step
    body: str | None


class Entry:
    """One save or deletion, called after its commit.

    Nothing but Django's list of such calls holds it, so that it vanishes when its savepoint is undone.

    :param table: of the row.
    :param key: of the row.
    :param reports: what there is to tell.

    :ivar cause: what an instance that knows of it rests on.
    :ivar known: what is known by it.
    """

    __slots__ = ("__weakref__", "_is_told", "_ledger", "cause", "key", "known", "reports", "table")

    def __init__(self, table: Hashable, key: Any, reports: Sequence[Report]) -> None:
        self.table = table
        self.key = key
        self.reports = reports
        self.cause = Cause(self)
        self.known: Known | None = None
        self._ledger: Ledger | None = None
        self._is_told = False

    def know(self, values: Mapping[str, Any], before: Known | None) -> Known:
        """What is known by it.

        :param values: of the row's columns; none of one that was deleted.
        :param before: what was known before.
        """
        self.cause.before = before
        self.known = Known(self.key, values, self.cause)
        return self.known

    def register(self, ledger: Ledger | None, using: str) -> None:
        """Have it called after the commit of the open transaction, in the savepoint that is open; or now."""
        if ledger is None:
            self()
            return
        self._ledger = ledger
        ledger.add(self)
        transaction.on_commit(self, using=using)

    def __call__(self) -> None:
        """Tell of this one and of all that survive with it, unless one of them has done so."""
        if self._is_told:
            return
        entries = [self] if self._ledger is None else self._ledger.take(self)
        for entry in entries:
            entry.settle()
        try:
            tell(entries)
        except Exception:  # the rows are committed, and whoever saved them has gone on
            logger.exception("Cannot tell of the rows that a transaction has changed")

    def settle(self) -> None:
        """It is committed, and need not be told again."""
        self._is_told = True
        self.cause.settle()


class Ledger:
    """What the open transaction of a connection has done so far, in order."""

    def __init__(self) -> None:
        self._entries: list[ref[Entry]] = []
        self._rows: dict[tuple[Hashable, Any], list[ref[Entry]]] = {}

    def add(self, entry: Entry) -> None:
        """Note one more."""
        if _last(self._entries) is None:
            self._rows.clear()
        self._entries.append(ref(entry))
        self._rows.setdefault((entry.table, entry.key), []).append(self._entries[-1])

    def latest(self, table: Hashable, key: Any) -> Entry | None:
        """The last that was done to a row, by whatever instance, and not undone."""
        return _last(self._rows.get((table, key), []))

    def take(self, first: Entry) -> list[Entry]:
        """Take those out that survive, from ``first`` on, the first one that is called.

        Those before it, if any, are not committed yet: a test that captures what is called after the commit of its
        transaction calls what was registered meanwhile.
        """
        start = self._entries.index(ref(first))
        taken = [entry for each in self._entries[start:] if (entry := each()) is not None]
        del self._entries[start:]
        if start == 0:
            self._rows.clear()
        return taken


def _last(entries: list[ref[Entry]]) -> Entry | None:
    """The last that survives; those behind it, which were undone with all that came after them, are taken out."""
    while entries and entries[-1]() is None:
        entries.pop()
    return entries[-1]() if entries else None


#: Connections belong to a thread each.
_ledgers: WeakKeyDictionary[Any, Ledger] = WeakKeyDictionary()


def ledger_of(using: str) -> Ledger | None:
    """That of the open transaction; ``None`` without one, and in a transaction by hand, of whose end nobody hears."""
    connection = connections[using]
    if not connection.in_atomic_block:
        return None
    ledger = _ledgers.get(connection)
    if ledger is None:
        ledger = _ledgers[connection] = Ledger()
    return ledger


def tell(entries: Iterable[Entry]) -> None:
    """Send what became of the rows, each once at each path, in the order in which they were first touched."""
    rows: dict[tuple[Hashable, Any], list[Entry]] = {}
    for entry in entries:
        rows.setdefault((entry.table, entry.key), []).append(entry)
    told = [one for steps in rows.values() for one in _tell_row(steps)]
    crowds: dict[tuple[Following, str], int] = {}
    if len(told) > MAX_ROWS:
        counts = Counter((following, path) for following, path, _, _ in told)
        crowds = {spot: count for spot, count in counts.items() if count > MAX_ROWS}
    messages = [
        (following.hub, following.message(path, kind, body))
        for following, path, kind, body in told
        if (following, path) not in crowds
    ]
    messages += [(following.hub, following.crowd_message(path, count)) for (following, path), count in crowds.items()]
    publish_all(messages)


def _tell_row(entries: Sequence[Entry]) -> Iterator[tuple[Following, str, Kind, str]]:
    firsts = {}
    if len(entries) > 1:
        firsts = {report.following: report.step for entry in reversed(entries) for report in entry.reports}
    for following, step, body in {report.following: report for entry in entries for report in entry.reports}.values():
        for kind, path in outcome(firsts.get(following, step), step):
            if kind is Kind.DELETED:
                yield following, path, kind, following.body_of_deleted(entries[0].key)
            elif body is not None:
                yield following, path, kind, body
