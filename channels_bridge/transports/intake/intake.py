"""How much of what a client sends its server parses at a time, and when."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

from tornado_websockets.core.connections.pings import IdleFrames
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.logger import logger

if TYPE_CHECKING:
    from ..asgi import AsgiTransport


#: Bytes that are given to a parser in one piece. The smallest frames have six bytes and cost it 15 to 25 µs each.
SLICE: Final = 1024

#: Seconds for which one client's pieces are parsed in a row before others get their turn.
PARSING_SECONDS: Final = 0.001

#: Pieces of one message that may be kept apart. Each costs daphne and uvicorn up to a hundred bytes besides its own.
MAX_PIECES: Final = 1_000


class Intake:
    """Stands between a server's socket and its parser, and gives it a little at a time. Subclasses know the server.

    Servers parse all that one read of the socket brings before they do anything else: 256 KiB may be 43,000 empty
    messages or pings, which takes most of a second. Here the rest of a read waits, and nothing more is read, until it
    is the client's turn again, and while enough of its messages wait for the application. Nothing at all is parsed
    before the handshake is through, see :meth:`release`.

    Each client has one, so it keeps nothing that most clients do not need.

    :ivar rest: what waits to be parsed.
    :ivar transport: is told when the client sends too many frames that carry nothing.
    """

    __slots__ = ("_idle", "_is_held", "_is_paused", "_is_scheduled", "rest", "transport")

    def __init__(self) -> None:
        self.rest: bytearray | None = None
        self.transport: AsgiTransport | None = None
        self._idle: IdleFrames | None = None
        self._is_held = self._is_paused = True
        self._is_scheduled = False
        self._pause()

    # What is known of the server.

    def is_full(self) -> bool:
        """Whether enough waits for the application."""
        raise NotImplementedError

    def _piece(self) -> int:
        """How many bytes of what waits the parser may be given next."""
        return SLICE

    def _parse(self, data: bytes) -> None:
        """Give ``data`` to the parser. What it raises is logged, and ends the connection."""
        raise NotImplementedError

    def _pause(self) -> None:
        """Read nothing from the socket; may be called again."""
        raise NotImplementedError

    def _resume(self) -> None:
        """Let the socket be read again."""
        raise NotImplementedError

    def _cut(self) -> None:
        """Drop the connection at once."""
        raise NotImplementedError

    def _line_up(self) -> None:
        """Call :meth:`_go_on_later` when it is this client's turn again."""
        hub.shard().turnstile.queue(self._go_on_later)

    # For the server and the transport.

    @property
    def is_reading(self) -> bool:
        """Whether what the client sends is parsed as it comes."""
        return not self._is_paused

    def take(self, data: bytes) -> None:
        """Parse ``data``, or keep it, after all that came before."""
        if not self._is_paused and len(data) <= SLICE and not self.is_full():
            self._feed(data)
            return
        if self.rest is None:
            self.rest = bytearray(data)
        else:
            self.rest += data
        if self._is_paused:
            self._pause()  # the server has read although it should not
        elif len(data) > SLICE and hub.shard().count_large():
            self._go_on_reading()
        else:
            self.go_on()

    def release(self) -> None:
        """The handshake is through: begin."""
        self._is_held = False
        self.go_on()

    def hold(self) -> None:
        """Parse nothing more, whatever comes, and read nothing."""
        self._is_held = self._is_paused = True
        self._pause()

    def drop(self) -> None:
        """Forget what waits: nobody wants it any more. What comes is parsed as by itself."""
        self.rest = None
        self._is_held = False
        self._go_on_reading()

    def go_on(self) -> None:
        """Parse what waits, for as long as it is this client's turn."""
        end = monotonic() + PARSING_SECONDS
        while self.rest and not self._is_held and not self.is_full():
            size = self._piece()
            piece = bytes(self.rest[:size])
            del self.rest[:size]
            self._feed(piece)
            if monotonic() >= end:
                break
        self._go_on_reading()

    # What the parser finds.

    def count_idle(self) -> None:
        """A frame came that carries nothing; hear no more of a client that sends too many."""
        if self._idle_frames.is_flood():
            self.flood()

    def is_answered(self, *, is_writable: bool) -> bool:
        """Whether a ping is answered."""
        return self._idle_frames.is_answered(is_writable=is_writable)

    @property
    def _idle_frames(self) -> IdleFrames:
        if self._idle is None:
            self._idle = IdleFrames()
        return self._idle

    def flood(self) -> None:
        """The client sends too much that carries nothing: hear no more of it."""
        self.hold()
        self.rest = None
        transport, self.transport = self.transport, None
        if transport is not None:
            asyncio.get_running_loop().call_soon(transport.cut_off_flooder)  # the parser is at work

    def _feed(self, data: bytes) -> None:
        try:
            self._parse(data)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """The parser has raised: a frame came that the server did not expect in the state it is in."""
        logger.warning("Closing a client: the server cannot parse what it sends: %.200r", error)
        self.hold()
        self.rest = None
        self._cut()

    def _go_on_reading(self) -> None:
        """Read on when nothing waits; parse on in the next turn, if that is not up to the application."""
        if self.rest or self._is_held:
            self._is_paused = True
            self._pause()
            if not self._is_held and not self._is_scheduled and not self.is_full():
                self._is_scheduled = True
                self._line_up()
            return
        self.rest = None
        if self._is_paused:
            self._is_paused = False
            self._resume()

    def _go_on_later(self) -> bool:
        self._is_scheduled = False
        self.go_on()
        return True


def merge(pieces: list[bytes | bytearray]) -> None:
    """Put the pieces of a message together once they are many."""
    if len(pieces) > MAX_PIECES:
        whole = pieces[0] if isinstance(pieces[0], bytearray) else bytearray(pieces[0])
        for piece in pieces[1:]:
            whole += piece
        pieces[:] = [whole]
