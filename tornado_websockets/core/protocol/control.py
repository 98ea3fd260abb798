"""Events of the protocol itself, whose names begin with ``tws.``: clients ask by them what no handler answers."""

from collections.abc import Collection
from typing import Final

from .frames import ANSWER, CONTROL, Frame, decode
from .ids import Id, find_id
from .limits import Limits

#: Ends the reply in parts that has its id.
CANCEL: Final = f"{CONTROL}cancel"

#: Asks whether the line, and the process behind it, are alive.
PING: Final = f"{CONTROL}ping"

#: Asks what was missed, and where the topic stands.
HELLO: Final = f"{CONTROL}hello"

#: The answer to a ping.
PONG: Final = '{"event":"tws.pong"}'

#: Characters that such a frame may have to be answered while a handler is running.
MAX_CONTROL_SIZE: Final = 512

#: Characters of one that says hello, and how near to an end of it its name must be.
MAX_HELLO_SIZE: Final = 256 * 1024
_NEAR: Final = 64

#: Pings a second that are not counted as messages.
FREE_PINGS: Final = 100

_SIGN: Final = f'"{CONTROL}'
_HELLO: Final = f'"{HELLO}"'


def read_control(
    message: str | bytes, limits: Limits, *, takes_hello: bool = True, asked: Collection[Id] = ()
) -> Frame | None:
    """The frame in ``message``, if that is an event of the protocol; others are hardly looked at.

    :param takes_hello: whether a hello may be long.
    :param asked: the ids of what the client was asked; an answer may have any size.
    """
    if not isinstance(message, str):
        return None
    is_answer = not (_is_short(message) or (takes_hello and _is_hello(message)))
    if is_answer and not (asked and _SIGN in message and find_id(message) in asked):
        return None
    frame = decode(message, limits)
    if not isinstance(frame, Frame) or not frame.event.startswith(CONTROL):
        return None
    return None if is_answer and frame.event != ANSWER else frame


def _is_short(message: str) -> bool:
    return len(message) <= MAX_CONTROL_SIZE and _SIGN in message


def _is_hello(message: str) -> bool:
    return MAX_CONTROL_SIZE < len(message) <= MAX_HELLO_SIZE and _HELLO in message[:_NEAR] + message[-_NEAR:]
