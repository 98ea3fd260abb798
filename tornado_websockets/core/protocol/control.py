"""Events of the protocol itself, whose names begin with ``tws.``: clients ask by them what no handler answers."""

from typing import Final

from .frames import ANSWER, CONTROL, Frame, decode
from .limits import Limits

#: Ends the reply in parts that has its id.
CANCEL: Final = f"{CONTROL}cancel"

#: Asks whether the line, and the process behind it, are alive.
PING: Final = f"{CONTROL}ping"

#: The answer to it.
PONG: Final = '{"event":"tws.pong"}'

#: Characters that such a frame may have to be answered while a handler is running.
MAX_CONTROL_SIZE: Final = 512

#: Pings a second that are not counted as messages.
FREE_PINGS: Final = 100

_SIGN: Final = f'"{CONTROL}'


def read_control(message: str | bytes, limits: Limits, *, is_answer_expected: bool = False) -> Frame | None:
    """The frame in ``message``, if that is an event of the protocol; others are hardly looked at.

    :param is_answer_expected: the client was asked something, and its answer may have any size.
    """
    is_long = len(message) > MAX_CONTROL_SIZE
    if not isinstance(message, str) or (is_long and not is_answer_expected) or _SIGN not in message:
        return None
    frame = decode(message, limits)
    if not isinstance(frame, Frame) or not frame.event.startswith(CONTROL):
        return None
    return None if is_long and frame.event != ANSWER else frame
