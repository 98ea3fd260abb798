"""Texts -> compressed frames that every client reads alike, so that one is enough for all of them."""

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .rfc6455 import COMPRESSED, TEXT, frame, text_frame

#: The window that a client must have agreed to, as the binary logarithm of its bytes. It is what uvicorn offers.
WINDOW_BITS: Final = 12

#: What uvicorn and ``websockets`` take: as short as with more, and 32 KiB less to prepare for each message.
_MEMORY_LEVEL: Final = 5

#: Bytes above which speed counts: a megabyte takes 10 to 15 ms then, instead of 15 to 25, and a tenth more bytes.
_LONG: Final = 64 * 1024

_THOROUGH_LEVEL: Final = 7
_FAST_LEVEL: Final = 1

#: With which every flush ends, and no message (RFC 7692, section 7.2.1).
_EMPTY_BLOCK: Final = b"\x00\x00\xff\xff"


class SharedCompression:
    """Compresses each message by itself, once for all who get it.

    A sender may refer to what it has sent before, and need not. What refers to nothing is right for everyone, whatever
    else was negotiated, but for the size of the window. But a client that is sent one such message must never be sent
    one again that refers to others: it knows some that the compressor does not, and reads another text, without an
    error.

    :param above: bytes of the longest text that is sent as it is.
    :ivar frame: makes the frame of a text of ASCII, compressed where that makes it shorter. A broadcast asks for the
        same one again and again.
    :ivar deflated: makes what a compressed frame carries of a payload; ``None`` where it is better sent as it is.
    """

    __slots__ = ("_above", "deflated", "frame")

    def __init__(self, above: int) -> None:
        self._above = above
        self.frame: Callable[[str], bytes] = lru_cache(maxsize=2)(self._frame)
        self.deflated: Callable[[bytes], bytes | None] = lru_cache(maxsize=2)(self._deflated)

    def _frame(self, text: str) -> bytes:
        payload = None if len(text) <= self._above else self._deflated(text.encode("ascii"))
        return text_frame(text) if payload is None else frame(COMPRESSED | TEXT, payload)

    def _deflated(self, payload: bytes) -> bytes | None:
        if len(payload) <= self._above:
            return None
        level = _FAST_LEVEL if len(payload) > _LONG else _THOROUGH_LEVEL
        compressor = zlib.compressobj(level, zlib.DEFLATED, -WINDOW_BITS, _MEMORY_LEVEL)
        deflated = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        deflated = deflated.removesuffix(_EMPTY_BLOCK)
        return deflated if len(deflated) < len(payload) else None


@lru_cache(maxsize=8)
def compression_above(above: int) -> SharedCompression:
    """The one of this process for that many bytes."""
    return SharedCompression(above)
