"""When a connection ends by itself, because what its client came by does."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

#: Seconds after which the clock is asked again: it may be set, and a machine may sleep.
LONGEST_WAIT: Final = 60.0


class Expiry:
    """Calls back at a point of time, on an event loop.

    :ivar at: when that is; ``None`` for never.
    """

    __slots__ = ("_expire", "_timer", "at")

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._expire: Callable[[], None] | None = None
        self.at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the time has come."""
        return self.at is not None and self.at <= datetime.now(UTC)

    def start(self, loop: asyncio.AbstractEventLoop, expire: Callable[[], None]) -> None:
        """Watch the clock, anew where it is watched already. On the loop. Pairs with :meth:`stop`.

        :param expire: called when the time has come.
        """
        self.stop()
        self._expire = expire
        self._look(loop)

    def stop(self) -> None:
        """Call nobody back any more."""
        self._expire = None  # it has us: neither should wait for the garbage collector
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.at is None or self._expire is None:
            return
        seconds = (self.at - datetime.now(UTC)).total_seconds()
        if seconds > 0:
            self._timer = loop.call_later(min(seconds, LONGEST_WAIT), self._look, loop)
        else:
            expire = self._expire
            self.stop()
            expire()


def aware(moment: object) -> datetime | None:
    """``moment``, if a connection can end then.

    :raises TypeError: it is no ``datetime`` with a time zone, nor ``None``.
    """
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise TypeError(
            f"Expected expires_at as a datetime with a time zone, or None, got {moment!r}. "
            "django.utils.timezone.now() has one, and so has datetime.now(UTC)."
        )
    return moment
