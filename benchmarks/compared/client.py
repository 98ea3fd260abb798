"""A WebSocket client that reads only when it is told to.

Until then what comes stays where it is, pings too: so it also is a client that stops reading, and one whose line is
dead.
"""

import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

_PIECE = 1 << 16

#: Seconds for a handshake.
_PATIENCE = 20.0


class Refused(Exception):
    """The handshake was refused, with that HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Closed(Exception):
    """The connection has ended; ``code`` is ``None`` where no close frame said so."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Client:
    """A connection to a server on this machine.

    :param headers: of the handshake.
    :param room: bytes that the kernel keeps of what is not read; by default as many as it likes.
    :raises Refused: the server would not have it.
    """

    def __init__(self, port: int, path: str, headers: Mapping[str, str], room: int | None = None) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}{path}"), max_size=None)
        self._messages: deque[str] = deque()
        self._socket = socket.socket()
        if room is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self._socket.settimeout(_PATIENCE)
        self._socket.connect(("127.0.0.1", port))
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()
        self._shake_hands()

    def send(self, text: str) -> None:
        """Send a message.

        :raises Closed: the connection has ended.
        """
        try:
            self._protocol.send_text(text.encode())
            self._flush()
        except (OSError, InvalidState) as error:
            raise Closed(self._protocol.close_code) from error

    def receive(self, timeout: float) -> str:
        """The next message.

        :param timeout: seconds.
        :raises TimeoutError: none has come.
        :raises Closed: the connection has ended.
        """
        deadline = time.monotonic() + timeout
        while not self._messages:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._read(left)
        return self._messages.popleft()

    def drop(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def _shake_hands(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        try:
            while self._protocol.handshake_exc is None and self._protocol.state.name == "CONNECTING":
                self._read(max(deadline - time.monotonic(), 0.001))
        except Closed as error:
            raise Refused(0) from error
        if (exception := self._protocol.handshake_exc) is not None:
            self.drop()
            raise Refused(exception.response.status_code if isinstance(exception, InvalidStatus) else 0)

    def _read(self, timeout: float) -> None:
        self._socket.settimeout(timeout)
        try:
            data = self._socket.recv(_PIECE)
        except ConnectionError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._messages.append(bytes(event.data).decode())
            elif not isinstance(event, Frame | Response):
                raise TypeError(f"Expected a frame, got {event!r}")
        with suppress(OSError):
            self._flush()
        if not data and not self._messages and self._protocol.handshake_exc is None:
            raise Closed(self._code())

    def _code(self) -> int | None:
        received = self._protocol.close_rcvd
        return None if received is None else int(received.code)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
            else:
                self._socket.shutdown(socket.SHUT_WR)
