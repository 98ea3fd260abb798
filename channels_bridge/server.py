"""What a server can do for a connection besides what ASGI says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Server:
    """A server of which nothing is known but ASGI; others can do more.

    :ivar writable: set when the client takes what is sent; ``None`` while it does, or where ``send`` itself waits.
    :ivar receive: the server's; awaiting it gives the next message.
    """

    __slots__ = ("receive",)

    writable: asyncio.Event | None = None
    receive: Receive

    def __init__(self, receive: Receive) -> None:
        self.receive = receive

    def opened(self, on_flood: Callable[[int], None]) -> None:
        """The client was accepted: what it sends may be read.

        :param on_flood: to be called with a close code when the client is to be cut off for what it sends.
        """

    def hold(self) -> None:
        """Read nothing more: the client is to be closed."""

    def ended(self) -> None:
        """The application has done all it wanted to."""

    def write(self, text: str) -> bool:  # noqa: ARG002
        """Send a text at once, without ASGI's detour by which every client costs a frame of its own.

        :returns: whether it was possible now.
        """
        return False

    def close(self, code: int, reason: str) -> Awaitable[None] | None:  # noqa: ARG002
        """Close with a code and a reason that would be lost in ASGI's way; ``None`` where they would not."""
        return None

    def cut(self) -> None:
        """Drop the connection at once, with what the client did not take."""

    def has_more(self) -> bool:
        """Whether, as far as is known, more of what the client has sent is here already."""
        return True

    def is_found_dead(self, now: float) -> bool:  # noqa: ARG002
        """Whether the client is seen to have hung up, although what it sent before is not handled yet."""
        return False
