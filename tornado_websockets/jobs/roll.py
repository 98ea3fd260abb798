"""What one process believes of the runs of all, from one look at the store to the next. It asks and tells nobody."""

from collections.abc import Mapping
from typing import NamedTuple

from .register import Row

#: Runs by their ids.
Runs = Mapping[str, Row]


class Absent(NamedTuple):
    """Runs that the store had, and has no more.

    :ivar released: those that it was told to forget, as it is when a run ends.
    :ivar superseded: those that it has lost, and of whose job it was told otherwise since.
    :ivar awaited: those that it has lost, and that may tell it of themselves once more; if not, they are dead in time.
    :ivar unclaimed: those that it has lost before they had begun.
    """

    released: dict[str, Row]
    superseded: dict[str, Row]
    awaited: dict[str, Row]
    unclaimed: dict[str, Row]


class Verdict(NamedTuple):
    """What clients are to be told of runs, in this order.

    :ivar shown: those whose bars are to be shown anew, as the store has them.
    :ivar dead: those that have died.
    """

    shown: list[Row]
    dead: list[Row]


class Roll:
    """The runs of all processes.

    :param mending: seconds after the store has failed, or was emptied, in which runs may tell it of themselves.

    :ivar known: those that the store had last, or may have again.
    """

    def __init__(self, mending: float) -> None:
        self._mending = mending
        self.known: Runs = {}
        self._awaited: Runs = {}
        self._dead: Mapping[str, float] = {}  # until when they were alive
        self._has_looked = False
        self._trusted_from = self._carried_from = 0.0  # when the store knows all, and clients hear all that is said

    def absent_from(self, rows: Runs) -> dict[str, Row]:
        """Those that were in the store at the last look, and are not in ``rows``; the dead aside, which it forgets."""
        return {id_: row for id_, row in self.known.items() if id_ not in rows and id_ not in self._dead}

    def distrust(self, now: float) -> None:
        """The store has failed: who is dead is not known for a while."""
        self._trusted_from = self._carried_from = now + self._mending

    def look(self, rows: Runs, absent: Absent, now: float) -> Verdict:
        """What a look at the store has come to.

        A run that was only away says so itself; but whatever carries that may have taken it to be gone as well, and
        what carries to the clients how a run has ended may be emptied with the store. Runs that were dead at the first
        look are shown so to who comes.

        :param rows: the runs that the store has.
        :param absent: the others, of those of :meth:`absent_from`.
        :param now: seconds since the epoch.
        """
        lost = {**absent.superseded, **absent.awaited, **absent.unclaimed}
        if lost.keys() - self._awaited.keys() or self._are_told_anew(rows):
            self._carried_from = now + self._mending
        shown = [*absent.superseded.values(), *(absent.released.values() if now < self._carried_from else ())]
        self._awaited = absent.awaited
        self.known = {**rows, **absent.awaited}
        if now < self._trusted_from:
            return Verdict(shown, [])
        shown += [row for id_, row in self.known.items() if id_ in self._dead and row.until > now]
        return Verdict(shown, self._bury(now))

    def next_death(self, now: float) -> float | None:
        """Seconds until a run counts as dead, if it is not heard of again; ``None`` where there are none."""
        return min((row.until - now for row in self.known.values() if row.until > now), default=None)

    def _are_told_anew(self, rows: Runs) -> bool:
        """Whether the store was emptied, and has been told anew of runs that it had before."""
        known = self.known
        return any(id_ in known and row.told.sender != known[id_].told.sender for id_, row in rows.items())

    def _bury(self, now: float) -> list[Row]:
        """Those that have died since the last look that could be trusted."""
        before, has_looked = self._dead, self._has_looked
        dead = {id_: row for id_, row in self.known.items() if row.until <= now and row.is_settled}
        self._dead, self._has_looked = {id_: row.until for id_, row in dead.items()}, True
        return [row for id_, row in dead.items() if has_looked and before.get(id_) != row.until]
