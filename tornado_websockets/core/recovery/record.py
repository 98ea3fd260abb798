"""What a store keeps of a topic: its newest events, who has sent there, and its retained values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

#: Senders that a record lists at most, the shared one included; with the store's own entry, a position has 64.
MAX_SENDERS: Final = 63

#: Forgotten senders that a record remembers at most.
MAX_FORGOTTEN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long, and how much, a store keeps.

    :ivar seconds: that an event is kept.
    :ivar bytes: of the events of one topic, together.
    :ivar retained_seconds: that a retained value is kept.
    :ivar sender_seconds: that the last number of a sender is kept, counted from its last event. It is longer than
        ``seconds``, so that a quiet topic can still be told from one that has lost something.
    :ivar namespace: keeps projects apart that share a store.
    """

    seconds: float = 300.0
    bytes: int = 900_000
    retained_seconds: float = 86_400.0
    sender_seconds: float = 86_400.0
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as a store is given it.

    :ivar text: the frame, without its ``at``.
    :ivar audience: whom it is for, in words of the sender's; a store passes them on unread. Empty for everybody.
    :ivar retained: the name of the event, if this is to be its newest value; else empty.
    """

    text: str
    audience: str = ""
    retained: str = ""

    @property
    def size(self) -> int:
        """What it counts towards :attr:`Retention.bytes`; texts are ASCII."""
        return len(self.text) + len(self.audience)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as a store has kept it."""

    sender: str
    number: int
    text: str
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sender has come on a topic.

    :ivar last: its last number.
    :ivar is_listed: whether positions name it; one that is not is forgotten, as :class:`Record` says.
    :ivar folded: the last number that it had when it was forgotten; 0 if it never was.
    :ivar folded_with: the :attr:`Record.forgotten` that this made; 0 if it never was.
    """

    last: int
    is_listed: bool = True
    folded: int = 0
    folded_with: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """All that a store knows of a topic, at one moment.

    The epoch is random, and lives and dies with the record: whoever names it has to do with this record, and no other.
    Positions cannot name every sender that there ever was. So senders are forgotten, each of which makes ``forgotten``
    one more: who names ``forgotten`` or more in a position has heard those senders as far as :attr:`Standing.folded`.

    :ivar forgotten: how many senders were forgotten so far.
    :ivar floor: who names less than this may lack what nobody remembers.
    :ivar senders: listed ones, and those of the forgotten that are remembered.
    :ivar events: oldest first; each sender's are in the order of their numbers, among which some may be missing.
    """

    epoch: str
    forgotten: int = 0
    floor: int = 0
    senders: Mapping[str, Standing] = field(default_factory=dict)
    events: Sequence[Event] = ()

    @property
    def position(self) -> dict[str, int]:
        """Where the topic stands: the store's own entry, and the last number of each listed sender."""
        listed = {name: standing.last for name, standing in self.senders.items() if standing.is_listed}
        return {self.epoch: self.forgotten, **listed}


def shared_sender(epoch: str) -> str:
    """The name under which a store numbers for processes that have no clients on a topic."""
    return f"{epoch}p"
