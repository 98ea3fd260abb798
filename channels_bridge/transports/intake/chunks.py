"""Bodies of requests to uvicorn, and requests sent ahead: what comes in small pieces is parsed a little at a time."""

import functools
from time import monotonic
from typing import Any, Final

from tornado_websockets.core.delivery.hub import hub

from ..recognition import NeededNames, warn_once
from .intake import PARSING_SECONDS, SLICE, Intake

#: What is needed of uvicorn's protocol while it is connected, and documented nowhere.
NEEDED: Final = NeededNames(
    "_unset_keepalive_if_required",
    "connection_lost",
    "flow.__dict__",
    "flow.read_paused",
    "flow.resume_reading",
    "handle_websocket_upgrade",
    "headers",
    "pipeline",
    "transport",
)

#: Bytes that are parsed in one go while chunks are large: 7 ms, where they are of a byte after all.
MOST: Final = 32 * SLICE

#: Bytes for each chunk, on the average, above which they are large.
LARGE: Final = 256

#: Chunks that say nothing of those to come: a body has a small one at its end.
FEW: Final = 8

#: Requests of a connection that wait for the answer to one before them, behind which all others wait unparsed. A slice
#: may have some fifty more.
MAX_PIPELINED: Final = 32

#: Bytes that are parsed while requests wait, which are their heads and bodies. Above it nothing more is parsed until
#: none waits: the objects that a head is made of are many times as large.
MAX_AHEAD: Final = 64 * 1024


class UvicornBody(Intake):
    """Stands in front of uvicorn's parser, which takes 1 µs and more for each chunk, in one go.

    It is made with the first read that has more than a slice, or comes while requests wait. How much is parsed in one
    go depends on what came before, since the parser does not tell how large a chunk is going to be. A body of known
    length is one piece.

    :param protocol: uvicorn's, of a class of ours.
    """

    __slots__ = ("_ahead", "_flow", "_protocol", "_size", "_transport")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._size = SLICE
        self._ahead = 0  # bytes that were parsed since no request waited
        self._flow = flow = protocol.flow
        flow.bridge_body = self
        flow.__class__ = _bridged(flow.__class__)
        super().__init__()
        self.release()

    def leave(self) -> None:
        """The connection is another protocol's, or none any more: forget what waits."""
        self._protocol.bridge_body = self._flow.bridge_body = None  # neither should wait for the garbage collector
        self._protocol = None
        self.drop()

    def take(self, data: bytes) -> None:
        if not self.is_reading:
            super().take(data)
        elif self.is_full():
            self._keep(data)
        elif len(data) <= SLICE + self._protocol.bridge_left():
            self._feed(data)
        elif hub.shard().count_large():
            self._keep(data)
        else:
            self._take_much(data)

    def _take_much(self, data: bytes) -> None:
        """Parse what it is the client's turn for, and keep the rest."""
        end, position, view = monotonic() + PARSING_SECONDS, 0, memoryview(data)
        while position < len(data) and not self.is_full():
            size = self._piece()
            self._feed(view[position : position + size])  # type: ignore[arg-type]  # the parser takes that, too
            position += size
            if monotonic() >= end:
                break
        if position < len(data) and self._protocol is not None:
            self._keep(view[position:])

    def _keep(self, data: bytes | memoryview) -> None:
        self.rest = bytearray(data)
        self._go_on_reading()

    def on_answered(self) -> None:
        """A request has been answered: those behind it may have room."""
        if self.rest:
            self._protocol._unset_keepalive_if_required()  # noqa: SLF001 the next request is here, though unparsed
        if not self.is_reading:
            self._go_on_reading()

    def is_full(self) -> bool:
        protocol = self._protocol
        if protocol is None or self._transport.is_closing():
            return True
        waiting = len(protocol.pipeline)
        return waiting >= MAX_PIPELINED or (waiting > 0 and self._ahead > MAX_AHEAD)

    def _piece(self) -> int:
        return int(self._size + self._protocol.bridge_left())

    def _parse(self, data: bytes) -> None:
        protocol = self._protocol
        headers = protocol.headers
        protocol.bridge_parse(data)
        self._ahead = self._ahead + len(data) if protocol.pipeline else 0
        chunks, protocol.bridge_chunks = protocol.bridge_chunks, 0
        if chunks > max(FEW, len(data) // LARGE) or protocol.headers is not headers:  # another request has begun
            self._size = SLICE
        elif len(data) >= self._size and not protocol.bridge_left():
            self._size = min(2 * self._size, MOST)

    def _pause(self) -> None:
        if not self._transport.is_closing():  # which uvloop does not take
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._flow.read_paused and not self._transport.is_closing():  # else uvicorn does it
            self._transport.resume_reading()

    def _cut(self) -> None:
        self._transport.abort()


def body_of(protocol: Any) -> UvicornBody | None:
    """What bounds how much of the bodies of one client is parsed in one go, if this uvicorn is known."""
    missing = NEEDED.missing_in(protocol)
    if missing is None:
        return UvicornBody(protocol)
    warn_once(
        f"This version of uvicorn is not known: its protocol has no {missing}. So a body in many small chunks is "
        "parsed in one turn of its event loop, and others wait for that. Who sends many requests ahead is closed."
    )
    return None


@functools.cache
def _bridged(kind: type) -> Any:
    """The class of what says when uvicorn's socket is read."""

    class BridgedFlow(kind):  # type: ignore[misc]
        bridge_body: UvicornBody | None

        def resume_reading(self) -> None:
            """Read on, unless something waits that has been read: then later."""
            if self.bridge_body is None or self.bridge_body.is_reading:
                super().resume_reading()
            else:
                self.read_paused = False

    return BridgedFlow
