"""Lines in the log about what strangers cause, which is as often as they like."""

import logging
from collections import Counter
from time import monotonic

logger = logging.getLogger("tornado_websockets")

#: Seconds from one line to the next one of the same kind.
INTERVAL = 5.0


class Complaints:
    """Logs errors, of each kind one in :data:`INTERVAL` seconds; the next one says how many there were meanwhile."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()

    def add(self, kind: str, message: str, *args: object) -> None:
        """Log ``message % args``, unless it is too early.

        :param kind: one of few: each is remembered.
        """
        now = monotonic()
        if now < self._due.get(kind, now):
            self._unsaid[kind] += 1
            return
        self._due[kind] = now + INTERVAL
        unsaid = self._unsaid.pop(kind, 0)
        if unsaid:
            message, args = f"{message} (and %d more of this kind since the last such line)", (*args, unsaid)
        logger.error(message, *args)
