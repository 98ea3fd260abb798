"""Texts -> WebSocket frames, for transports that can write bytes."""

import struct
from functools import lru_cache
from typing import Final, Self

TEXT: Final = 0x1
BINARY: Final = 0x2
PING_FRAME: Final = 0x9

#: A pong that answers nothing, and that nobody answers (RFC 6455, section 5.5.3).
UNASKED_PONG: Final = b"\x8a\x00"

#: Beside the opcode of a message that is compressed (RFC 7692, section 6).
COMPRESSED: Final = 0x40

#: Bytes that a ping may carry.
MAX_PING_SIZE: Final = 125


@lru_cache(maxsize=2)
def text_frame(text: str) -> bytes:
    """A whole, unmasked text frame (RFC 6455, section 5.2). A broadcast asks for the same one again and again.

    :param text: ASCII, as :class:`~tornado_websockets.core.protocol.frames.Encoder` writes it.
    """
    return frame(TEXT, text.encode("ascii"))


class RawFrame(str):
    """A whole frame of an application's own, each byte a character: it is sent among texts, in its turn.

    :param opcode: what it is.
    :param payload: what it carries.
    """

    __slots__ = ()

    def __new__(cls, opcode: int, payload: bytes) -> Self:
        return super().__new__(cls, frame(opcode, payload).decode("latin-1"))

    def to_bytes(self) -> bytes:
        """What is written."""
        return self.encode("latin-1")


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole, unmasked frame."""
    first = 0x80 | opcode
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload
