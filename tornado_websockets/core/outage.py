"""What is said of something that fails for everybody at once: little, however many it fails for."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

logger = logging.getLogger("tornado_websockets")

#: Seconds between two lines of one outage.
INTERVAL: Final = 10.0

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
        self._lock = threading.Lock()
        self._kinds: set[type[BaseException]] = set()
        self._failures = self._untold = 0
        self._failed_at = self._told_at = 0.0

    def failed(self, error: BaseException) -> None:
        """It has failed once more."""
        now = self._clock()
        with self._lock:
            is_known = type(error) in self._kinds
            self._kinds.add(type(error))
            self._failures += 1
            self._untold += 1
            self._failed_at = now
            if is_known and now - self._told_at < INTERVAL:
                return
            untold, self._untold, self._told_at = self._untold, 0, now
        if is_known:
            logger.error("%s: %d more failed, the last one with %.200r", self._what, untold, error)
        else:
            logger.error("%s", self._what, exc_info=error)

    def worked(self) -> None:
        """It has worked."""
        if not self._kinds or self._clock() - self._failed_at < CALM:
            return
        with self._lock:
            failures, self._failures, self._untold = self._failures, 0, 0
            self._kinds.clear()
        if failures:
            logger.warning("%s: it works again, after %d that failed", self._what, failures)
