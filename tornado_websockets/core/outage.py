"""The log of an outage: few lines about what fails for everybody at once, however many it fails for."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from .handlers.greenlets import new_lock
from .logger import logger

#: Seconds between two lines of one outage.
OUTAGE_INTERVAL: Final = 10.0

#: Seconds without a failure after which what works counts as working again.
CALM: Final = 1.0


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

    def failed(self, error: BaseException) -> None:
        """Log that it has failed; count it only, where that was logged a short while ago."""
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
            logger.error("%s: %d more failed, the last one with %.200r", self._what, unlogged, error)
        else:
            logger.error("%s", self._what, exc_info=error)

    def worked(self) -> None:
        """Log that the outage is over, where there is one and nothing has failed for :data:`CALM` seconds."""
        if not self._kinds or self._clock() - self._failed_at < CALM:
            return
        with self._lock:
            failures, self._failures, self._unlogged = self._failures, 0, 0
            self._kinds.clear()
        if failures:
            logger.warning("%s: it works again, after %d that failed", self._what, failures)
