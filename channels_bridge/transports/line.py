"""A client's way through a server whose transport is one of asyncio's: its socket is at hand."""

from collections.abc import Awaitable
from typing import Any

from tornado_websockets.core.connections.hangup import Line, bytes_taken, has_hung_up, keep_little
from tornado_websockets.core.connections.transport import ClientGone

from .asgi import AsgiTransport, Receive, Send


class LineTransport(AsgiTransport):
    """One client whose connection can be looked at, and cut.

    :param transport: that of the event loop.
    """

    __slots__ = ("_line", "_transport")

    def __init__(self, transport: Any, receive: Receive, send: Send, *, is_wrapped: bool = False) -> None:
        super().__init__(receive, send, is_wrapped=is_wrapped)
        self._transport = transport
        self._line: Line | None = None

    # Servers would write to a line that is broken: asyncio logs each time that nobody reads it, uvloop raises an error.

    def send(self, text: str) -> Awaitable[None] | None:
        if self._transport.is_closing():
            raise ClientGone
        return super().send(text)

    def close(self, code: int, reason: str) -> Awaitable[None]:
        if self._transport.is_closing():
            raise ClientGone
        return super().close(code, reason)

    def keep_line_short(self) -> None:
        keep_little(self._descriptor)

    def taken(self) -> int | None:
        return bytes_taken(self._descriptor)

    def has_left(self) -> bool:
        return bool(self._transport.is_closing()) or has_hung_up(self._descriptor)

    def cut(self) -> None:
        self._transport.abort()

    def _is_found_dead(self, now: float) -> bool:
        if self._transport.is_closing():
            return True
        if self._line is None:
            self._line = Line(self._descriptor)
        return self._line.is_found_dead(now)

    @property
    def _descriptor(self) -> int:
        """That of the socket; -1 once it is closed."""
        line = self._transport.get_extra_info("socket")
        return -1 if line is None else int(line.fileno())  # TLS has none then
