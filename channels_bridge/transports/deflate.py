"""What a client of uvicorn is sent that accepts compression: compressed once for all, and not for each anew."""

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from tornado_websockets import conf
from tornado_websockets.core.protocol.rfc6455 import BINARY, TEXT, text_frame
from tornado_websockets.core.protocol.rfc7692 import WINDOW_BITS, SharedCompression, compression_above

from .recognition import NeededNames, is_a, warn_once

#: What is needed of the extension of the library ``websockets``, and documented nowhere.
NEEDED: Final = NeededNames("__dict__", "decode", "encode", "local_max_window_bits", "remote_max_window_bits")

_MESSAGES: Final = (TEXT, BINARY)


def frames_for(extensions: Sequence[Any]) -> Callable[[str], bytes] | None:
    """What makes the frames of one client out of texts; ``None`` where only its server can.

    What uvicorn itself sends to the client, for us or for a middleware, is compressed in the same way from now on. The
    client's own compressor must not run any more, and is dropped.

    :param extensions: those that the client and uvicorn have agreed on.
    """
    if not extensions:
        return text_frame
    above, [extension, *others] = conf.get("COMPRESS_ABOVE"), extensions
    if above is None:
        return None
    is_known = not others and is_a(extension, "websockets.extensions.permessage_deflate", "PerMessageDeflate")
    name = NEEDED.missing_in(extension) if is_known else "PerMessageDeflate alone"
    if name is not None:
        warn_once(
            "This uvicorn, or its websockets, is not known; every message is compressed for each client anew: among "
            f"its extensions there is no {name}."
        )
        return None
    if not hasattr(extension, "bridge_frame"):
        compression = compression_above(above) if extension.local_max_window_bits >= WINDOW_BITS else None
        extension.__class__ = _bridged(extension.__class__, compression)
        extension.local_no_context_takeover = True
        vars(extension).pop("encoder", None)
        vars(extension).pop("decoder", None)
    frame: Callable[[str], bytes] = extension.bridge_frame
    return frame


@functools.cache
def _bridged(kind: type, compression: SharedCompression | None) -> Any:
    """The class of an extension that compresses no message for its client alone.

    :param kind: what it was.
    :param compression: ``None`` where what it makes would be too much for the client's window.
    """

    class BridgedDeflate(kind):  # type: ignore[misc]
        bridge_frame = staticmethod(text_frame if compression is None else compression.frame)

        def __getattr__(self, name: str) -> Any:
            """What inflates is made when the first compressed message comes: for many a client, never."""
            if name != "decoder":
                raise AttributeError(name)
            self.decoder = zlib.decompressobj(wbits=-self.remote_max_window_bits)
            return self.decoder

        def encode(self, frame: Any) -> Any:
            if not frame.fin or frame.opcode not in _MESSAGES:
                return super().encode(frame)
            payload = None if compression is None else compression.deflated(bytes(frame.data))
            return frame if payload is None else replace(frame, data=payload, rsv1=True)

    return BridgedDeflate
