"""The way out: queues what other processes shall get and gives it to the channel layer, in order, in batches."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tornado_websockets.core.counters import counters
from tornado_websockets.core.groups import group_name

from .messages import MAX_TEXT, Batch
from .numbering import Numbering
from .waiting import Outgoing, Waiting

logger = logging.getLogger("tornado_websockets")

#: Seconds the layer may take for one batch. Redis may hang rather than refuse.
SEND_TIMEOUT = 2.0

#: Seconds after which a failure means that the layer hangs: whoever publishes in sync code shall not wait again.
PATIENCE = 0.5

#: Seconds between two attempts to find out whether a layer that hung works again, and seconds for each.
PROBE_INTERVAL, PROBE_TIMEOUT = 0.25, 1.0

#: Seconds from one batch to the next for the same path, on layers that drop what is above a capacity. The core layer
#: of channels_redis keeps 100 messages for a process, whose receiver takes 500 a second at best: each costs four
#: exchanges with Redis.
BATCH_INTERVAL = 0.005

#: Seconds that whoever waits for room waits at most.
ROOM_TIMEOUT = 2.0


class Sender:
    """Sends through ``layer`` on ``loop``. Its task runs only while something waits.

    A layer that refuses is asked again for each batch, which costs little. One that hangs would cost
    :data:`SEND_TIMEOUT` each time, so from then on texts are refused at once, until it takes a batch without texts.

    :param is_here: whether a path has clients in this process.

    :ivar name: by which receivers know whose texts they count.
    """

    def __init__(self, layer: Any, loop: asyncio.AbstractEventLoop, name: str, is_here: Callable[[str], bool]) -> None:
        self.layer = layer
        self.loop = loop
        self.name = name
        self._lock = threading.Lock()  # for the next two
        self._numbering = Numbering(is_here)
        self._waiting = Waiting()
        self._is_refusing = False  # the layer, when it was given something last
        self._task: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None
        self._hung: BaseException | None = None  # why, while the layer hangs
        self._resting: dict[str, float] = {}  # when paths get their next batch at the earliest, in that order
        self._lost = 0

    def put(self, outgoing: Outgoing) -> None:
        """Queue, from any thread. Refused when too much waits, or the layer hangs; the outcome tells."""
        with self._lock:
            error = self._hung or _why_too_long(outgoing.text)
            is_refused = error is not None or not self._waiting.put(outgoing)
        if is_refused:
            self._refuse([outgoing], error)
        elif self._task is None:
            try:
                self.loop.call_soon_threadsafe(self._start)
            except RuntimeError as error:  # the loop is closed
                self._refuse_all(error)

    def is_congested(self, path: str) -> bool:
        """Whether much waits for ``path``, of a layer that works. May be asked from any thread."""
        return self._waiting.is_congested(path) and not self._is_refusing

    async def room(self, path: str) -> None:
        """Return when that is no longer so, or after :data:`ROOM_TIMEOUT` seconds. On any event loop."""
        with self._lock:
            room = None if self._is_refusing else self._waiting.room(path)
        if room is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ROOM_TIMEOUT):
                    await asyncio.wrap_future(room)

    def forget(self, path: str) -> None:
        """The last client of ``path`` in this process has gone."""
        with self._lock:
            if path not in self._waiting:
                self._numbering.forget(path)

    async def drain(self) -> None:
        """Return when nothing waits. What hangs is tried afresh by whatever comes next."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        self._start()
        while self._task is not None:
            await asyncio.wait([self._task])

    def _start(self) -> None:
        if self._task is None and self._waiting:
            self._task = self.loop.create_task(self._send_all())
            self._task.add_done_callback(self._end)

    async def _send_all(self) -> None:
        while self._waiting:
            await self._keep_pace()
            await self._send(self._next())

    def _end(self, task: asyncio.Task[None]) -> None:
        """Called back, since a task that is cancelled before its first step runs nothing of its own."""
        self._task = None
        if task.cancelled():  # the loop ends: let nobody wait for what cannot be sent
            self._refuse_all(RuntimeError("the event loop has ended"))
        else:
            self._start()

    async def _keep_pace(self) -> None:
        """Let texts gather while every path that they are for has had a batch just now.

        A path that comes in meanwhile waits as well.
        """
        while True:
            now = self.loop.time()
            for path in [path for path, end in self._resting.items() if end <= now]:
                del self._resting[path]
            with self._lock:
                if self._waiting.has_any_outside(self._resting):
                    return
            await asyncio.sleep(next(iter(self._resting.values())) - now)

    def _next(self) -> list[Outgoing]:
        with self._lock:
            return self._waiting.take(self._resting)

    async def _send(self, batch: list[Outgoing]) -> None:
        path, started = batch[0].path, self.loop.time()
        if hasattr(self.layer, "capacity"):
            self._resting[path] = started + BATCH_INTERVAL
        try:
            await self._give(path, batch, SEND_TIMEOUT)
        except asyncio.CancelledError as error:
            self._lose(batch, error)
            raise
        except Exception as error:
            with self._lock:
                self._is_refusing = True
                self._waiting.release()
            self._lose(batch, error)
            if self.loop.time() - started > PATIENCE:
                self._suspend(path, error)
        else:
            self._is_refusing = False
            for outgoing in batch:
                outgoing.succeed()
            self._report_end_of_loss()

    async def _give(self, path: str, batch: list[Outgoing], seconds: float) -> None:
        with self._lock:
            epoch, first = self._numbering.take(path, len(batch))
        texts, keys = [outgoing.text for outgoing in batch], [outgoing.key for outgoing in batch]
        message = Batch(f"{self.name}.{epoch}", path, first, texts, keys).to_message()
        async with asyncio.timeout(seconds):
            await self.layer.group_send(group_name(path), message)

    def _suspend(self, path: str, error: Exception) -> None:
        """The layer hangs: refuse what waits for it and what comes, until it takes something."""
        with self._lock:
            self._hung = error
        self._refuse_all(error)
        self._probing = self.loop.create_task(self._probe(path))
        self._probing.add_done_callback(self._end_probe)

    async def _probe(self, path: str) -> None:
        while True:
            await asyncio.sleep(PROBE_INTERVAL)
            try:
                await self._give(path, [], PROBE_TIMEOUT)
            except Exception:  # noqa: S112 it was logged when it began
                continue
            self._hung, self._is_refusing = None, False
            self._report_end_of_loss()
            return

    def _end_probe(self, _: asyncio.Task[None]) -> None:
        self._hung = self._probing = None

    def _refuse_all(self, error: BaseException) -> None:
        while batch := self._next():
            self._refuse(batch, error)

    def _refuse(self, batch: list[Outgoing], error: BaseException | None) -> None:
        with self._lock:
            self._numbering.take(batch[0].path, len(batch))  # receivers shall see that something is missing
        self._lose(batch, error)

    def _lose(self, batch: list[Outgoing], error: BaseException | None) -> None:
        if not self._lost:
            reason = "too much is waiting for it" if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
            logger.error(
                "The channel layer takes no messages, clients of other processes miss them: %s (path %.64r)",
                reason,
                batch[0].path,
            )
        self._lost += len(batch)
        counters.messages_unsent += len(batch)
        for outgoing in batch:
            outgoing.fail(error)

    def _report_end_of_loss(self) -> None:
        if self._lost:
            logger.warning("The channel layer takes messages again; it took %d less than were sent", self._lost)
            self._lost = 0


def _why_too_long(text: str) -> ValueError | None:
    if len(text) <= MAX_TEXT:
        return None
    return ValueError(f"expected a text of at most {MAX_TEXT} characters, got {len(text)}")
