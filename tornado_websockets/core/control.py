"""What processes tell each other besides messages for clients: notes, which all of them hear."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from ..exceptions import PublishError
from .complaints import Complaints, Outage
from .counters import counters
from .handlers.greenlets import new_lock
from .protocol.parsing import parse_foreign

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
    :ivar is_order: whether it shall be carried out though the channel layer should not bring it; it is once.
    """

    topic: str
    event: str
    text: str
    is_for_others: bool = False
    is_order: bool = False


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


#: Keeps orders for processes that the layer does not bring them to; ``None`` where processes share nothing to keep
#: them in, else how that went.
Keeper = Callable[[Note], "Future[None] | None"]

_keepers: list[Keeper] = []


def keep_orders(keep: Keeper) -> Keeper:
    """Register what keeps orders."""
    _keepers.append(keep)
    return keep


class Control:
    """The notes that one hub hears: on event loops, and in whichever thread of an application one is sent.

    :param hub: it, which makes a new one of these in a forked process.
    :ivar last: number of the order that was remembered last.
    """

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self.last = 0
        self._complaints = Complaints(level=logging.WARNING)
        self._faults: dict[str, Outage] = {}  # by what the notes are about
        self._lock = new_lock()
        self._orders: deque[tuple[int, str, Any]] = deque(maxlen=MOST_ORDERS)
        self._watchers: dict[str, Callable[[], None]] = {}

    def take(self, note: Note) -> None:
        """Do what ``note`` says. Never raises: what is wrong with it is counted and logged, and so is our own fault."""
        take = _takers.get(note.event)
        try:
            if take is None:
                raise ValueError("this version does not know what it is about")
            take(self._hub, _read(note.text))
        except (ValueError, TypeError, LookupError) as error:
            counters.messages_invalid += 1
            kind = "unknown" if take is None else note.event
            self.complain(kind, "A note of another process is ignored: %.200s (%.64r)", error, note.event)
        except Exception as error:  # whoever brings notes has others to bring
            self._faults.setdefault(note.event, Outage(f"Cannot do what a note says ({note.event})")).failed(error)
        else:
            if (fault := self._faults.get(note.event)) is not None:
                fault.worked()

    def complain(self, kind: str, message: str, *args: object) -> None:
        """Log what is wrong with what another process says, one line of a ``kind`` every five seconds."""
        self._complaints.add(kind, message, *args)

    def watch(self, topic: str, call: Callable[[], None]) -> None:
        """Have ``call`` called whenever another process says that something has changed at ``topic``."""
        self._watchers[topic] = call

    def unwatch(self, topic: str) -> None:
        """Have nothing called any more."""
        self._watchers.pop(topic, None)

    def alert(self, topic: str) -> None:
        """Something has changed at ``topic``."""
        watcher = self._watchers.get(topic)
        if watcher is not None:
            watcher()

    def keep(self, note: Note, outcome: "Future[None] | None") -> "Future[None] | None":
        """Have an order kept; what is returned succeeds where that or ``outcome`` does.

        :param outcome: how it goes with the channel layer, where there is one.
        """
        for keep in _keepers if note.is_order else ():
            kept = keep(note)
            if kept is not None:
                outcome = _either(note, *([kept] if outcome is None else [outcome, kept]))
        return outcome

    def remember(self, order: Any, id_: str) -> bool:
        """Keep ``order`` for those who are being let in now, if it has not come before; whether it is new.

        :param id_: by which it is known.
        """
        with self._lock:
            if any(known == id_ for _, known, _ in self._orders):
                return False
            self.last += 1
            self._orders.append((self.last, id_, order))
        return True

    def since(self, number: int) -> Sequence[Any]:
        """The orders that were remembered after the one of that number, as far as they are kept."""
        if self.last == number:
            return ()
        with self._lock:
            return [order for at, _, order in self._orders if at > number]


def _either(note: Note, *outcomes: "Future[None]") -> "Future[None]":
    """Done when one of ``outcomes`` has succeeded, or all have failed, and then with the first one's error."""
    either: Future[None] = Future()
    either.set_running_or_notify_cancel()
    lock, waiting = Lock(), len(outcomes)

    def note_outcome(outcome: "Future[None]") -> None:
        nonlocal waiting
        with lock:
            waiting -= 1
            if either.done():
                return
            if outcome.exception() is None:
                either.set_result(None)
            elif not waiting:
                failure = PublishError(note.event, note.topic)
                failure.__cause__ = outcomes[0].exception()
                either.set_exception(failure)

    for outcome in outcomes:
        outcome.add_done_callback(note_outcome)
    return either


def _read(text: str) -> Mapping[str, Any]:
    said = parse_foreign(text, MAX_DEPTH)
    if not isinstance(said, dict):
        raise TypeError("it is no JSON object")
    return said
