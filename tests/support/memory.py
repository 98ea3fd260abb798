"""Clients, members and a publisher that need no server: what they are sent is kept in lists."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from typing import Any

from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.core.connections.endpoint import Endpoint
from tornado_websockets.core.connections.socket import Socket
from tornado_websockets.core.control import Note
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.limits import Limits

_numbers = count(1)


class MemoryTransport:
    """Keeps what it is told to send, and takes nothing while it is held.

    :ivar sent: texts and orders to close, in order.
    :ivar aborts: the codes of all orders to abort.
    :ivar cancellations: how many orders to cancel a handler there were.
    :ivar bytes_taken: what it says that the client's side has taken; ``None`` where it cannot tell.
    :ivar is_gone: whether it is known that the client has left.
    :ivar error: raised by whatever is sent next: ``ClientGone`` where the client has left, anything else is a fault.
    """

    def __init__(self) -> None:
        self.sent: list[str | Close] = []
        self.aborts: list[int] = []
        self.cancellations = 0
        self.is_gone = False
        self.bytes_taken: int | None = None
        self.error: Exception | None = None
        self.sending = 0
        self._permits: asyncio.Semaphore | None = None

    def hold(self) -> None:
        """From now on take nothing but what :meth:`take` allows: whoever sends is suspended."""
        self._permits = asyncio.Semaphore(0)

    def take(self, count: int) -> None:
        """Take ``count`` more while held."""
        for _ in range(count):
            assert self._permits is not None
            self._permits.release()

    def release(self) -> None:
        """Take everything again."""
        if self._permits is not None:
            self._permits.release()
            self._permits = None

    def send(self, text: str) -> Awaitable[None]:
        return self._take(text)

    def close(self, code: int, reason: str) -> Awaitable[None]:
        return self._take(Close(code, reason))

    def abort(self, code: int) -> None:
        self.aborts.append(code)

    def read_on(self) -> None:
        """Everything is read as it comes."""

    def keep_line_short(self) -> None:
        """There is no line."""

    def taken(self) -> int | None:
        return self.bytes_taken

    def has_left(self) -> bool:
        return self.is_gone

    def cancel_handler(self) -> None:
        self.cancellations += 1

    async def _take(self, item: str | Close) -> None:
        assert not self.sending, "two writers at a time"
        self.sending += 1
        try:
            if self._permits is not None:
                await self._permits.acquire()
            if self.error is not None:
                raise self.error
            self.sent.append(item)
        finally:
            self.sending -= 1


class MemoryClient:
    """One client of an endpoint, connected through a :class:`MemoryTransport`.

    :param options: more of what its :class:`Connection` takes.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        path: str = "/test",
        kwargs: Mapping[str, Any] | None = None,
        *,
        limits: Limits | None = None,
        **options: Any,
    ) -> None:
        self.transport = MemoryTransport()
        self.connection = Connection(
            endpoint,
            self.transport,
            path=path,
            kwargs=kwargs or {},
            headers={},
            limits=limits or Limits(),
            **options,
        )

    @property
    def socket(self) -> Socket:
        """What its handlers get."""
        return self.connection.socket

    async def connect(self, accept: Callable[[], Awaitable[None]] | None = None) -> "MemoryClient":
        await self.connection.open(accept or _accept)
        return self

    async def send(self, event: str, data: object = None, **more: object) -> None:
        """Send a frame; returns when it has been handled to the end."""
        await self.connection.received(json.dumps({"event": event, "data": data, **more}))

    async def leave(self) -> None:
        await self.connection.on_closed()

    @property
    def received(self) -> list[dict[str, Any]]:
        """The frames that were sent to it."""
        return [json.loads(item) for item in self.transport.sent if isinstance(item, str)]

    @property
    def events(self) -> list[str]:
        """Their events."""
        return [frame["event"] for frame in self.received]


class MemoryMember:
    """A connection, as far as delivery knows one.

    :param user_key: of the user whose it is.

    :ivar backlog: characters that wait for its line; ``None`` while that takes what is sent.
    :ivar items: what it was delivered, in order; ``keys`` and ``threads`` say by which key and in which thread.
    :ivar ends: the orders to close in order.
    :ivar cancellations: how many orders to cancel a handler there were.
    """

    def __init__(self, id: str | None = None, user_key: str | None = None) -> None:
        self.id = id or f"member-{next(_numbers)}"
        self.user_key = user_key
        self.backlog: int | None = None
        self.items: list[str | Close] = []
        self.keys: list[str | None] = []
        self.threads: list[int] = []
        self.ends: list[Close] = []
        self.cancellations = 0

    def deliver(self, item: str | Close, key: str | None = None) -> None:
        self.items.append(item)
        self.keys.append(key)
        self.threads.append(threading.get_ident())

    def end(self, close: Close) -> None:
        self.ends.append(close)

    def cancel_handler(self) -> None:
        self.cancellations += 1


class MemoryPublisher:
    """A way to other processes that leads nowhere.

    :ivar log: what it was asked, in order: ``"join /chat"``, ``"leave /chat"``, and the messages.
    :ivar outcomes: of the messages; ``None`` where nobody wanted to know.
    :ivar error: becomes the outcome of what it publishes next.
    :ivar is_listening: whether it would bring in what others publish.
    """

    def __init__(self) -> None:
        self.log: list[str | Message | Note] = []
        self.outcomes: list[Future[None] | None] = []
        self.error: Exception | None = None
        self.is_listening = True

    @property
    def notes(self) -> list[Note]:
        """The notes among that."""
        return [entry for entry in self.log if isinstance(entry, Note)]

    @property
    def messages(self) -> list[Message]:
        """What it has published."""
        return [entry for entry in self.log if isinstance(entry, Message)]

    async def join(self, topic: str) -> None:
        self.log.append(f"join {topic}")

    async def leave(self, topic: str) -> None:
        self.log.append(f"leave {topic}")

    def stretch(self, topic: str) -> int | None:
        return None

    def begin_test(self) -> None:
        """It leads nowhere."""

    def end_test(self) -> None:
        """It leads nowhere."""

    def publish(self, message: Message | Note, outcome: "Future[None] | None" = None) -> None:
        self.log.append(message)
        self.outcomes.append(outcome)
        if outcome is not None and self.error is not None:
            outcome.set_exception(self.error)
        elif outcome is not None:
            outcome.set_result(None)

    def loop(self) -> asyncio.AbstractEventLoop | None:
        with suppress(RuntimeError):
            return asyncio.get_running_loop()
        return None

    def is_congested(self, topic: str) -> bool:
        return False

    async def room(self, topic: str) -> None:
        """Nothing has to be waited for."""


async def _accept() -> None:
    pass
