"""A process of innocent clients: one that asks again and again, and others that come anew; it notes how long both take.

Nobody waits here for an answer before the next question, so that each delay is the server's, and none hides another.
It measures from its first line on standard output until something comes on its standard input.
"""

import contextlib
import json
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable

from .parties import CLOSE_FRAME, tell

#: Seconds between two questions, and between two handshakes.
PAUSE, VISITS = 0.03, 0.15

#: So many may be without an answer; then there is no need to ask more.
_MOST_OPEN = 50

_REPLY = re.compile(rb'"event":"reply","id":(\d+)')
_QUESTION = b'{"event": "ask", "id": %5d}'

Delays = list[tuple[float, float]]


class Line:
    """A connection, from the handshake on."""

    def __init__(self, port: int, path: str, selector: selectors.BaseSelector) -> None:
        self.started = time.monotonic()
        self.is_open = False
        self._selector = selector
        self._head = b""
        self._handshake = (
            f"GET /ws{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._socket.connect(("127.0.0.1", port))
        selector.register(self._socket, selectors.EVENT_WRITE, self._greet)

    def send(self, data: bytes) -> None:
        """Which takes no more than the kernel has room for."""
        with contextlib.suppress(OSError):  # which reading sees, too
            self._socket.send(data)

    def _greet(self) -> None:
        self.send(self._handshake)
        self._selector.modify(self._socket, selectors.EVENT_READ, self.read)

    def read(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.close()
            self.lose()
        elif self.is_open:
            self.take(data)
        else:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if end:
                self.is_open = head.startswith(b"HTTP/1.1 101 ")
                self.enter()
                self.take(rest)

    def close(self) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(self._socket)
        self._socket.close()

    def enter(self) -> None:
        """The handshake was answered."""

    def take(self, data: bytes) -> None:
        """This has come."""

    def lose(self) -> None:
        """The server has hung up."""


class Asker(Line):
    """Asks one question after the other.

    :ivar delays: of each, when it was asked and how long it took.
    :ivar is_lost: the server has closed the connection.
    :ivar disorder: replies that came out of turn.
    """

    def __init__(self, port: int, path: str, selector: selectors.BaseSelector) -> None:
        super().__init__(port, path, selector)
        self.delays: Delays = []
        self.is_lost = False
        self.disorder = 0
        self._asked: dict[int, float] = {}
        self._number = 0
        self._tail = b""

    def ask(self) -> None:
        if self.is_lost or len(self._asked) >= _MOST_OPEN:
            return
        text = _QUESTION % self._number
        self._asked[self._number] = time.monotonic()
        self._number += 1
        self.send(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)

    def take(self, data: bytes) -> None:
        data, last, now = self._tail + data, 0, time.monotonic()
        for found in _REPLY.finditer(data):
            number, last = int(found[1]), found.end()
            self.disorder += number != next(iter(self._asked), None)
            started = self._asked.pop(number, None)
            if started is not None:
                self.delays.append((started, now - started))
        self._tail = data[max(last, len(data) - 60) :]

    def lose(self) -> None:
        self.is_lost = True

    def finish(self) -> None:
        """What has no answer yet has waited until now."""
        now = time.monotonic()
        self.delays += [(started, now - started) for started in self._asked.values()]


class Visitor(Line):
    """Comes in, and leaves."""

    def __init__(
        self, port: int, path: str, selector: selectors.BaseSelector, leave: Callable[["Visitor", bool], None]
    ) -> None:
        self._leave = leave
        super().__init__(port, path, selector)

    def enter(self) -> None:
        self._leave(self, self.is_open)
        self.send(CLOSE_FRAME)

    def lose(self) -> None:
        if not self._head.partition(b"\r\n\r\n")[1]:
            self._leave(self, False)


class Witness:
    """Both of them.

    :ivar late: seconds by which this process did something later than it was due, since others had the processors.
    """

    def __init__(self, port: int, asks: str, visits: str) -> None:
        self._port = port
        self._visits = visits
        self._selector = selectors.DefaultSelector()
        self._selector.register(sys.stdin, selectors.EVENT_READ, None)
        self._asker = Asker(port, asks, self._selector)
        self._visitors: set[Visitor] = set()
        self.handshakes: Delays = []
        self.refused = 0
        self.late = 0.0

    def settle(self) -> None:
        """Return when the first answer is there."""
        while not self._asker.is_open:
            self._turn_or_give_up()
        self._asker.ask()
        while not self._asker.delays:
            self._turn_or_give_up()
        self._asker.delays.clear()

    def measure(self) -> None:
        """Go on until there is something on standard input."""
        question = visit = time.monotonic()
        is_told = False
        while not is_told:
            now = time.monotonic()
            self.late = max(self.late, now - min(question, visit))
            if now >= question:
                self._asker.ask()
                question = max(question + PAUSE, now)
            if now >= visit:
                self._visit()
                visit = max(visit + VISITS, now)
            is_told = self._turn(min(question, visit) - time.monotonic())
        self._asker.finish()
        now = time.monotonic()
        self.handshakes += [(visitor.started, now - visitor.started) for visitor in self._visitors]

    def report(self) -> dict[str, object]:
        return {
            "replies": self._asker.delays,
            "disorder": self._asker.disorder,
            "is_lost": self._asker.is_lost,
            "handshakes": self.handshakes,
            "refused": self.refused,
            "late": self.late,
        }

    def _visit(self) -> None:
        if len(self._visitors) < _MOST_OPEN:
            self._visitors.add(Visitor(self._port, self._visits, self._selector, self._note))

    def _note(self, visitor: Visitor, is_welcome: bool) -> None:
        self._visitors.discard(visitor)
        self.refused += not is_welcome
        self.handshakes.append((visitor.started, time.monotonic() - visitor.started))

    def _turn_or_give_up(self) -> None:
        if self._turn(1):
            sys.exit("Nobody waits for a witness any more.")

    def _turn(self, seconds: float) -> bool:
        """Whether there is something on standard input."""
        is_told = False
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data is None:
                is_told = True
            else:
                key.data()
        return is_told


def main() -> None:
    witness = Witness(int(sys.argv[1]), *sys.argv[2:])
    witness.settle()
    tell("ready")
    witness.measure()
    tell(json.dumps(witness.report()))


if __name__ == "__main__":
    main()
