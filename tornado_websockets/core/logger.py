"""The logger ``tornado_websockets``, which logs under every configuration that does not name it, and few lines."""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic


class _Enabled(logging.LoggerAdapter[logging.Logger]):
    """A logger that is enabled again where it was only passed over.

    ``logging.config.dictConfig`` disables each logger that is there already and that it does not name, unless told not
    to; Django calls it once in ``setup()``, and once more in ``get_asgi_application()`` or ``get_wsgi_application()``,
    when ours has long been there. Levels, handlers and filters silence it as they do every logger.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 the name that logging has for it
        self.logger.disabled = False
        return super().isEnabledFor(level)


#: What all of this package logs to.
logger = _Enabled(logging.getLogger("tornado_websockets"))


class Complaints:
    """Logs what strangers send, who may do so as often as they like: of each kind one line in ``interval`` seconds.

    The next line says how many there were meanwhile. An :class:`~tornado_websockets.core.outage.Outage` is for one
    thing that cannot be done for a while: it logs the traceback and the end. What strangers send has neither.

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
