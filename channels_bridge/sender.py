"""The way out: queues what other processes shall get and gives it to the channel layer, in order, in batches."""

import asyncio
import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tornado_websockets.core.counters import counters
from tornado_websockets.core.groups import group_name
from tornado_websockets.exceptions import PublishError

from .messages import Batch, Numbering

logger = logging.getLogger("tornado_websockets")

#: Seconds the layer may take for one batch. Redis may hang rather than refuse.
SEND_TIMEOUT = 5.0

#: Texts, and their bytes, that one message of the layer may carry.
BATCH_TEXTS = 200
BATCH_BYTES = 256 * 1024

#: Bytes that may wait for the layer; more are refused.
MAX_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Outgoing:
    """One text for the clients of a path elsewhere."""

    path: str
    event: str
    text: str
    key: str | None = None
    outcome: "Future[None]" = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.outcome.set_running_or_notify_cancel()  # from here on nobody can cancel it

    def fail(self, error: BaseException | None) -> None:
        refused = PublishError(self.event, self.path)
        refused.__cause__ = error
        self.outcome.set_exception(refused)


class Sender:
    """Sends through ``layer`` on ``loop``. Its task runs only while something waits.

    :ivar name: by which receivers know whose texts they count.
    """

    def __init__(self, layer: Any, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self.layer = layer
        self.loop = loop
        self.name = name
        self._numbering = Numbering()
        self._waiting: dict[str, deque[Outgoing]] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None
        self._lost = 0

    def put(self, outgoing: Outgoing) -> None:
        """Queue, from any thread. Refused when too much waits; the outcome tells."""
        with self._lock:
            is_full = self._bytes + len(outgoing.text) > MAX_BYTES
            if not is_full:
                self._waiting.setdefault(outgoing.path, deque()).append(outgoing)
                self._bytes += len(outgoing.text)
        if is_full:
            self._lose([outgoing], None)
        elif self._task is None:
            self.loop.call_soon_threadsafe(self._start)

    async def drain(self) -> None:
        """Return when nothing waits."""
        self._start()
        while self._task is not None:
            await asyncio.wait([self._task])

    def _start(self) -> None:
        if self._task is None and self._waiting:
            self._task = self.loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while batch := self._next():
                await self._send(batch)
        except asyncio.CancelledError as error:  # the loop ends: let nobody wait for what cannot be sent
            while batch := self._next():
                self._lose(batch, error)
            raise
        finally:
            self._task = None
        self._start()

    def _next(self) -> list[Outgoing]:
        """The oldest texts of the path whose turn it is; paths take turns."""
        with self._lock:
            if not self._waiting:
                return []
            path = next(iter(self._waiting))
            queue = self._waiting.pop(path)
            batch, size = [queue.popleft()], 0
            while queue and len(batch) < BATCH_TEXTS and size < BATCH_BYTES:
                size += len(queue[0].text)
                batch.append(queue.popleft())
            if queue:
                self._waiting[path] = queue
            self._bytes -= sum(len(outgoing.text) for outgoing in batch)
            return batch

    async def _send(self, batch: list[Outgoing]) -> None:
        path, first = batch[0].path, self._numbering.take(batch[0].path, len(batch))
        texts, keys = [outgoing.text for outgoing in batch], [outgoing.key for outgoing in batch]
        message = Batch(f"{self.name}.{self._numbering.epoch}", path, first, texts, keys).to_message()
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self.layer.group_send(group_name(path), message)
        except asyncio.CancelledError as error:
            self._lose(batch, error)
            raise
        except Exception as error:
            self._lose(batch, error)
        else:
            for outgoing in batch:
                outgoing.outcome.set_result(None)
            self._report_end_of_loss()

    def _lose(self, batch: list[Outgoing], error: BaseException | None) -> None:
        if not self._lost:
            reason = "too much is waiting for it" if error is None else f"{type(error).__name__}: {error}"
            logger.error(
                "The channel layer takes no messages, clients of other processes miss them: %s (path %s)",
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
