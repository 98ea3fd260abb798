"""One event loop's open connections, and the one order in which it sends to them."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .outbox import Close
from .scheduler import HEAVY, Backlog, Delivery, Scheduler, weight_of
from .turnstile import Turnstile

if TYPE_CHECKING:
    from .connection import Connection

#: What one turn of the event loop may send, in messages of up to 4 KiB to one client each: 512 take about 5 ms of a
#: core on uvicorn and 11 ms on daphne. Then the sockets, and everyone else, get their turn.
TURN: Final = 512

#: Messages that all clients together may have handled in one turn of the event loop, and seconds that they may take,
#: before those that have more to be handled wait for another turn: 32 take about 1 ms of a core on uvicorn and 3 ms on
#: daphne where handlers do little.
MAX_HANDLED: Final = 32
MAX_HANDLING: Final = 0.003

#: What a client's messages may have put in line, in messages of up to 4 KiB and in bytes, before its next one waits
#: until that is out. What is in line for the same clients is sent together, which costs daphne a sixth.
MAX_AHEAD: Final = 32
MAX_BYTES_AHEAD: Final = 64 * 1024

#: What one sender may have waiting, in messages of up to 4 KiB, before a worker thread that sends more has to wait too.
MAX_WAITING: Final = 1_000

#: Bytes that one sender may have waiting. A handler on the event loop cannot be made to wait: what it sends above this
#: is passed on at once, to be bounded by the outbox of each client.
MAX_WAITING_BYTES: Final = 8 * 1024 * 1024

#: Seconds after which a worker thread is let go on even so.
MAX_BLOCKED: Final = 10.0


class Lane:
    """The open connections of one event loop, by concrete path.

    Everything sent to them, from whichever thread, goes through :meth:`submit`, which keeps the order in which each
    sender called it. On the loop's own thread, with nothing waiting, it is sent within the call; else senders take
    turns. A sender is the connection whose handler sends; for what comes from elsewhere it is the path.

    :ivar turnstile: where clients wait that have sent more than was handled by now.
    :ivar bulky: where large messages wait to be decoded, one in each turn of the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.groups: dict[str, dict[Connection, None]] = {}
        self.turnstile = Turnstile(loop)
        self.bulky = Turnstile(loop, most=1)
        self._thread = threading.get_ident()
        self._waiting = Scheduler()
        self._left = TURN
        self._closing: deque[tuple[int, Connection, Close]] = deque()
        self._handled = 0
        self._began = 0.0
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

    def submit(self, delivery: Delivery, sender: Hashable) -> None:
        """Deliver after all that ``sender`` has submitted before.

        A worker thread that is faster than the loop waits here. Raises ``RuntimeError`` when the loop is closed.
        """
        if not self.is_here:
            backlog = self._enqueue(delivery, sender)
            if backlog.load > MAX_WAITING or backlog.size > MAX_WAITING_BYTES:
                self.wait_for(partial(_progress_of, backlog, backlog.added))
            if backlog.size > MAX_WAITING_BYTES and is_loop_running():  # another loop, which could not be made to wait
                self.loop.call_soon_threadsafe(self._flush, backlog)
        elif self._waiting or self._left <= 0 or not self._advance(delivery, self._left):
            backlog = self._enqueue(delivery, sender)
            if backlog.size > MAX_WAITING_BYTES:
                self._flush(backlog)
        elif self._left < TURN // 2:
            self._wake()

    def send(self, connection: "Connection", item: str | Close, sender: Hashable) -> bool:
        """:meth:`submit` for a single connection; whether it was sent within the call."""
        if self._waiting or self._left <= 0 or not self.is_here:
            self.submit(Delivery(item, [connection]), sender)
            return False
        self._left -= weight_of(item)
        connection.deliver(item)
        if self._left < TURN // 2:
            self._wake()
        return True

    def has_waiting(self, sender: Hashable) -> bool:
        """Whether something that ``sender`` has submitted waits for its turn."""
        return bool(self._waiting) and self._waiting.backlog_of(sender) is not None

    def has_much_waiting(self, sender: Hashable) -> bool:
        """Whether ``sender`` has to wait before it causes more; some is let pass, to be sent together."""
        if not self._waiting:
            return False
        backlog = self._waiting.backlog_of(sender)
        return backlog is not None and (backlog.load > MAX_AHEAD or backlog.size > MAX_BYTES_AHEAD)

    async def settle(self, sender: Hashable) -> None:
        """Return when everything that ``sender`` has submitted so far has had its turn."""
        backlog = self._waiting.backlog_of(sender)
        if backlog is not None:
            await _progress_of(backlog, backlog.added)

    def count_handled(self, now: float) -> bool:
        """Count a message that was handled; whether who has more to be handled should let others go first.

        :param now: seconds, of a clock that never goes back.
        """
        if not self._handled:
            self._began = now
            self._wake()
        self._handled += 1
        return self._handled >= MAX_HANDLED or now > self._began + MAX_HANDLING

    def shut(self, connection: "Connection", close: Close) -> None:
        """Deliver an order to close after all that was submitted so far, by whomever. From any thread."""
        self._closing.append((self._waiting.last, connection, close))
        if self.is_here:
            self._close()
        else:
            self._wake()

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

    def _enqueue(self, delivery: Delivery, sender: Hashable) -> Backlog:
        if isinstance(delivery.targets, str):
            delivery.reach = len(self.groups.get(delivery.targets, ()))
        backlog = self._waiting.add(sender, delivery)
        self._wake()
        return backlog

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            (self.loop.call_soon if self.is_here else self.loop.call_soon_threadsafe)(self._pump)

    def _pump(self) -> None:
        self._is_woken = False  # before anything is taken, so that what a thread adds meanwhile wakes us again
        self._left, self._handled = TURN, 0
        while self._waiting and self._left > 0:
            backlog = self._waiting.first()
            before = self._left
            is_done = True  # also where a target raises: then it is not tried again
            try:
                is_done = self._advance(backlog.waiting[0], min(self._left, HEAVY))
            finally:
                self._waiting.charge(backlog, before - self._left, is_done)
                if self._waiting:
                    self._wake()
        self._close()

    def _close(self) -> None:
        """Deliver the orders to close before which nothing waits any more."""
        if self._closing:
            oldest = self._waiting.oldest()
            while self._closing and self._closing[0][0] < oldest:
                _, connection, close = self._closing.popleft()
                connection.deliver(close)

    def _flush(self, backlog: Backlog) -> None:
        """Deliver all of it, however much that is for one turn of the event loop."""
        before = self._left
        for delivery in self._waiting.take_all(backlog):
            while not self._advance(delivery, TURN):
                pass
        backlog.tag += before - self._left

    def _advance(self, delivery: Delivery, budget: int) -> bool:
        """Deliver to as many targets as ``budget`` allows, but to one at least; whether that was all."""
        if isinstance(delivery.targets, str):
            delivery.targets = list(self.groups.get(delivery.targets, ()))
            delivery.reach = len(delivery.targets)
        start = delivery.done
        delivery.done += max(1, budget // delivery.weight)
        targets = delivery.targets[start : delivery.done]
        self._left -= delivery.weight * len(targets)
        for connection in targets:
            if connection is not delivery.exclude:
                for item, key in delivery.items:
                    connection.deliver(item, key)
        return delivery.done >= len(delivery.targets)


async def _progress_of(backlog: Backlog, target: int) -> None:
    """Return when so many of its deliveries have had their turn."""
    while backlog.finished < target:
        progress = asyncio.Event()
        backlog.on_progress.append(progress.set)
        await progress.wait()


def is_loop_running() -> bool:
    """Whether blocking the calling thread would block an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
