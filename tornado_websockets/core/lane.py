"""One event loop's open connections, and the one order in which it sends to them."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Final

from .outbox import Close

if TYPE_CHECKING:
    from .connection import Connection

#: What one turn of the event loop may send, in messages of up to 4 KiB to one client each: 512 take about 5 ms of a
#: core on uvicorn and 11 ms on daphne. Then the sockets, and everyone else, get their turn.
TURN: Final = 512

#: What one delivery may carry to each client before the next one has its turn.
HEAVY: Final = 64

#: What may wait for its turn, in messages of up to 4 KiB, before a worker thread that sends more has to wait too.
MAX_WAITING: Final = 1_000

#: Seconds after which a worker thread is let go on even so.
MAX_BLOCKED: Final = 10.0


class Delivery:
    """A text, or an order to close, on its way to some connections.

    :param targets: the connections, or the path whose connections are meant: those there are when its turn comes.
    :param key: of a text that makes an earlier one of the same key pointless.
    """

    __slots__ = ("done", "exclude", "items", "targets", "weight")

    def __init__(
        self,
        item: str | Close,
        targets: "str | list[Connection]",
        exclude: "Connection | None" = None,
        key: str | None = None,
    ) -> None:
        self.items = [(item, key)]
        self.targets = targets
        self.exclude = exclude
        self.weight = weight_of(item)
        self.done = 0

    def absorb(self, later: "Delivery") -> bool:
        """Take on what ``later`` carries, if it goes the same way: a server flushes once for each client then."""
        is_same_way = isinstance(self.targets, str) and (self.targets, self.exclude) == (later.targets, later.exclude)
        if not is_same_way or self.weight >= HEAVY:
            return False
        self.items += later.items
        self.weight += later.weight
        return True


def weight_of(item: str | Close) -> int:
    """How much of a turn it takes to send ``item`` to one client."""
    return 1 + (len(item) >> 12)


class Lane:
    """The open connections of one event loop, by concrete path.

    Everything sent to them, from whichever thread, goes through :meth:`submit` and keeps the order of these calls.
    On the loop's own thread, with nothing waiting, it is sent within the call.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.groups: dict[str, dict[Connection, None]] = {}
        self._thread = threading.get_ident()
        self._waiting: deque[Delivery] = deque()
        self._load = 0  # weight of what is waiting
        self._lock = threading.Lock()
        self._enqueued = self._finished = 0
        self._left = TURN
        self._is_woken = False
        self._leaving = 0

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return threading.get_ident() == self._thread

    def add(self, connection: "Connection") -> None:
        self.groups.setdefault(connection.path, {})[connection] = None

    def remove(self, connection: "Connection") -> None:
        group = self.groups.get(connection.path, {})
        group.pop(connection, None)
        if not group:
            self.groups.pop(connection.path, None)
        self._leaving += 1

    @contextlib.contextmanager
    def departure(self) -> Iterator[None]:
        """While a connection that was removed still has work: its ``close`` handler, and what that sends."""
        try:
            yield
        finally:
            self._leaving -= 1

    @property
    def is_empty(self) -> bool:
        """Whether all connections have gone, and have nothing left to do."""
        return not self.groups and not self._leaving

    def submit(self, delivery: Delivery) -> None:
        """Deliver after all that was submitted before.

        A worker thread that is faster than the loop waits here. Raises ``RuntimeError`` when the loop is closed.
        """
        if not self.is_here:
            self._enqueue(delivery)
            if self._load > MAX_WAITING:
                self.wait_for(self.settle)
        elif self._waiting or self._left <= 0 or not self._advance(delivery):
            self._enqueue(delivery)
        elif self._left < TURN // 2:
            self._wake()

    def send(self, connection: "Connection", item: str | Close) -> None:
        """:meth:`submit` for a single connection."""
        if self._waiting or self._left <= 0 or not self.is_here:
            self.submit(Delivery(item, [connection]))
            return
        self._left -= weight_of(item)
        connection.deliver(item)
        if self._left < TURN // 2:
            self._wake()

    async def settle(self) -> None:
        """Return when everything submitted so far has had its turn."""
        target = self._enqueued
        while self._finished < target:  # noqa: ASYNC110 turns of the loop are what it waits for
            await asyncio.sleep(0)

    def shut_all(self, code: int) -> None:
        """Close every connection.

        :param code: for the clients, one of RFC 6455 such as 1001, "going away".
        """
        for connection in self._connections():
            connection.shut(code)

    def interrupt_all(self) -> None:
        """Cancel every handler that is running, ``close`` handlers excepted."""
        for connection in self._connections():
            connection.transport.interrupt()

    def _connections(self) -> "list[Connection]":
        return [connection for group in self.groups.values() for connection in group]

    def wait_for(self, condition: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Block a worker thread, for at most :data:`MAX_BLOCKED` seconds, until ``condition`` returns on the loop.

        Does nothing where an event loop would be blocked.
        """
        if is_loop_running():
            return
        future = asyncio.run_coroutine_threadsafe(condition(), self.loop)
        try:
            future.result(MAX_BLOCKED)
        except TimeoutError:
            future.cancel()

    def _enqueue(self, delivery: Delivery) -> None:
        with self._lock:
            self._load += delivery.weight
            self._enqueued += 1
            self._waiting.append(delivery)
        self._wake()

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            (self.loop.call_soon if self.is_here else self.loop.call_soon_threadsafe)(self._pump)

    def _pump(self) -> None:
        self._is_woken = False  # before anything is taken, so that what a thread adds meanwhile wakes us again
        self._left = TURN
        while self._waiting and self._left > 0:
            delivery = self._waiting[0]
            while len(self._waiting) > 1 and delivery.absorb(self._waiting[1]):
                del self._waiting[1]
            if self._advance(delivery):
                with self._lock:
                    self._load -= delivery.weight
                    self._waiting.popleft()
                self._finished += len(delivery.items)
        if self._waiting:
            self._wake()

    def _advance(self, delivery: Delivery) -> bool:
        """Deliver to as many targets as this turn allows; whether that was all."""
        if isinstance(delivery.targets, str):
            delivery.targets = list(self.groups.get(delivery.targets, ()))
        start = delivery.done
        delivery.done += max(1, self._left // delivery.weight)
        targets = delivery.targets[start : delivery.done]
        self._left -= delivery.weight * len(targets)
        for connection in targets:
            if connection is not delivery.exclude:
                for item, key in delivery.items:
                    connection.deliver(item, key)
        return delivery.done >= len(delivery.targets)


def is_loop_running() -> bool:
    """Whether blocking the calling thread would block an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
