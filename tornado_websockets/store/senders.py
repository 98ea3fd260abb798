"""Which senders of a topic are forgotten, and when."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..core.recovery.record import MAX_FORGOTTEN, MAX_SENDERS, Standing


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender, and when it last sent, or was forgotten, in seconds."""

    name: str
    standing: Standing
    sent_at: float


@dataclass(frozen=True, slots=True)
class Folding:
    """What becomes of the senders of a topic.

    :ivar changed: are forgotten, and remembered as such.
    :ivar dropped: names of those that are remembered no longer.
    :ivar forgotten: the record's, as it is then.
    :ivar floor: the same.
    """

    changed: list[Sender]
    dropped: list[str]
    forgotten: int
    floor: int


def fold(
    senders: Iterable[Sender],
    shared: str,
    forgotten: int,
    floor: int,
    *,
    now: float,
    seconds: float,
    most: int = MAX_SENDERS,
    most_forgotten: int = MAX_FORGOTTEN,
) -> Folding:
    """Forget the senders that are silent, or too many; those that were silent longest go first.

    :param shared: name of the sender that never is.
    :param seconds: for which a sender may be silent, and a forgotten one is remembered.
    :param most: senders that are not forgotten, that one among them.
    :param most_forgotten: those that are remembered.
    """
    oldest = now - seconds
    by_age = sorted((sender for sender in senders if sender.name != shared), key=lambda sender: sender.sent_at)
    listed = [sender for sender in by_age if sender.standing.is_listed]
    unlisted = [sender for sender in by_age if not sender.standing.is_listed]
    dropped = [sender for sender in unlisted if sender.sent_at < oldest]
    changed: list[Sender] = []
    excess = len(listed) - (most - 1)
    for place, sender in enumerate(listed):
        if place < excess or sender.sent_at < oldest:
            forgotten += 1
            last = sender.standing.last
            changed.append(replace(sender, standing=Standing(last, False, last, forgotten), sent_at=now))
    kept = len(unlisted) - len(dropped) + len(changed)
    if kept > most_forgotten:
        dropped += [sender for sender in unlisted if sender not in dropped][: kept - most_forgotten]
    floor = max([floor, *(sender.standing.folded_with for sender in dropped)])
    return Folding(changed, [sender.name for sender in dropped], forgotten, floor)
