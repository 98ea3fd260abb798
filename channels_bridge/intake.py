"""How much of what a client sends its server parses at a time, and when."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

logger = logging.getLogger("tornado_websockets")

#: Bytes that are given to a parser in one piece. The smallest frames have six bytes and cost it 15 to 25 µs each.
SLICE: Final = 1024

#: Seconds for which one client's pieces are parsed in a row before others get their turn.
SECONDS: Final = 0.001


class Intake:
    """Stands between a server's socket and its parser, and gives it a little at a time.

    Servers parse all that one read of the socket brings before they do anything else: 256 KiB may be 43,000 empty
    messages or pings, which takes most of a second. Here the rest of a read waits, and nothing more is read, until it
    is the client's turn again, and while enough of its messages wait for the application. Nothing at all is parsed
    before the handshake is through, see :meth:`release`.

    :param feed: the parser. What it raises is logged, and ends the connection.
    :param pause: stops reading from the socket; may be called again.
    :param resume: lets the socket be read again.
    :param queue: calls what it is given when it is this client's turn again.
    :param cut: drops the connection at once.
    :param stops_by_itself: whether the server reads nothing while enough waits for the application.
    :ivar is_full: says whether enough waits for the application.
    :ivar rest: what waits to be parsed.
    :ivar on_flood: called once, when the client sends too many frames that carry nothing.
    """

    __slots__ = (
        "_cut",
        "_is_held",
        "_is_paused",
        "_is_scheduled",
        "_loop",
        "_parse",
        "_pause",
        "_queue",
        "_resume",
        "_stops_by_itself",
        "is_full",
        "on_flood",
        "rest",
    )

    def __init__(
        self,
        feed: Callable[[bytes], object],
        pause: Callable[[], object],
        resume: Callable[[], object],
        queue: Callable[[Callable[[], None]], None],
        cut: Callable[[], object],
        *,
        stops_by_itself: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._cut = cut
        self._parse = feed
        self._pause = pause
        self._resume = resume
        self._queue = queue
        self._stops_by_itself = stops_by_itself
        self.is_full: Callable[[], bool] = _never
        self.rest = bytearray()
        self._is_held = self._is_paused = True
        self._is_scheduled = False
        self.on_flood: Callable[[], None] | None = None
        pause()

    @property
    def is_reading(self) -> bool:
        """Whether what the client sends is parsed as it comes."""
        return not self._is_paused

    def take(self, data: bytes) -> None:
        """Parse ``data``, or keep it, after all that came before."""
        if not self._is_paused and len(data) <= SLICE and (self._stops_by_itself or not self.is_full()):
            self._feed(data)
            return
        self.rest += data
        if self._is_paused:
            self._pause()  # the server has read although it should not
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
        self.rest.clear()
        self._is_held = False
        self._go_on_reading()

    def go_on(self) -> None:
        """Parse what waits, for as long as it is this client's turn."""
        end = monotonic() + SECONDS
        while self.rest and not self._is_held and not self.is_full():
            piece = bytes(self.rest[:SLICE])
            del self.rest[:SLICE]
            self._feed(piece)
            if monotonic() >= end:
                break
        self._go_on_reading()

    def flood(self) -> None:
        """The client sends too much that carries nothing: hear no more of it."""
        self.hold()
        self.rest.clear()
        if self.on_flood is not None:
            tell, self.on_flood = self.on_flood, None
            self._loop.call_soon(tell)  # the parser is at work

    def _feed(self, data: bytes) -> None:
        try:
            self._parse(data)
        except Exception as error:  # a frame that the server did not expect in the state it is in
            logger.warning("Closing a client: the server cannot parse what it sends: %r", error)
            self.hold()
            self.rest.clear()
            self._cut()

    def _go_on_reading(self) -> None:
        """Read on when nothing waits; parse on in the next turn, if that is not up to the application."""
        if self.rest or self._is_held:
            self._is_paused = True
            self._pause()
            if not self._is_held and not self._is_scheduled and not self.is_full():
                self._is_scheduled = True
                self._queue(self._go_on_later)
        elif self._is_paused:
            self._is_paused = False
            self._resume()

    def _go_on_later(self) -> None:
        self._is_scheduled = False
        self.go_on()


def _never() -> bool:
    return False
