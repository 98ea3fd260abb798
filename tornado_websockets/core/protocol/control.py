"""Events of the protocol itself, whose names begin with ``tws.``: clients ask by them what no handler answers."""

from typing import Final

from .frames import CONTROL, Frame, decode
from .limits import Limits

#: Asks whether the line, and the process behind it, are alive.
PING: Final = f"{CONTROL}ping"

#: The answer to it.
PONG: Final = '{"event":"tws.pong"}'

#: Characters that such a frame may have to be answered while a handler is running.
MAX_CONTROL_SIZE: Final = 512

#: Pings a second that are not counted as messages.
FREE_PINGS: Final = 100

_SIGN: Final = f'"{CONTROL}'


def read_control(message: str | bytes, limits: Limits) -> Frame | None:
    """The frame in ``message``, if that is an event of the protocol; others are hardly looked at."""
    if len(message) > MAX_CONTROL_SIZE or not isinstance(message, str) or _SIGN not in message:
        return None
    frame = decode(message, limits)
    return frame if isinstance(frame, Frame) and frame.event.startswith(CONTROL) else None
