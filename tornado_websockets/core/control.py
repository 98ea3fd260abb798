"""What processes tell each other besides messages for clients: notes, which all of them hear."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .counters import counters
from .logger import logger
from .protocol.outline import brackets, depth

#: The topic that every process with clients hears. No path is called so: they begin with a slash.
CONTROL: Final = "control"

#: Arrays and objects that what a note says may nest.
MAX_DEPTH: Final = 8

#: Orders that are remembered for those who are being let in.
MOST_ORDERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Note:
    """Something that every process is told, after what was sent to ``topic`` before.

    :ivar event: what it is about, one of those that something in this package takes.
    :ivar text: what it says: a JSON object, as ASCII.
    :ivar is_for_others: whether this process has done already what it says.
    """

    topic: str
    event: str
    text: str
    is_for_others: bool = False


#: Does what a note says, in one of the processes that hear it. It raises ``ValueError``, ``TypeError`` or
#: ``LookupError`` where the note says nonsense: whoever can write to the channel layer can send anything.
Taker = Callable[[Any, Mapping[str, Any]], None]

_takers: dict[str, Taker] = {}


def on_note(event: str) -> Callable[[Taker], Taker]:
    """Register what takes notes of ``event``; it is called with the hub that hears them, and what they say."""

    def register(take: Taker) -> Taker:
        _takers[event] = take
        return take

    return register


class Control:
    """The notes that one hub hears.

    :param hub: it.
    :ivar last: number of the order that was remembered last.
    """

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self.last = 0
        self._orders: deque[tuple[int, Any]] = deque(maxlen=MOST_ORDERS)

    def take(self, note: Note) -> None:
        """Do what ``note`` says. Never raises: what is wrong with it is counted and logged."""
        take = _takers.get(note.event)
        try:
            if take is None:
                raise ValueError("this version does not know what it is about")
            take(self._hub, _read(note.text))
        except (ValueError, TypeError, LookupError) as error:
            counters.messages_invalid += 1
            logger.warning("A note of another process is ignored: %.200s (%.64r)", error, note.event)

    def remember(self, order: Any) -> None:
        """Keep ``order`` for those who are being let in now."""
        self.last += 1
        self._orders.append((self.last, order))

    def since(self, number: int) -> Iterator[Any]:
        """The orders that were remembered after the one of that number, as far as they are kept."""
        if self.last != number:
            yield from [order for at, order in self._orders if at > number]


def _read(text: str) -> Mapping[str, Any]:
    if depth(brackets(text)) > MAX_DEPTH:
        raise ValueError("it nests too deeply")
    said = json.loads(text)
    if not isinstance(said, dict):
        raise TypeError("it is no JSON object")
    return said
