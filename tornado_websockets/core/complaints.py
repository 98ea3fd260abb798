"""What is logged less often than it happens: what comes from strangers, and what fails for everybody at once."""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

from .handlers.greenlets import new_lock
from .logger import log_error, logger, shown
from .protocol.offers import NOTHING_OFFERED, Offer

#: Seconds between two lines of one outage.
OUTAGE_INTERVAL: Final = 10.0

#: Seconds without a failure after which what works counts as working again.
CALM: Final = 1.0


class Complaints:
    """Logs what may happen any number of times: of each kind one line in ``interval`` seconds.

    The next line says how many there were meanwhile.

    :param interval: in seconds.
    :param clock: gives seconds, and never goes back.
    :param level: of the lines.
    """

    def __init__(
        self, interval: float = 5.0, clock: Callable[[], float] = monotonic, *, level: int = logging.ERROR
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._level = level
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
        logger.log(self._level, message, *args)


class Outage:
    """Logs each kind of error of an outage once, with its traceback; then how often it failed, and that it is over.

    :param what: cannot be done, as in "Cannot look up sessions"; every line begins with it.
    :param clock: gives seconds, and never goes back.
    """

    def __init__(self, what: str, clock: Callable[[], float] = monotonic) -> None:
        self._what = what
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Start without one, as a forked process must."""
        self._lock = new_lock()
        self._kinds: set[type[BaseException]] = set()
        self._failures = self._unlogged = 0
        self._failed_at = self._logged_at = 0.0

    def failed(self, error: BaseException, where: str = "", offer: Offer = NOTHING_OFFERED) -> None:
        """Log that it has failed; count it only, where that was logged a short while ago.

        :param where: in which call of many, in brackets.
        :param offer: of the client that it is about, whose token is not logged.
        """
        now = self._clock()
        with self._lock:
            is_known = type(error) in self._kinds
            self._kinds.add(type(error))
            self._failures += 1
            self._unlogged += 1
            self._failed_at = now
            if is_known and now - self._logged_at < OUTAGE_INTERVAL:
                return
            unlogged, self._unlogged, self._logged_at = self._unlogged, 0, now
        if is_known:
            last = shown(offer, error)
            logger.error("%s: %d more failed, the last one with %.200s%s", self._what, unlogged, last, where)
        else:
            log_error(offer, error, "%s%s", self._what, where)

    def worked(self) -> None:
        """Log that the outage is over, where there is one and nothing has failed for :data:`CALM` seconds."""
        if not self._kinds or self._clock() - self._failed_at < CALM:
            return
        with self._lock:
            failures, self._failures, self._unlogged = self._failures, 0, 0
            self._kinds.clear()
        if failures:
            logger.warning("%s: it works again, after %d that failed", self._what, failures)
