"""The line to a client, as the kernel has it: whether the client has hung up, what it takes, how much may wait for it.

That it has hung up is seen also where what it sent before that is still to be read.
"""

import select
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

#: Bytes that the kernel keeps of what may not be sent yet, where it is told to keep little; else it is up to 4 MiB.
LITTLE: Final = 128 * 1024

#: Where ``tcpi_bytes_acked`` is in Linux' ``struct tcp_info``, which only ever grows at its end.
_ACKNOWLEDGED_AT: Final = 120

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


def bytes_taken(descriptor: int) -> int | None:
    """Bytes that the peer of a TCP socket has acknowledged so far; ``None`` but on Linux."""
    if descriptor < 0 or not hasattr(socket, "TCP_INFO") or not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, struct.error):  # a Unix socket knows no such thing
        line = socket.socket(fileno=descriptor)
        try:
            told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED_AT + 8)
        finally:
            line.detach()
        taken: int = struct.unpack_from("=Q", told, _ACKNOWLEDGED_AT)[0]
        return taken
    return None


def keep_little(descriptor: int) -> None:
    """Have the kernel keep little of what the peer of a TCP socket does not take; on Linux and macOS.

    What is on its way is not bounded by it, so nothing gets slower.
    """
    if descriptor < 0 or not hasattr(socket, "TCP_NOTSENT_LOWAT"):
        return
    with suppress(OSError):  # a Unix socket knows no such thing
        line = socket.socket(fileno=descriptor)
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, LITTLE)
        finally:
            line.detach()
