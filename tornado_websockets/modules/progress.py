"""How far something is, and what its clients are told of it; both forms of ``ProgressBar`` build on it."""

from __future__ import annotations

import threading
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any

from .. import conf
from ..core.delivery.shard import is_loop_running
from ..core.forking import after_fork
from ..jobs.clerk import clerk
from ..jobs.keeping import Account, Known
from ..jobs.lookout import lookout
from ..jobs.run import Address, Run
from ..people.sharing import is_shared
from ..serving.emitting import emitting_connection
from ..serving.keeping import is_transaction_open

if TYPE_CHECKING:
    from ..core.connections.socket import Socket
    from ..core.delivery.hub import Hub
    from ..serving.endpoint import Endpoint

Number = int | float

#: The client that has just connected, while a bar introduces itself to it, and to nobody else.
_newcomer: ContextVar[Socket | None] = ContextVar("tornado_websockets.newcomer", default=None)

#: What the store says of a bar of another process, while this one introduces that.
_known: ContextVar[Known | None] = ContextVar("tornado_websockets.known", default=None)

#: The position that the tick which is being told of has reached.
_told: ContextVar[Number | None] = ContextVar("tornado_websockets.position", default=None)


class Progress(ABC):
    """A position between ``min`` and ``max``, which clients follow.

    A client gets ``before_init``, ``init``, ``after_init`` when it connects; each :meth:`tick` sends
    ``before_update``, ``update``, ``after_update``, and ``done`` at the end. A client too slow for all updates gets
    the latest, and ``done`` in any case. Any thread may call :meth:`tick`. Subclasses may override :meth:`emit_init`,
    :meth:`emit_update` and :meth:`emit_done`, by which all of that is sent.

    Where processes share a ``STORE``, a newcomer is told where the bar stands in whichever process it was ticked last.

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
        self._start_anew()
        after_fork(self._start_anew)
        self._label: str | None = None
        self._shown: Number | None = min  # the position that clients were told last; none between these bounds

    def _start_anew(self) -> None:
        """Start, as a forked process must again: under a name of its own, and without what other threads hold or send.

        By its parent's name, it would take for its own what the store says of a bar of the parent, or of a sibling.
        """
        self._writer = uuid.uuid4().hex
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
            self._shown = position
            if label is not None:
                self._label = str(label)  # what cannot be told is an error here, and none for newcomers
            self._enqueue(partial(self._send, position, label, self._is_over()))
        self._note()
        self._flush()

    def reset(self) -> None:
        """Back to ``min``; the next :meth:`tick` tells the clients."""
        with self._lock:
            setattr(self, self.position_name, self.min)
            self._label = None

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
        """What ``init`` tells: of this bar, or of that which is introduced in its place."""
        known = _known.get()
        if known is not None:
            return dict(known.data)
        state, lines = {**self._bounds(), **self._more()}, self._lines()
        # Whoever has been here has heard them, unless they are of a run before.
        return {**state, "log": lines} if lines is not None and (not lines or _newcomer.get()) else state

    def _bounds(self) -> dict[str, Any]:
        if self.indeterminate:
            return {"indeterminate": True}
        position = getattr(self, self.position_name)
        return {"indeterminate": False, "min": self.min, "max": self.max, self.position_name: position}

    def _more(self) -> dict[str, Any]:
        """What else there is to tell: the label, where newcomers of all processes are to be told the same."""
        return {"label": self._label} if self._label is not None and is_shared() else {}

    def _lines(self) -> list[str] | None:
        """The last lines of its log; ``None`` without one."""
        return None

    def _is_over(self) -> bool:
        """Whether the next step that is told of is followed by ``done``."""
        return self.is_done()

    def _account(self) -> Account:
        """Where it stands, for the store."""

        def describe() -> dict[str, Any]:
            return {**self._bounds(), **self._more()}

        return Account(self._address(), self._writer, describe, self._lines, time())

    def _note(self) -> None:
        """Have the store told where it stands, where processes share one, before clients are.

        On an event loop, or where it might wait for the caller's own transaction, that is done a little later.
        """
        if is_shared():
            may_wait = not (is_loop_running() or is_held_up())
            with suppress(TypeError, ValueError):  # a label that cannot be told: whoever tells it says so
                clerk.note(self._account(), self._its_run(), wait=may_wait)

    def _its_run(self) -> Run | None:
        """Its run that goes on."""
        return None

    def _enqueue(self, send: Callable[[], None]) -> None:
        self._queued.append((copy_context(), send))

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

            def introduce_and_wait(socket: Socket) -> None:
                address = self._address_at(socket.path)
                self._introduce(socket, lookout.find_and_wait(address) if is_shared() else None)

            return introduce_and_wait

        async def introduce(socket: Socket) -> None:
            address = self._address_at(socket.path)
            self._introduce(socket, await lookout.find(address) if is_shared() else None)

        return introduce

    def _introduce(self, socket: Socket, known: Known | None) -> None:
        """Tell a newcomer where the bar stands.

        :param known: what the store says of it.
        """
        is_here = self._its_run() is not None or (known is not None and known.writer == self._writer)
        self._introduce_by(socket, None if is_here else known)
        if is_shared():
            again = None if is_here else self._introduce_by
            lookout.attend(self._hub(), self._address_at(socket.path), socket, known, again)

    def _introduce_by(self, socket: Socket, known: Known | None) -> None:
        _newcomer.set(socket)
        _known.set(known)
        try:
            self.emit_init()
        finally:
            _newcomer.set(None)
            _known.set(None)

    def _address_at(self, path: str) -> Address:
        """What the store knows it by there, where it is the only one of its path."""
        return Address(path, "")

    def _hub(self) -> Hub:
        kept = self._its_endpoint().kept_hub
        return self._its_endpoint().hub if kept is None else kept.hub

    @abstractmethod
    def _its_endpoint(self) -> Endpoint:
        """That of the WebSocket whose clients it tells."""

    def _address(self) -> Address:
        """Where its clients are: at its WebSocket, or at the concrete path of the handler that is running."""
        endpoint = self._its_endpoint()
        connection = emitting_connection(endpoint)
        if connection is not None and connection.endpoint is endpoint:
            return self._address_at(connection.path)
        return self._address_at(endpoint.pattern.build({}))

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


def is_held_up() -> bool:
    """Whether a transaction is open that the store may have to wait for, since it is in a database too."""
    return str(conf.get("STORE")).partition(":")[0] == "database" and is_transaction_open()
