"""What waits for the channel layer: by path, in order, in shares of what memory there is."""

from collections import deque
from collections.abc import Container
from concurrent.futures import Future
from dataclasses import dataclass, field

from tornado_websockets.exceptions import PublishError

#: Texts, and their bytes, that one message of the layer may carry.
BATCH_TEXTS = 200
BATCH_BYTES = 256 * 1024

#: Bytes that may wait; more are refused. A path may have as many as it leaves to the others: half of them where one is
#: flooded, a third each where two are. So there is always room for one more.
MAX_BYTES = 32 * 1024 * 1024

#: Bytes for one path above which whoever sends there should wait, if it can.
CONGESTION = 1024 * 1024

#: Bytes that a text takes besides itself, on CPython; those of its outcome, where somebody wants to know it; and those
#: of the queue of a path.
_ITEM, _OUTCOME, _QUEUE = 256, 1_600, 1_024


def shared_future() -> "Future[None]":
    """A future that none of those who wait for it can cancel."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(slots=True)
class Outgoing:
    """One text for the clients of a path elsewhere.

    :ivar outcome: ``None`` where nobody wants to know it.
    """

    path: str
    event: str
    text: str
    key: str | None = None
    outcome: "Future[None] | None" = field(default_factory=shared_future)

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits, roughly."""
        return len(self.text) + len(self.path) + _ITEM + (0 if self.outcome is None else _OUTCOME)

    def succeed(self) -> None:
        if self.outcome is not None:
            self.outcome.set_result(None)

    def fail(self, error: BaseException | None) -> None:
        if self.outcome is not None:
            refused = PublishError(self.event, self.path)
            refused.__cause__ = error
            self.outcome.set_exception(refused)


class _Queue:
    """What waits for one path; ``room`` is there while somebody waits for it to become less."""

    __slots__ = ("items", "room", "size")

    def __init__(self) -> None:
        self.items: deque[Outgoing] = deque()
        self.size = _QUEUE
        self.room: Future[None] | None = None

    def release(self) -> None:
        if self.room is not None:
            self.room.set_result(None)
            self.room = None


class Waiting:
    """The texts that wait for the layer. Changed by one thread at a time."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}  # the path whose turn it is first
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, path: str) -> bool:
        return path in self._queues

    def has_any_outside(self, paths: Container[str]) -> bool:
        """Whether something waits for a path that is none of ``paths``."""
        return any(path not in paths for path in self._queues)

    def put(self, outgoing: Outgoing) -> bool:
        """Let it wait, if there is room for it; whether there is."""
        queue = self._queues.get(outgoing.path)
        before = 0 if queue is None else queue.size
        queue = queue or _Queue()
        share = queue.size + outgoing.size
        total = self._bytes + share - before
        if share > MAX_BYTES - total:
            return False
        queue.items.append(outgoing)
        queue.size = share
        self._bytes = total
        self._queues[outgoing.path] = queue
        return True

    def take(self, resting: Container[str] = ()) -> list[Outgoing]:
        """What one message can carry of the path whose turn it is; paths take turns, those in ``resting`` last."""
        if not self._queues:
            return []
        path = next((path for path in self._queues if path not in resting), next(iter(self._queues)))
        queue = self._queues.pop(path)
        batch, weight = [queue.items.popleft()], 0
        while queue.items and len(batch) < BATCH_TEXTS and weight < BATCH_BYTES:
            weight += len(queue.items[0].text)
            batch.append(queue.items.popleft())
        size = sum(outgoing.size for outgoing in batch) if queue.items else queue.size
        queue.size -= size
        self._bytes -= size
        if queue.items:
            self._queues[path] = queue
        if queue.size <= CONGESTION:
            queue.release()
        return batch

    def is_congested(self, path: str) -> bool:
        """Whether much waits for ``path``. May be asked from any thread, at any time."""
        queue = self._queues.get(path)
        return queue is not None and queue.size > CONGESTION

    def room(self, path: str) -> "Future[None] | None":
        """Is done when ``path`` is not congested any more, or nobody shall wait for that; ``None`` when it is not."""
        if not self.is_congested(path):
            return None
        queue = self._queues[path]
        if queue.room is None:
            queue.room = shared_future()
        return queue.room

    def release(self) -> None:
        """Let nobody wait for room any more."""
        for queue in self._queues.values():
            queue.release()
