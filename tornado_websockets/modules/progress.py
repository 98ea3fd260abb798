"""How far something is, and what its clients are told of it; both forms of ``ProgressBar`` build on it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.connections.socket import Socket

Number = int | float

#: The client that has just connected, while a bar introduces itself to it, and to nobody else.
_newcomer: ContextVar[Socket | None] = ContextVar("tornado_websockets.newcomer", default=None)

#: The position that the tick which is being told of has reached.
_told: ContextVar[Number | None] = ContextVar("tornado_websockets.position", default=None)


class Progress(ABC):
    """A position between ``min`` and ``max``, which clients follow.

    A client gets ``before_init``, ``init``, ``after_init`` when it connects; each :meth:`tick` sends
    ``before_update``, ``update``, ``after_update``, and ``done`` at the end. A client too slow for all updates gets
    the latest, and ``done`` in any case. Any thread may call :meth:`tick`. Subclasses may override :meth:`emit_init`,
    :meth:`emit_update` and :meth:`emit_done`, by which all of that is sent.

    :raises ValueError: ``max`` is below ``min``.

    :ivar position_name: what the position is called on the wire, and the attribute that has it.
    """

    position_name: str

    def __init__(self, min: Number, max: Number, *, indeterminate: bool) -> None:  # noqa: A002 names of old
        if max < min:
            raise ValueError(f"Expected max to be at least min, got min={min!r} and max={max!r}.")
        self.min = min
        self.max = max
        self.indeterminate = indeterminate
        self._lock = threading.Lock()
        self._queued: deque[tuple[Context, Callable[[], None]]] = deque()
        self._sender_lock = threading.Lock()

    def tick(self, label: str | None = None) -> None:
        """One step further.

        :param label: what is going on, for the clients to show.
        """
        with self._lock:
            position = getattr(self, self.position_name)
            if not self.indeterminate and position < self.max:
                position += 1
                setattr(self, self.position_name, position)
            self._queued.append((copy_context(), partial(self._send, position, label, self.is_done())))
        self._flush()

    def reset(self) -> None:
        """Back to ``min``; the next :meth:`tick` tells the clients."""
        with self._lock:
            setattr(self, self.position_name, self.min)

    def is_done(self) -> bool:
        """Whether ``max`` is reached; never when indeterminate."""
        position: Number = getattr(self, self.position_name)
        return not self.indeterminate and position >= self.max

    def emit_init(self) -> None:
        """Tell every client where the bar stands, or the one that has just connected."""
        self._tell("before_init")
        self._tell("init", self._state())
        self._tell("after_init")

    def emit_update(self, label: str | None = None) -> None:
        """Tell every client how far it is.

        :param label: what is going on.
        """
        data = {} if self.indeterminate else {self.position_name: self._position_to_tell()}
        self._tell("before_update", supersede=True)
        self._tell("update", data if label is None else {**data, "label": label}, supersede=True)
        self._tell("after_update", supersede=True)

    def emit_done(self) -> None:
        """Tell every client that it is done."""
        self._tell("done")

    def _state(self) -> dict[str, Any]:
        if self.indeterminate:
            return {"indeterminate": True}
        position = getattr(self, self.position_name)
        return {"indeterminate": False, "min": self.min, "max": self.max, self.position_name: position}

    def _flush(self) -> None:
        """Send what is queued, in order, unless another thread is doing so: then it sends this as well.

        So nobody waits for a lock while whoever holds it waits for the event loop.
        """
        while self._queued and self._sender_lock.acquire(blocking=False):
            try:
                while self._queued:
                    context, send = self._queued.popleft()
                    context.run(send)
            finally:
                self._sender_lock.release()

    def _send(self, position: Number, label: str | None, is_done: bool) -> None:
        _told.set(position)
        self.emit_update(label)
        if is_done:
            self.emit_done()

    def _position_to_tell(self) -> Any:
        """That of the tick which is told of, though others may have come since."""
        told = _told.get()
        return getattr(self, self.position_name) if told is None else told

    def _introduction(self) -> Callable[..., Any]:
        """The handler that tells a client where the bar stands; one that may block where an application has its say."""
        if getattr(self.emit_init, "__func__", None) is not Progress.emit_init:
            return self._introduce

        async def introduce(socket: Socket) -> None:
            self._introduce(socket)

        return introduce

    def _introduce(self, socket: Socket) -> None:
        _newcomer.set(socket)
        try:
            self.emit_init()
        finally:
            _newcomer.set(None)

    def _tell(self, event: str, data: dict[str, Any] | None = None, *, supersede: bool = False) -> None:
        socket = _newcomer.get()
        if socket is not None:
            socket.emit(self.event_name(event), data)
        else:
            self._tell_all(event, data, supersede=supersede)

    @abstractmethod
    def event_name(self, event: str) -> str:
        """The name of ``event`` on the wire."""

    @abstractmethod
    def _tell_all(self, event: str, data: dict[str, Any] | None, *, supersede: bool) -> None:
        """Send to every client."""
