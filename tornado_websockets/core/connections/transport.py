"""What a connection needs of the server that its client came in by."""

from collections.abc import Awaitable
from typing import Protocol


class ClientGone(Exception):
    """The client has left. Transports raise it for what their server says so by; any other error is a fault."""


class Transport(Protocol):
    """The way to one client."""

    def send(self, text: str) -> Awaitable[None] | None:
        """Send a text frame, or raise :class:`ClientGone`.

        Awaiting may take long, which is back-pressure, and may raise it as well. ``None``: the frame is out already.
        """

    def close(self, code: int, reason: str) -> Awaitable[None]:
        """Start the closing handshake; errors as :meth:`send`."""

    def abort(self, code: int) -> None:
        """Cut the line as soon as no handler of the client is running, after a close frame with ``code``, if it can."""

    def read_on(self) -> None:
        """Read what the client sends, within bounds, while a handler of it is running: something may answer that."""

    def keep_line_short(self) -> None:
        """Let little wait in the kernel from now on, so that a client that takes nothing is noticed soon."""

    def taken(self) -> int | None:
        """Bytes that the client's side has taken so far; ``None`` where nobody knows."""

    def has_left(self) -> bool:
        """Whether the client is known to have left, so that nobody waits for what it has asked for. From any thread."""

    def cancel_handler(self) -> None:
        """Cancel the handler that is running, and serve the client no more."""
