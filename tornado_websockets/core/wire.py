"""Texts -> WebSocket frames, for transports that can write bytes."""

import struct
from functools import lru_cache


@lru_cache(maxsize=2)
def text_frame(text: str) -> bytes:
    """A whole, unmasked text frame (RFC 6455, section 5.2). A broadcast asks for the same one again and again.

    :param text: ASCII, as :class:`~tornado_websockets.core.frames.Encoder` writes it.
    """
    payload = text.encode("ascii")
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, len(payload)) + payload
    return struct.pack("!BBQ", 0x81, 127, len(payload)) + payload
