"""Many clients in one thread, that count what comes and read none of it."""

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Self

from benchmarks.client.frames import PING, PONG, FrameCounter, client_frame

from .visits import Door

#: Seconds that anything may take.
PATIENCE = 30.0


class Listener:
    """One of them."""

    def __init__(self, door: Door) -> None:
        self.counter = FrameCounter()
        self.socket = socket.create_connection(("127.0.0.1", door.port), PATIENCE)
        self.socket.sendall(door.handshake)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1 << 16)
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise ConnectionRefusedError(f"Expected the server to switch protocols, got {answer!r}.")
        self.socket.setblocking(False)
        self.counter.feed(answer.partition(b"\r\n\r\n")[2])

    @property
    def count(self) -> int:
        """The messages that have come."""
        return self.counter.messages

    def emit(self, event: str, data: object) -> None:
        """Send a frame."""
        self.socket.sendall(client_frame(json.dumps({"event": event, "data": data}).encode()))

    def read(self) -> None:
        """Take what has come."""
        with contextlib.suppress(BlockingIOError):
            data = self.socket.recv(1 << 20)
            if not data:
                raise ConnectionAbortedError("The server has closed the connection.")
            self.counter.feed(data)
        for opcode, payload in self.counter.controls:
            if opcode == PING:
                self.socket.sendall(client_frame(payload, PONG))
        self.counter.controls.clear()

    def leave(self) -> None:
        """Go, without a word."""
        self.socket.close()


class Crowd:
    """All of them. They read when they are told to: waking up for each message would cost more than it."""

    def __init__(self, door: Door, count: int) -> None:
        self._door = door
        self.members = [Listener(door) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            member.leave()

    def __iter__(self) -> Iterator[Listener]:
        return iter(self.members)

    def read(self) -> None:
        for member in self.members:
            member.read()

    def replace_oldest(self) -> None:
        """Let one go, and another one come."""
        self.members.append(Listener(self._door))
        self.members.pop(0).leave()
