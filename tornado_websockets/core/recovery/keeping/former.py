"""What was known of other senders when a store was emptied: it must not tell processes apart ever after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..gap import Known
from ..record import Event, Record

#: Seconds after which a sender that lives has told a store that was emptied how far it has come.
SETTLING: Final = 30.0


@dataclass(frozen=True, slots=True)
class Before:
    """How things stood in a process when it asked a store.

    :ivar stretch: the number of the time without a break in hearing others; or 0.
    :ivar lasts: the highest number of each sender.
    """

    stretch: int = 0
    lasts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Former:
    """What was known of other senders when a record took the place of another.

    What they had sent before the new record began, nobody has missed who stands in that. What they may have sent since,
    and have not told the store of, makes an answer ``recovered: false``, until they must be gone.

    :ivar lasts: the highest number of each.
    :ivar sure: those of a time at which the old record was still there.
    :ivar until: when the others count as gone.
    """

    lasts: Mapping[str, int] = field(default_factory=dict)
    sure: Mapping[str, int] = field(default_factory=dict)
    until: float = 0.0

    def known(self, lasts: Mapping[str, int], events: Iterable[Event], record: Record, now: float) -> Known:
        """What counts of what is known: all of the senders that ``record`` has, and of others what came since."""
        unlisted = {sender: last for sender, last in self.lasts.items() if sender not in record.senders}
        gone = self.sure if now < self.until else unlisted
        return Known(
            {name: last for name, last in lasts.items() if name not in unlisted or last > gone.get(name, 0)},
            [event for event in events if event.number > unlisted.get(event.sender, 0)],
            unlisted,
        )
