"""Bounds for what uvicorn's faster parser keeps: heads of requests and trailers, however long, and however many.

And for how much of a body in chunks, and of requests that are sent ahead, it parses in one go, see :mod:`.chunks`.
"""

import functools
import sys
from typing import Any, Final

from ..recognition import NeededNames, warn_once
from .chunks import MAX_PIPELINED, UvicornBody, body_of
from .intake import SLICE

#: Bytes of a head, or of trailers, not counting those parsed with their beginning, and looked at after each piece: with
#: pieces of 32 KiB it has 128 KiB at most.
MAX_HEAD: Final = 64 * 1024

#: Requests of a connection that wait for the answer to one before them, above which it is closed: a body in large
#: chunks is parsed in large pieces, the last of which may have a thousand requests behind it.
MOST_PIPELINED: Final = 4 * MAX_PIPELINED

#: The headers of a request that has a body.
_BODY: Final = (b"content-length", b"transfer-encoding")

#: What is needed of uvicorn's protocol, and documented nowhere.
NEEDED: Final = NeededNames(
    "_should_upgrade",
    "data_received",
    "on_body",
    "on_headers_complete",
    "on_message_begin",
    "on_message_complete",
    "on_response_complete",
    "send_400_response",
)


def bound_heads(config: Any) -> None:
    """Close whoever sends a longer head, and let requests sent ahead wait, of those who will connect to uvicorn.

    :param config: of its server. Its other parsers have bounds of their own.
    """
    httptools = getattr(sys.modules.get("uvicorn.protocols.http.httptools_impl"), "HttpToolsProtocol", None)
    kind = getattr(config, "http_protocol_class", None)
    if httptools is None or not isinstance(kind, type) or not issubclass(kind, httptools):
        return
    if hasattr(kind, "bridge_head"):  # a program may serve the same configuration twice
        return
    missing = NEEDED.missing_of(kind)
    if missing is None:
        config.http_protocol_class = _bounded(kind)
    else:
        warn_once(
            f"This version of uvicorn is not known: its protocol has no {missing}. So the head of a request has no "
            "bound, unless a proxy or --http h11 sets one."
        )


@functools.cache
def _bounded(kind: type) -> type:  # noqa: C901 it is many short methods
    take_body = kind.on_body  # type: ignore[attr-defined]  # each chunk comes here, and ``super()`` costs more

    class BoundedProtocol(kind):  # type: ignore[misc]
        # In the ``__dict__`` they would make it grow.
        __slots__ = (
            "bridge_body",
            "bridge_chunks",
            "bridge_come",
            "bridge_cycle",
            "bridge_head",
            "bridge_is_last",
            "bridge_read",
        )

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.bridge_head: int | None = 0  # bytes of the head, or trailers, that have begun; None where none have
            self.bridge_read = 0  # bytes that are being read
            self.bridge_body: UvicornBody | None = None  # once more than a little came at a time, or while some wait
            self.bridge_chunks = 0  # that have begun
            self.bridge_come = 0  # bytes of the body
            self.bridge_cycle: Any = None  # the request that is answered, or was; ``cycle`` is the newest
            self.bridge_is_last = False  # nothing that comes is read
            super().__init__(*arguments, **options)

        def on_message_begin(self) -> None:
            self.bridge_head = -self.bridge_read  # some of what is being read may have come before it
            self.bridge_come = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.bridge_head = None
            if len(self.pipeline) >= MOST_PIPELINED:
                raise RuntimeError("Too many requests wait.")  # which ends the parsing: uvicorn answers 400 and closes
            is_for_another = self.parser.should_upgrade() and not self._should_upgrade()
            if is_for_another and any(name in _BODY and value != b"0" for name, value in self.headers):
                raise RuntimeError(
                    "A request for another protocol has a body, which the parser would take for requests."
                )
            super().on_headers_complete()
            if not self.pipeline:
                self.bridge_cycle = self.cycle
            if is_for_another:
                self.bridge_is_last, self.cycle.keep_alive = True, False  # the parser forgets what has come behind it

        def on_chunk_header(self) -> None:
            self.bridge_head = -self.bridge_read  # trailers come behind the last one
            self.bridge_chunks += 1

        def on_body(self, body: bytes) -> None:
            self.bridge_head = None
            self.bridge_come += len(body)
            take_body(self, body)

        def on_message_complete(self) -> None:
            self.bridge_head = None
            super().on_message_complete()

        def data_received(self, data: bytes) -> None:
            if self.bridge_body is None and (len(data) > SLICE or self.pipeline):
                self.bridge_body = body_of(self)
            if self.bridge_body is None:
                self.bridge_parse(data)
            else:
                self.bridge_body.take(data)

        def bridge_parse(self, data: bytes) -> None:
            """Parse that in one go."""
            if self.bridge_is_last:
                return
            self.bridge_read = len(data)
            super().data_received(data)
            if self.bridge_head is None:
                return
            self.bridge_head += len(data)
            if self.bridge_head > MAX_HEAD:
                self.send_400_response("The head or the trailers of the request are too long.")

        def bridge_left(self) -> int:
            """Bytes that are to come of a body of which some have; 0 of one in chunks, which has no such header."""
            if not self.bridge_come:
                return 0
            length = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
            return max(0, length - self.bridge_come)

        def on_response_complete(self) -> None:
            if self.pipeline:
                self.bridge_cycle = self.pipeline[-1][0]  # is the next
            super().on_response_complete()
            if self.bridge_body is not None:
                self.bridge_body.on_answered()

        def send_400_response(self, msg: str) -> None:
            self.bridge_disconnect()
            super().send_400_response(msg)

        def handle_websocket_upgrade(self) -> None:
            super().handle_websocket_upgrade()
            self.bridge_leave()

        def connection_lost(self, error: Exception | None) -> None:
            super().connection_lost(error)
            self.bridge_disconnect()
            self.bridge_leave()

        def bridge_disconnect(self) -> None:
            """Let nothing more be written for a request that others wait behind: uvicorn tells the newest one only."""
            cycle = self.bridge_cycle
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

        def bridge_leave(self) -> None:
            """Forget what waits of a body."""
            if self.bridge_body is not None:
                self.bridge_body.leave()

    return BoundedProtocol
