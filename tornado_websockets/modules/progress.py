"""How far something is, and what its clients are told of it; both forms of ``ProgressBar`` build on it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

Number = int | float


class Progress(ABC):
    """A position between ``min`` and ``max``, which clients follow.

    A client gets ``before_init``, ``init``, ``after_init`` when it connects; each :meth:`tick` sends
    ``before_update``, ``update``, ``after_update``, and ``done`` at the end. A client too slow for all updates gets
    the latest, and ``done`` in any case. Any thread may call :meth:`tick`.

    :raises ValueError: ``max`` is below ``min``.
    """

    #: What the position is called on the wire.
    position_name: str

    def __init__(self, min: Number, max: Number, *, indeterminate: bool) -> None:  # noqa: A002 names of old
        if max < min:
            raise ValueError(f"Expected max to be at least min, got min={min!r} and max={max!r}.")
        self.min = min
        self.max = max
        self.indeterminate = indeterminate
        self._position = min
        self._lock = threading.Lock()
        self._untold: deque[tuple[Context, Callable[[], None]]] = deque()
        self._telling = threading.Lock()

    def tick(self, label: str | None = None) -> None:
        """One step further.

        :param label: what is going on, for the clients to show.
        """
        with self._lock:
            if not self.indeterminate and self._position < self.max:
                self._position += 1
            self._untold.append((copy_context(), partial(self._tell_all, self._position, label, self.is_done())))
        self._tell_untold()

    def reset(self) -> None:
        """Back to ``min``; the next :meth:`tick` tells the clients."""
        with self._lock:
            self._position = self.min

    def is_done(self) -> bool:
        """Whether ``max`` is reached; never when indeterminate."""
        return not self.indeterminate and self._position >= self.max

    def _tell_untold(self) -> None:
        """Send what waits, in order, unless another thread is doing so: then it sends this as well.

        So nobody waits for a lock while whoever holds it waits for the event loop.
        """
        while self._untold and self._telling.acquire(blocking=False):
            try:
                while self._untold:
                    context, tell = self._untold.popleft()
                    context.run(tell)
            finally:
                self._telling.release()

    def _tell_all(self, position: Number, label: str | None, is_done: bool) -> None:
        self._tell("before_update", supersede=True)
        data: dict[str, Any] = {self.position_name: position}
        self._tell("update", data if label is None else {**data, "label": label}, supersede=True)
        self._tell("after_update", supersede=True)
        if is_done:
            self._tell("done")

    @abstractmethod
    def _tell(self, event: str, data: dict[str, Any] | None = None, *, supersede: bool = False) -> None:
        """Send to all clients."""

    def _move(self, position: Number) -> None:
        if not self.min <= position <= self.max:
            raise ValueError(f"Expected {self.position_name} from {self.min!r} to {self.max!r}, got {position!r}.")
        with self._lock:
            self._position = position

    def _introduction(self) -> list[tuple[str, dict[str, Any]]]:
        """What a client is told when it connects."""
        state = {
            "indeterminate": self.indeterminate,
            "min": self.min,
            "max": self.max,
            self.position_name: self._position,
        }
        return [("before_init", {}), ("init", state), ("after_init", {})]
