"""How many pings of a client are answered, and how many frames that carry nothing are too many."""

from time import monotonic

from ..protocol.limits import Rate

#: Pings that are answered while the client does not read: each answer waits in memory.
MAX_PINGS = 100

#: Frames a second that may carry nothing for an application (pings, pongs, empty fragments), and so many of them at a
#: time: who sends more is closed. Browsers send none; other clients one in ten seconds or so.
MAX_IDLE_FRAMES, IDLE_BURST = 100, 200


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
