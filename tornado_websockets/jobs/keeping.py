"""Where a bar stands, as the store keeps it: what a newcomer is told in ``init``, and the last lines of its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import time
from typing import TYPE_CHECKING, Any, Final

from ..core.protocol.parsing import UNREADABLE, parse_foreign
from ..encoding import encoder
from ..people.sharing import entry_of

if TYPE_CHECKING:
    from ..core.recovery.record import Entry, Event
    from .run import Address

#: Names of the two values, and of what clients are told of an outcome.
STATE: Final = "state"
LOG: Final = "log"
OUTCOME: Final = "outcome"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Account:
    """A bar of this process, for whoever writes down where it stands.

    :ivar writer: random, and its own.
    :ivar describe: gives what a newcomer is to be told, but for the log.
    :ivar lines: gives the last lines of the log, or ``None`` where it has none.
    :ivar at: when something of it has changed last, in seconds since the epoch.
    """

    address: Address
    writer: str
    describe: Callable[[], Mapping[str, Any]]
    lines: Callable[[], Sequence[str] | None]
    at: float


@dataclass(frozen=True, slots=True)
class Known:
    """What the store says of a bar.

    :ivar data: what a newcomer is told in ``init``.
    :ivar at: when that was so, and ``until`` when its run counts as dead, in seconds since the epoch.
    :ivar writer: of the bar that has said so.
    :ivar run: id of a run that had not ended by then; else empty.
    """

    data: Mapping[str, Any]
    at: float
    writer: str
    run: str
    until: float

    def now(self) -> Known:
        """The same, with what has become of its run: one that nobody renews has failed."""
        if not self.run or self.until > time():
            return self
        data = {name: value for name, value in self.data.items() if name != "run"}
        return replace(self, data={**data, OUTCOME: FAILED})


def entries_of(account: Account, run: str, until: float, lines: Sequence[str] | None) -> list[Entry]:
    """What the store is given of a bar.

    :param lines: of its log; ``None`` where they are there already.
    """
    said = {"init": account.describe(), "at": account.at, "writer": account.writer, "run": run, "until": until}
    entries = [entry_of(encoder.event(STATE, said), STATE)]
    if lines is not None:
        entries.append(entry_of(encoder.event(LOG, {"lines": list(lines)}), LOG))
    return entries


def read_known(values: Mapping[str, Event]) -> Known | None:
    """What values of the store say of a bar; ``None`` where there are none, or they make no sense."""
    try:
        kept = _data(values[STATE])
        data = dict(kept["init"])
        if LOG in values:
            data["log"] = [str(line) for line in _data(values[LOG])["lines"]]
        return Known(data, float(kept["at"]), str(kept["writer"]), str(kept["run"]), float(kept["until"])).now()
    except UNREADABLE:
        return None


def _data(event: Event) -> Any:
    return parse_foreign(event.text)["data"]
