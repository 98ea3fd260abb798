"""How many connections a process takes, and one address has."""

import threading
from collections import Counter
from functools import lru_cache

from ..forking import after_fork

#: Characters of an address that count; an IPv6 address has at most 45, and more with the name of an interface.
MAX_ADDRESS = 64


class Admission:
    """Counts connections, those being made included."""

    def __init__(self) -> None:
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without connections, as a forked process must."""
        self._lock = threading.Lock()
        self._by_address: Counter[str] = Counter()
        self._total = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected or connecting."""
        return self._total == 0

    def admit(self, address: str | None, most: int | None, most_per_address: int | None) -> str | None:
        """Count one more from ``address``, unless that is too many: then say so. Pairs with :meth:`release`.

        :param address: those that are not known, as of clients that come by a Unix socket, are not counted by it.
        """
        key = _key(address)
        with self._lock:
            if most is not None and self._total >= most:
                return f"there are {most} connections"
            if key and most_per_address is not None and self._by_address[key] >= most_per_address:
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


@lru_cache(maxsize=1024)  # a client, or the proxy before it, comes and goes more than once
def _key(address: str | None) -> str:
    """What an address is counted and logged as; behind a proxy that passes on what it gets, a client writes its own."""
    return (address or "")[:MAX_ADDRESS].encode("unicode_escape").decode()[:MAX_ADDRESS]


#: Those of this process.
admission = Admission()
