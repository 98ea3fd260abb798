"""Lines in the log about what strangers send through the channel layer, which they may do as often as they like."""

from collections import Counter
from collections.abc import Callable
from time import monotonic

from tornado_websockets.core.logger import logger


class Complaints:
    """Logs errors, of each kind one in ``interval`` seconds; the next one says how many there were meanwhile.

    An :class:`~tornado_websockets.core.outage.Outage` is for one thing that cannot be done for a while: it logs the
    traceback and the end. What strangers send has neither.

    :param clock: gives seconds, and never goes back.
    """

    def __init__(self, interval: float = 5.0, clock: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._due: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def add(self, kind: str, message: str, *args: object) -> None:
        """Log ``message % args``, unless it is too early.

        :param kind: one of few: each is remembered.
        """
        now = self._clock()
        if now < self._due.get(kind, now):
            self._unlogged[kind] += 1
            return
        self._due[kind] = now + self._interval
        unlogged = self._unlogged.pop(kind, 0)
        if unlogged:
            message, args = f"{message} (and %d more of this kind since the last such line)", (*args, unlogged)
        logger.error(message, *args)
