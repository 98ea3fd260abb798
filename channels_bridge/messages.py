"""What travels through the channel layer, and what was lost on the way.

Texts travel ready for the wire, as ASCII: no receiver then depends on what a layer's serialiser makes of data.
"""

from collections import OrderedDict
from dataclasses import asdict, dataclass, fields
from typing import Any

#: Type of the messages between our own processes.
RELAY = "websocket.relay"

#: Type of the messages that other programs may send.
EVENT = "websocket.event"

#: Paths whose numbers a sender remembers, and senders that a receiver remembers for a path.
_MAX_PATHS = 100_000
_MAX_SENDERS = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive texts of one sender for one path; the first has the number ``first``, counted from 1.

    Without texts it only says which number comes next, so that receivers know what they missed.
    ``keys`` has one for each text: that of the texts it supersedes, or ``None``.
    """

    sender: str
    path: str
    first: int
    texts: list[str]
    keys: list[str | None]

    def to_message(self) -> dict[str, Any]:
        return {"type": RELAY, **asdict(self)}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Batch":
        """Raises ``KeyError`` for what another version may send."""
        return cls(**{field.name: message[field.name] for field in fields(cls)})


class Numbering:
    """Numbers a sender's texts, for each path from 1.

    :ivar epoch: goes up when the numbers of so many paths start over, for memory's sake; part of the sender's name.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._last: dict[str, int] = {}

    def take(self, path: str, count: int) -> int:
        """The number of the first of ``count`` texts for ``path``."""
        if path not in self._last and len(self._last) >= _MAX_PATHS:
            self._last.clear()
            self.epoch += 1
        first = self._last.get(path, 0) + 1
        self._last[path] = first + count - 1
        return first


class Tally:
    """Finds out, by the numbers, what a receiver missed."""

    def __init__(self) -> None:
        self._last: dict[str, OrderedDict[str, int]] = {}

    def check(self, batch: Batch) -> tuple[int, list[str]]:
        """How many texts were lost before ``batch``, and those of its texts that are new."""
        senders = self._last.setdefault(batch.path, OrderedDict())
        last = senders.pop(batch.sender, None)
        end = batch.first + len(batch.texts) - 1
        if last is None:
            last = batch.first - 1
        senders[batch.sender] = max(last, end)
        if len(senders) > _MAX_SENDERS:
            senders.popitem(last=False)
        return max(0, batch.first - 1 - last), batch.texts[max(0, last + 1 - batch.first) :]

    def forget(self, path: str) -> None:
        """What is sent to ``path`` is no longer received."""
        self._last.pop(path, None)
