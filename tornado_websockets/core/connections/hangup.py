"""Whether a client has hung up, also where what it sent before that is still to be read."""

import select
from contextlib import suppress

#: Seconds between two looks at the same client.
INTERVAL = 0.25


class Line:
    """The line to one client, looked at every now and then.

    :param descriptor: of its socket.
    """

    __slots__ = ("_descriptor", "_next_look")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._next_look = 0.0

    def is_found_dead(self, now: float) -> bool:
        """Whether it is time to look, and the client has hung up.

        :param now: seconds, of a clock that never goes back.
        """
        if now < self._next_look:
            return False
        self._next_look = now + INTERVAL
        return has_hung_up(self._descriptor)


def has_hung_up(descriptor: int) -> bool:
    """Whether the peer of a socket has closed its side. Only Linux tells before everything is read.

    :param descriptor: of the socket; one that is closed here counts as well.
    """
    if descriptor < 0:
        return True
    if not hasattr(select, "POLLRDHUP"):
        return False
    poll = select.poll()
    with suppress(OSError, ValueError):
        poll.register(descriptor, select.POLLRDHUP)
        return bool(poll.poll(0))
    return False
