"""How Tornado parses what a client sends: clients take turns, and none may send too much that carries nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from ..core.connections.pings import IdleFrames
from ..core.delivery.hub import hub
from ..core.eager import start

#: Frames of one client that are parsed in a row before others get their turn: Tornado parses all that it has read. One
#: that had to be waited for begins a new row: who sends one now and then need not wait behind those who have sent more.
FRAMES_IN_A_ROW: Final = 32


@dataclass(frozen=True, slots=True)
class Occasions:
    """What the handler of a client is told.

    :ivar accepted: the handshake is answered; ``open`` of the handler comes next.
    :ivar opened: that has returned, and what it returned was awaited; so is what this returns, before anything is read.
    :ivar flood: a frame without content came, above what a client may send.
    """

    accepted: Callable[[], None]
    opened: Callable[[], Awaitable[None] | None]
    flood: Callable[[], None]


class PacedProtocol(WebSocketProtocol13):
    """Tornado's own protocol, one frame at a time.

    :param handler: of the client.
    :param occasions: told to the handler.
    :param arguments: Tornado's.
    """

    def __init__(self, handler: WebSocketHandler, occasions: Occasions, *arguments: Any) -> None:
        super().__init__(handler, *arguments)
        self._on = occasions
        self._idle = IdleFrames()
        self._in_a_row = 0
        self._turnstile = hub.shard().turnstile

    def count_ping(self) -> None:
        """The client has sent a ping, which is answered: cut off who reads no answer, since Tornado 6.5 keeps all."""
        if not self._idle.is_answered(is_writable=not self.stream.writing()):
            self.stream.close()
        self.count_idle()

    def count_idle(self) -> None:
        """The client has sent a frame that carries nothing."""
        if self._idle.is_flood():
            self._on.flood()

    def start_pinging(self) -> None:
        """Tornado does it when it has answered the handshake, and before it calls ``open`` of the handler."""
        super().start_pinging()
        self._on.accepted()

    async def _receive_frame_loop(self) -> None:
        """Read until the client has gone. Tornado does it when ``open`` of the handler has returned."""
        opening = self._on.opened()
        if opening is not None:
            await opening
        await super()._receive_frame_loop()

    async def _receive_frame(self) -> None:
        """Parse and handle one frame: the one step of Tornado's loop that can wait."""
        self._in_a_row += 1
        if self._in_a_row == FRAMES_IN_A_ROW:
            self._in_a_row = 0
            await self._turnstile.wait()
        before = self._fragmented_message_buffer
        size = None if before is None else len(before)
        read = self._wire_bytes_in
        rest = start(super()._receive_frame())
        if rest is not None:
            if self._wire_bytes_in == read:  # nothing was here: it waits for the client, and not for a handler
                self._in_a_row = 0
            await rest
        after = self._fragmented_message_buffer
        if after is not None and after is before and len(after) == size:
            self.count_idle()  # a fragment of no bytes, or something between two fragments
