"""What waits to be sent to one client: in order, bounded, written by one writer at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..counters import counters
from ..eager import start
from ..protocol.closing import Close
from .transport import ClientGone, Transport


class Owner(Protocol):
    """Whose outbox it is, and who is told when the client is given up; one of these, once."""

    def on_lost(self) -> None:
        """The client has left."""

    def on_slow(self, reason: str) -> None:
        """The client takes too little."""

    def on_fault(self, error: Exception) -> None:
        """Sending failed, and not because the client has left."""


#: Seconds without the client taking anything after which no worker thread waits for it any more.
STUCK = 1.0

#: Messages written without a pause before other tasks get their turn.
_WRITTEN_IN_A_ROW = 64

#: Superseded texts that may wait beside twice as many as are to be sent, before they are taken out: a client that takes
#: little, but something, may wait for ever.
_SUPERSEDED = 64


class Outbox:
    """The way out of one connection. Used on its event loop's thread only.

    While the client keeps up, the transport's ``send`` is started at once, in the caller's turn of the event loop: no
    task, no queue. What the transport cannot take waits here, and a writer task sends it in order.

    :param owner: is told when the client is given up.
    :param max_bytes: of text that may wait.
    :param timeout: seconds for which the client may take nothing.
    :ivar writer: the task that sends what the transport could not take at once, while there is such.
    """

    __slots__ = (
        "_begun",
        "_ended",
        "_in_vain",
        "_latest",
        "_max_bytes",
        "_owner",
        "_progress",
        "_queue",
        "_superseded",
        "_timeout",
        "_transport",
        "size",
        "writer",
    )

    def __init__(
        self,
        transport: Transport,
        owner: Owner,
        *,
        max_bytes: int,
        timeout: float,
    ) -> None:
        self._transport = transport
        self._owner: Owner | None = owner
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._queue: deque[_Item] | None = None  # made when the client first falls behind
        self._latest: dict[str, _Replaceable] = {}
        self._superseded = 0  # entries of the queue that are
        self.writer: asyncio.Task[None] | None = None
        self._progress: asyncio.Future[None] | None = None
        self._begun = self._ended = 0  # of what could not be sent at once
        self._in_vain = -1  # how much had ended when somebody waited for nothing
        self.size = 0

    @property
    def is_congested(self) -> bool:
        """Whether whoever can wait should do so before it sends more."""
        return self.size > self._max_bytes // 2

    def push(self, item: str | Close, key: str | None = None) -> None:
        """Send a text, or close, after all that was pushed before.

        :param key: of a text that makes an earlier one of the same key pointless, if that still waits.
        """
        if self.writer is not None:
            self._enqueue(item, key)
            return
        try:
            sending = self._sending(item)
        except Exception as error:
            self.fail(error)
        else:
            if sending is not None:
                self.begin(sending)

    def begin(self, sending: Awaitable[None]) -> None:
        """Send what the transport has not taken within the call. For whoever has seen that there is no writer."""
        try:
            rest = start(sending)
        except Exception as error:
            self.fail(error)
            return
        if rest is not None:
            self._begun += 1
            self.writer = asyncio.get_running_loop().create_task(self._write(rest))

    def fail(self, error: Exception) -> None:
        """The client cannot be sent to: give it up."""
        owner = self._give_up()
        if owner is None:
            return
        if isinstance(error, ClientGone):
            owner.on_lost()
        else:
            owner.on_fault(error)

    async def room(self) -> None:
        """Return when the outbox is not congested, or its client is gone."""
        while self.is_congested and self.writer is not None:
            await self._next_progress()

    @property
    def is_worth_waiting(self) -> bool:
        """Whether it is congested, and its client has taken something since somebody waited for nothing."""
        return self.is_congested and self._ended != self._in_vain

    async def room_unless_stuck(self) -> None:
        """:meth:`room`, but for a client that takes nothing for :data:`STUCK` seconds: others wait for the caller."""
        while self.is_congested and self.writer is not None:
            try:
                async with asyncio.timeout(STUCK):
                    await self._next_progress()
            except TimeoutError:
                self._in_vain = self._ended
                return

    async def flushed(self) -> None:
        """Return when the transport has taken what was pushed so far, or the client is gone."""
        target = self._begun
        while self._ended < target and self.writer is not None:
            await self._next_progress()

    def clear(self) -> bool:
        """Drop what waits; whether anything did."""
        has_waiting = bool(self._queue)
        counters.messages_dropped += sum(bool(item) and not isinstance(item, Close) for item in self._queue or ())
        self._queue = None
        self._latest.clear()
        self.size = self._superseded = 0
        self._ended = self._begun
        self._tell_progress()
        return has_waiting

    async def stop(self) -> None:
        """Drop what waits, and end the writer."""
        self._owner = None  # the connection, which has us: neither should wait for the garbage collector
        writer, self.writer = self.writer, None
        self.clear()
        if writer is not None and writer is not asyncio.current_task():
            writer.cancel()
            await asyncio.wait([writer])

    def _sending(self, item: str | Close) -> Awaitable[None] | None:
        return self._transport.send(item) if isinstance(item, str) else self._transport.close(*item)

    def _enqueue(self, item: str | Close, key: str | None) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(item if key is None else self._supersede(key, str(item)))
        if self._superseded > 2 * (len(self._queue) - self._superseded) + _SUPERSEDED:
            self._queue = self._without_superseded(self._queue)
        self._begun += 1
        self.size += _size(item)
        if self.size > self._max_bytes:
            self._give_up_slow(f"more than {self._max_bytes} bytes were waiting for it")

    async def _write(self, rest: Awaitable[None]) -> None:
        """Finish what was started, then send what waits."""
        written = 0
        patience = _Patience(self._transport, self._timeout, self._give_up_stuck)
        try:
            await rest
            self._tell_end()
            while self._queue:
                item, count = self._dequeue(self._queue)
                sending = self._sending(item) if item else None  # superseded ones are empty
                if sending is not None:
                    patience.begin()
                    await sending
                self._tell_end(count)
                written += 1
                if written % _WRITTEN_IN_A_ROW == 0:  # a transport that always has room would never let others run
                    await asyncio.sleep(0)
        except Exception as error:
            self.fail(error)
        finally:
            patience.end()
            if self.writer is asyncio.current_task():
                self.writer = None
            self._tell_progress()

    def _give_up_stuck(self) -> None:
        self._give_up_slow(f"it took nothing for {self._timeout} seconds")

    def _supersede(self, key: str, text: str) -> "_Replaceable":
        older = self._latest.get(key)
        if older is not None:
            self.size -= len(older.text)
            self._superseded += 1
            older.text = ""
        self._latest[key] = newer = _Replaceable(key, text)
        return newer

    def _without_superseded(self, queue: "deque[_Item]") -> "deque[_Item]":
        """What is to be sent, in order, and one superseded entry for all that follow each other.

        Such a one still counts them: who waits until what was pushed so far is out waits for what is before it.
        """
        kept: deque[_Item] = deque()
        before: _Replaceable | None = None
        self._superseded = 0
        for item in queue:
            if item or not isinstance(item, _Replaceable):
                before = None
            elif before is not None:
                before.standing_for += item.standing_for
                continue
            else:
                before = item
                self._superseded += 1
            kept.append(item)
        return kept

    def _dequeue(self, queue: "deque[_Item]") -> tuple[str | Close, int]:
        """What comes next, empty if it is superseded, and for how many that counts."""
        item = queue.popleft()
        if not isinstance(item, _Replaceable):
            self.size -= _size(item)
            return item, 1
        if self._latest.get(item.key) is item:
            del self._latest[item.key]
        else:
            self._superseded -= 1
        self.size -= len(item.text)
        return item.text, item.standing_for

    def _give_up_slow(self, reason: str) -> None:
        owner = self._give_up()
        if owner is not None:
            owner.on_slow(reason)

    def _give_up(self) -> Owner | None:
        """Drop what waits. Who is to be told, the first time."""
        owner, self._owner = self._owner, None
        self.clear()
        return owner

    async def _next_progress(self) -> None:
        if self._progress is None:
            self._progress = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._progress)

    def _tell_end(self, count: int = 1) -> None:
        self._ended += count
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._progress is not None and not self._progress.done():
            self._progress.set_result(None)
        self._progress = None


class _Patience:
    """Waits for a client for as long as it takes something, message by message or little by little.

    The event loop alone cannot tell of the latter: for the kernel there is room when a third of what it keeps, up to
    4 MiB, is free, and to a phone that may be a minute's worth. So the kernel is asked when a message has not gone out
    for ``timeout`` seconds: then, and each time that the same time has passed.
    """

    __slots__ = ("_give_up", "_loop", "_since", "_taken", "_timeout", "_timer", "_transport")

    def __init__(self, transport: Transport, timeout: float, give_up: Callable[[], None]) -> None:
        self._transport = transport
        self._timeout = timeout
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._taken = transport.taken()
        self.begin()
        self._wait(timeout)

    def begin(self) -> None:
        """Another message begins to go out."""
        self._since = self._loop.time()

    def end(self) -> None:
        """All are out."""
        self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        rest = self._since + self._timeout - self._loop.time()
        if rest > 0:
            self._wait(rest)
            return
        before, self._taken = self._taken, self._transport.taken()
        if self._taken == before:
            self._give_up()
        else:
            self._wait(self._timeout)


def _size(item: str | Close) -> int:
    return len(item) if isinstance(item, str) else 0


class _Replaceable:
    """A queued text that a newer one with the same key replaces.

    Replaced ones stay in the queue for a while, empty and so false, and are skipped.

    :ivar standing_for: how many pushed ones it counts for: once it is replaced, also those next to it.
    """

    __slots__ = ("key", "standing_for", "text")

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        self.text = text
        self.standing_for = 1

    def __bool__(self) -> bool:
        return bool(self.text)


_Item = str | Close | _Replaceable
