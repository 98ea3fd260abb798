"""How much a client may ask for: connections at a time, messages a second, and answers to its pings."""

import logging
import threading
from collections import Counter
from time import monotonic

from .counters import counters

logger = logging.getLogger("tornado_websockets")

#: Pings that are answered while the client does not read: each answer waits in memory.
MAX_PINGS = 100

#: Frames a second that may carry nothing for an application (pings, pongs, empty fragments), and so many of them at a
#: time: who sends more is closed. Browsers send none; other clients one in ten seconds or so.
MAX_IDLE_FRAMES, IDLE_BURST = 100, 200

#: Close code for a client that does what no decent one does ("policy violation").
FLOODING = 1008

#: Characters of an address that count; an IPv6 address has at most 45, and more with the name of an interface.
MAX_ADDRESS = 64


class Admission:
    """Counts connections, those being made included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_address: Counter[str] = Counter()
        self._total = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected or connecting."""
        return self._total == 0

    def admit(self, address: str | None, most: int | None, most_per_address: int | None) -> str | None:
        """Count one more from ``address``, unless that is too many: then say so. Pairs with :meth:`release`."""
        key = _key(address)
        with self._lock:
            if most is not None and self._total >= most:
                return f"there are {most} connections"
            if most_per_address is not None and self._by_address[key] >= most_per_address:
                return f"there are {most_per_address} connections from {key}"
            self._total += 1
            self._by_address[key] += 1
            return None

    def release(self, address: str | None) -> None:
        """One less."""
        key = _key(address)
        with self._lock:
            self._total -= 1
            self._by_address[key] -= 1
            if self._by_address[key] <= 0:
                del self._by_address[key]


def _key(address: str | None) -> str:
    """What an address is counted and logged as; behind a proxy that passes on what it gets, a client writes its own."""
    return str(address)[:MAX_ADDRESS].encode("unicode_escape").decode()[:MAX_ADDRESS]


class Rate:
    """So many a second.

    :param burst: how many at a time; by default a second's worth.
    """

    __slots__ = ("_left", "_most", "_per_second", "_since")

    def __init__(self, per_second: float, now: float, burst: float = 0.0) -> None:
        self._per_second = per_second
        self._left = self._most = max(1.0, burst or per_second)
        self._since = now

    def take(self, now: float) -> bool:
        """Whether one more is within the rate.

        :param now: seconds, of a clock that never goes back.
        """
        grown = self._left + (now - self._since) * self._per_second
        self._left = min(self._most, grown)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class IdleFrames:
    """Counts the frames of one client that carry nothing: pings, pongs, empty fragments."""

    __slots__ = ("_rate", "_unread")

    def __init__(self) -> None:
        self._unread = 0
        self._rate: Rate | None = None  # most clients never send any

    def is_flood(self) -> bool:
        """Count one more; whether those are too many."""
        now = monotonic()
        if self._rate is None:
            self._rate = Rate(MAX_IDLE_FRAMES, now, IDLE_BURST)
        return not self._rate.take(now)

    def is_answered(self, *, is_writable: bool) -> bool:
        """Whether one more ping is answered.

        :param is_writable: whether the client takes what is sent.
        """
        self._unread = 0 if is_writable else self._unread + 1
        return self._unread <= MAX_PINGS


def log_refusal(path: str, reason: str) -> None:
    """Count a client that is not let in, and say why in the log."""
    counters.connections_refused += 1
    logger.warning("Refused a connection to %.64r: %s", path, reason)
