"""One attacker, or one of an audience: frames made beforehand, on a bare socket.

It answers no ping, so that whoever stays for longer than servers wait for that, forty seconds, is closed.
"""

import contextlib
import re
import selectors
import socket
import struct
import time

from .parties import CLOSE_FRAME, Party, Report

_NUMBER = re.compile(rb'"n":(\d+),"of":(\d+)')
_CLOSING = re.compile(rb"\x88[\x02-\x7d](..)[^\x88]*\Z", re.DOTALL)
_NEVER = float("inf")
_RESET = struct.pack("ii", 1, 0)

#: The longest that is kept of what came, to find in it what was cut.
_TAIL = 130
_MOST_AT_ONCE = 1 << 18
_buffer = bytearray(_MOST_AT_ONCE)


class Attacker:
    """One client of a party."""

    def __init__(self, party: Party, report: Report, port: int, selector: selectors.BaseSelector) -> None:
        self._party = party
        self._report = report
        self._selector = selector
        self._port = port
        self._number = -1
        self._heard = time.monotonic()
        self.is_in = self.is_gone = self._is_leaving = self._is_over = False
        self.due = _NEVER

    def start(self) -> None:
        """Connect, and send what needs no answer."""
        party = self._party
        self.is_in = self.is_gone = self._is_leaving = self._is_asking = False
        self.due = _NEVER
        self._rounds = 0
        self._tail = b""
        is_in_one_piece = party.haste == 0
        self._out = memoryview(self._handshake() + (party.load if is_in_one_piece else b""))
        self._rounds += is_in_one_piece
        self._waits_until = time.monotonic() + party.haste if party.haste else 0.0
        self._socket = socket.socket()
        if party.buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, party.buffer)
        self._socket.setblocking(False)
        self._socket.bind((party.address, 0))
        with contextlib.suppress(BlockingIOError):
            self._socket.connect(("127.0.0.1", self._port))
        self._events = selectors.EVENT_READ | selectors.EVENT_WRITE
        self._selector.register(self._socket, self._events, self)

    def handle(self, events: int) -> None:
        """Go on, since the socket can be read or written."""
        try:
            if events & selectors.EVENT_WRITE:
                self._write()
            if events & selectors.EVENT_READ and not self.is_gone:
                self._read()
        except BlockingIOError:
            pass
        except ConnectionError:
            self._lose()

    def listen(self) -> None:
        """From now on silence counts."""
        self._heard = time.monotonic()

    def end(self) -> None:
        """It is over: silence counts no more."""
        self._note_silence()
        self._is_over = True

    def go_on(self) -> None:
        """Do what is due."""
        self.due = _NEVER
        if self._waits_until and not self._rounds:
            self._watch(self._events | selectors.EVENT_WRITE)
        else:
            self.leave()

    def leave(self) -> None:
        """Go, in the manner of the party; but for a reset, wait until the server has hung up.

        Who says so by a close frame hangs up then: the server reads that frame when it has handled what is before it.
        """
        self._is_leaving = True
        self._report.left = time.monotonic()
        if self._party.leaves == "reset":
            self.vanish()
            return
        with contextlib.suppress(OSError):
            if self._party.leaves == "close":
                self._socket.send(CLOSE_FRAME)
            self._socket.shutdown(socket.SHUT_WR)
        self._watch(selectors.EVENT_READ)

    def vanish(self) -> None:
        """Reset the connection."""
        if not self.is_gone:
            self._is_leaving = True
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._go()

    def _handshake(self) -> bytes:
        return (
            self._party.head
            or (
                f"GET /ws{self._party.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )

    def _write(self) -> None:
        if not self._out and not self._take_next():
            return
        sent = self._socket.send(self._out[:_MOST_AT_ONCE])
        self._out = self._out[sent:]
        self._report.sent += sent
        if not self._out:
            self._take_next()

    def _take_next(self) -> bool:
        """Whether there is more to be sent now."""
        party = self._party
        if not self.is_in and (party.haste is None or time.monotonic() < self._waits_until):
            self._watch(self._events & ~selectors.EVENT_WRITE)
            self.due = self._waits_until or _NEVER
            return False
        if party.load and not self._is_asking and (party.times is None or self._rounds < party.times):
            self._rounds += 1
            self._is_asking = party.asks
            self._out = memoryview(party.load)
            return True
        self._watch(self._events & ~selectors.EVENT_WRITE)
        if party.stays is not None and self.is_in:
            self.due = time.monotonic() + party.stays
        return False

    def _read(self) -> None:
        count = self._socket.recv_into(_buffer)
        if not count:
            self._lose()
            return
        if self.is_in:
            self._take(bytes(memoryview(_buffer)[:count]) if self._party.counts else None, count)
        else:
            self._enter(self._tail + _buffer[:count])

    def _enter(self, answer: bytes) -> None:
        head, end, rest = answer.partition(b"\r\n\r\n")
        if not end:
            self._tail = answer
            return
        self._tail = b""
        if not head.startswith(b"HTTP/1.1 101 "):
            self._report.refused += 1
            self._go()
            return
        self.is_in = True
        self._report.connected += 1
        self.listen()
        events = self._events | selectors.EVENT_WRITE
        self._watch(events if self._party.reads else events & ~selectors.EVENT_READ)
        self._take(rest, len(rest))

    def _take(self, data: bytes | None, count: int) -> None:
        self._note_silence()
        self._report.received += count
        if self._is_asking and count:
            self._is_asking = False
            self._watch(self._events | selectors.EVENT_WRITE)
        if data is None:
            start = max(0, count - _TAIL)
            self._tail = (self._tail + _buffer[start:count])[-_TAIL:]
            return
        data, last = self._tail + data, 0
        for found in _NUMBER.finditer(data):
            number, last = int(found[1]), found.end()
            self._report.numbers += 1
            self._report.breaks += self._number >= 0 and number != (self._number + 1) % int(found[2])
            self._number = number
        self._tail = data[max(last, len(data) - _TAIL) :]

    def _note_silence(self) -> None:
        now = time.monotonic()
        if not self._is_over:
            self._report.silence = max(self._report.silence, now - self._heard)
        self._heard = now

    def _lose(self) -> None:
        """The server has hung up."""
        if not self._is_leaving:
            found = _CLOSING.search(self._tail)
            code = str(int.from_bytes(found[1], "big")) if found else "1006"
            self._report.closed[code] = self._report.closed.get(code, 0) + 1
        self._go()

    def _go(self) -> None:
        self._watch(0)
        self._socket.close()
        self.is_gone = True
        self.due = _NEVER

    def _watch(self, events: int) -> None:
        if events and self._events:
            self._selector.modify(self._socket, events, self)
        elif events:
            self._selector.register(self._socket, events, self)
        elif self._events:
            self._selector.unregister(self._socket)
        self._events = events
