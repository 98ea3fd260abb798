"""What every kind of ``socket`` has in common: what it is, and where it is in its life."""

from abc import abstractmethod
from enum import IntEnum

from .frames import Data
from .sent import Sent


class State(IntEnum):
    """Where a connection is in its life."""

    CONNECTING = 0
    OPEN = 1
    LEFT = 2  # the client has gone; what it sent before is still handled
    CLOSING = 3  # close() was called; what was sent before is still on its way
    CLOSED = 4


#: Looking a member up in its class costs 60 ns on Python 3.11, and a message needs five.
CONNECTING, OPEN, LEFT, CLOSING, CLOSED = State


class Socket:
    """What a handler gets as ``socket``: a :class:`Connection`, or a transport's handler that stands for one."""

    __slots__ = ()

    @abstractmethod
    def emit(self, event: str, data: Data | str | None = None) -> Sent:
        """Send an event to this client; see :meth:`Connection.emit`."""

    def emit_warning(self, message: str, code: str | None = None) -> Sent:
        """Send a ``warning`` event, ``{"code": code, "message": message}``; the code is left out when not given."""
        return self.emit("warning", {"message": message} if code is None else {"code": code, "message": message})
