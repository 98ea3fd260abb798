"""How far Tornado reads what a client sends: chunks of a body by turns, and nothing behind the end of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado.concurrent import future_add_done_callback
from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream, StreamClosedError

from ..core.delivery.hub import hub

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Callable

    from tornado.httputil import HTTPServerRequest

#: Chunks of one body that are read in a row before others get their turn, which takes a millisecond: Tornado reads all
#: that have come, or 256 of them since 6.6. One that had to be waited for begins a new row.
CHUNKS_IN_A_ROW: Final = 128


def is_over(request: HTTPServerRequest) -> bool:
    """Whether the connection of the request is closed; nothing more of it should be handled then.

    Tornado goes on through what it has read by then, where a thousand requests may have been sent ahead. It stops where
    the stream is detached.
    """
    connection = request.connection
    return isinstance(connection, HTTP1Connection) and connection.stream.closed()


def close_behind(request: HTTPServerRequest, answered: Future[None]) -> None:
    """Close the connection when the answer is out, and read nothing that was sent behind the request.

    :param answered: what ``finish`` of the handler has returned.
    """
    connection = request.connection
    if isinstance(connection, HTTP1Connection):
        future_add_done_callback(answered, lambda _: connection.detach().close())


def pace_chunks(request: HTTPServerRequest) -> None:
    """Let the body of the request, of which nothing was read yet, take turns with others where it is in chunks."""
    connection: Any = request.connection
    if "Transfer-Encoding" in request.headers and isinstance(connection, HTTP1Connection):
        connection.stream = PacedStream(connection.stream)  # type: ignore[assignment]  # nothing else is asked of it


class PacedStream:
    """Stands in front of a stream for one request. To change the stream's own class would make all it does slower.

    :param stream: Tornado's.
    """

    def __init__(self, stream: IOStream) -> None:
        self._stream = stream
        self.read_until = _Lines(stream).read_until
        self.read_bytes = stream.read_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Lines:
    """Reads the line before each chunk, which Tornado reads nothing else by. Has no ``__getattr__``, which is slow."""

    __slots__ = ("_closed", "_in_a_row", "_read", "_stream")

    def __init__(self, stream: IOStream) -> None:
        self._stream = stream
        self._closed = stream.closed
        self._read: Callable[..., Any] = stream.read_until
        self._in_a_row = 0

    def read_until(self, delimiter: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read one.

        :raises StreamClosedError: the stream is closed. Tornado would go on through what it has read by then.
        """
        if self._closed():
            raise StreamClosedError(real_error=self._stream.error)
        self._in_a_row += 1
        if self._in_a_row > CHUNKS_IN_A_ROW:
            return self._read_in_turn(delimiter, max_bytes)
        line = self._read(delimiter, max_bytes)
        if not line.done():
            self._in_a_row = 0
        return line  # type: ignore[no-any-return]

    async def _read_in_turn(self, delimiter: bytes, max_bytes: int | None) -> bytes:
        await hub.shard().turnstile.wait()
        self._in_a_row = 0
        return await self.read_until(delimiter, max_bytes)
