"""How a connection is closed: the order to do so, and every close code that we send."""

from typing import Final, NamedTuple

#: RFC 6455: the server stops.
GOING_AWAY: Final = 1001

#: RFC 6455, "policy violation": the client floods us with frames that carry nothing.
FLOODING: Final = 1008

#: RFC 6455: the client cannot be sent to, by a fault that is not its own.
INTERNAL_ERROR: Final = 1011

#: The client answers no ping; uvicorn's code for it.
PING_TIMEOUT: Final = 1011

#: The session by which the client had logged in is no longer there: it may have ended, or have another key. The code is
#: none that ends it for good, so that the browser client comes back, and is asked who it is.
SESSION_GONE: Final = 3401

#: The client takes its messages too slowly.
SLOW_CLIENT: Final = 4008

#: The user of the connection is logged in no more.
LOGGED_OUT: Final = 4401

#: The client may not be here any more.
FORBIDDEN: Final = 4403


class Close(NamedTuple):
    """An order to start the closing handshake."""

    code: int
    reason: str = ""

    @classmethod
    def by_application(cls, code: int, reason: str) -> "Close":
        """One with a code that is an application's to use, on every server."""
        if not isinstance(code, int) or (code != 1000 and not 4000 <= code <= 4999):
            raise ValueError(f"Expected 1000 or 4000 to 4999 as close code, got {code!r}.")
        if not isinstance(reason, str) or len(reason.encode()) > 123:
            raise ValueError(f"Expected a close reason of at most 123 bytes, got {reason!r}.")
        return cls(code, reason)
