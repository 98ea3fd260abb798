"""Many WebSocket clients in one thread, that do nothing but count."""

import selectors
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Self

from .dialects import Dialect
from .frames import CLOSE, PING, PONG, FrameCounter, client_frame

#: Seconds within which something must arrive.
PATIENCE = 60.0

#: Handshakes that are under way at the same time.
_BATCH = 50

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
)


class Client:
    """One connection. ``due`` is the number of messages it waits for, from its beginning on."""

    __slots__ = ("_answer", "_crowd", "counter", "due", "is_closed", "socket")

    def __init__(self, crowd: "Crowd", port: int, path: str) -> None:
        self._crowd = crowd
        self._answer: bytes | None = b""  # to the handshake, until it is complete
        self.counter = FrameCounter()
        self.due = 0
        self.is_closed = False
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(_HANDSHAKE.format(path=path, port=port, headers=crowd.dialect.headers).encode())

    @property
    def is_connected(self) -> bool:
        return self._answer is None

    def send(self, data: bytes) -> None:
        """Send frames, ready made."""
        self.socket.sendall(data)

    def read(self) -> None:
        """Take what has come; called when something has."""
        data = self.socket.recv(1 << 18)
        if not data:
            self._crowd.forget(self)
            return
        if self._answer is not None:
            data = self._read_handshake(self._answer + data)
        self._crowd.received += len(data)
        counter, before = self.counter, self.counter.messages
        counter.feed(data)
        if before < self.due <= counter.messages:
            self._crowd.waiting -= 1
        if counter.controls:
            self._answer_controls()

    def _read_handshake(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._answer = data
            return b""
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ConnectionRefusedError(f"Expected the server to switch protocols, got {head[:64]!r}.")
        self._answer = None
        self._crowd.connecting -= 1
        return rest

    def _answer_controls(self) -> None:
        for opcode, payload in self.counter.controls:
            if opcode == PING:
                self.send(client_frame(payload, PONG))
            elif opcode == CLOSE:
                self.is_closed = True
        self.counter.controls.clear()


class Crowd:
    """Clients of one dialect, spread evenly over the servers that listen on ``ports``.

    :ivar clients: in the order in which they connected; the servers take turns.
    :ivar waiting: clients that have not received what they are to receive.
    :ivar received: bytes that have come after the handshakes.
    """

    def __init__(self, dialect: Dialect, ports: Sequence[int], event: str = "") -> None:
        self.dialect = dialect
        self.clients: list[Client] = []
        self.waiting = self.connecting = self.received = 0
        self._ports = ports
        self._path = dialect.path.format(event=event)
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in list(self.clients):
            self.forget(client)
        self._selector.close()

    def connect(self, count: int) -> list[Client]:
        """Let ``count`` more clients connect, and return them when all have."""
        numbers = iter(range(count))
        newcomers = []
        while batch := [self._open(number) for number in islice(numbers, _BATCH)]:
            self.connecting = len(batch)
            self._run(lambda: self.connecting == 0)
            newcomers += batch
        self._greet(newcomers)
        return newcomers

    def expect(self, messages: int, clients: Iterable[Client] | None = None) -> None:
        """From now on, :meth:`wait` waits until each of ``clients`` (all of them) got so many more messages."""
        chosen = self.clients if clients is None else list(clients)
        for client in chosen:
            client.due = client.counter.messages + messages
        self.waiting = len(chosen)

    def wait(self) -> None:
        """Return when everyone has what was expected."""
        self._run(lambda: self.waiting == 0)

    def close(self, clients: Sequence[Client]) -> None:
        """Say goodbye, and return when the servers have closed the connections."""
        goodbye = client_frame((1000).to_bytes(2, "big"), CLOSE)
        leaving = len(self.clients) - len(clients)
        for client in clients:
            client.send(goodbye)
        self._run(lambda: len(self.clients) == leaving)

    def forget(self, client: Client) -> None:
        """Close a connection at once."""
        self._selector.unregister(client.socket)
        client.socket.close()
        self.clients.remove(client)

    def _open(self, number: int) -> Client:
        client = Client(self, self._ports[number % len(self._ports)], self._path)
        self._selector.register(client.socket, selectors.EVENT_READ, client.read)
        self.clients.append(client)
        return client

    def _greet(self, clients: Sequence[Client]) -> None:
        if self.dialect.greeted_by:
            for greeting in self.dialect.greetings:
                for client in clients:
                    client.send(client_frame(greeting))
            for client in clients:
                client.due = self.dialect.greeted_by
            self._run(lambda: all(client.counter.messages >= client.due for client in clients))

    def _run(self, is_done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_done():
            for key, _ in self._selector.select(0):  # asleep, it would have the server pay for waking it up
                key.data()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.waiting} of {len(self.clients)} clients did not get what they waited for.")
