"""A run of a job: which one it is, whether it shall end, and which ones go on in this process."""

from __future__ import annotations

import os
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from time import time
from typing import Final, NamedTuple

from ..core.forking import after_fork
from ..exceptions import AlreadyRunning, Cancelled

#: Runs that have ended, of which a process remembers that they were its own.
MOST_ENDED: Final = 1_000


class Address(NamedTuple):
    """Which bar something is about.

    :ivar path: the concrete path of its WebSocket.
    :ivar name: of the bar; empty where it is the only one there.
    """

    path: str
    name: str

    @property
    def topic(self) -> str:
        """Under which the store keeps where it stands; no path is called so, and none has a line break."""
        return f"bar {self.path}\n{self.name}"


class Told(NamedTuple):
    """What the store was told, as it has numbered that.

    :ivar sender: under whose name; another one after the store was emptied.
    :ivar number: in order.
    """

    sender: str
    number: int

    def is_in(self, position: Mapping[str, int]) -> bool:
        """Whether a store that stands there has been told so."""
        return position.get(self.sender, 0) >= self.number


class Run:
    """One time that a job is done, from its beginning to its end.

    :param is_cancellable: whether anybody may have it end before.

    :ivar id: by which pages and other processes know it.
    :ivar is_cancelled: whether somebody wants it to end.
    :ivar has_raised: whether the job has been told so.
    :ivar show_at: when a loop tells next how far it is; 0 where it shall look at once.
    :ivar renewed: when the store was told last that it is alive, and ``heard_of`` when the store or clients were; in
        seconds since the epoch.
    :ivar is_abandoned: whether it was given up before it began.
    :ivar told: how the store was told last that it is alive; ``None`` where it was not yet.
    :ivar thread: that has begun it.
    :ivar is_over: set when the store knows that it has ended, or has not taken that at once.
    """

    def __init__(self, address: Address, *, is_cancellable: bool) -> None:
        self.id = uuid.uuid4().hex
        self.address = address
        self.is_cancellable = is_cancellable
        self.is_cancelled = False
        self.has_raised = False
        self.show_at = 0.0
        self.renewed = self.heard_of = time()
        self.is_abandoned = False
        self.told: Told | None = None
        self.is_over = threading.Event()
        self.thread = threading.current_thread()
        self._process = os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether this process was forked in the middle of it: the run is the parent's, which goes on."""
        return self._process != os.getpid()

    def cancel(self) -> None:
        """Have it end at its next step. From any thread."""
        self.is_cancelled = True
        self.show_at = 0.0

    def check(self) -> None:
        """Raise ``Cancelled`` if it shall end, each time."""
        if self.is_cancelled:
            self.has_raised = True
            raise Cancelled(self.address.name, self.id)


class Runs:
    """The runs of this process."""

    def __init__(self) -> None:
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without any, as a forked process must: they are its parent's."""
        self._lock = threading.Lock()
        self._alive: dict[Address, Run] = {}
        self._ended: deque[str] = deque(maxlen=MOST_ENDED)

    def begin(self, run: Run) -> None:
        """Add a run; raises ``AlreadyRunning`` where its job is being done."""
        with self._lock:
            if run.address in self._alive:
                raise AlreadyRunning(run.address.name, run.address.path)
            self._alive[run.address] = run

    def end(self, run: Run) -> None:
        """It has ended."""
        with self._lock:
            if self._alive.get(run.address) is run:
                del self._alive[run.address]
            self._ended.append(run.id)

    def cancel(self, id_: str, address: Address) -> bool:
        """End the run of this id, and no other; whether it is, or was, one of this process."""
        with self._lock:
            alive = {run.id: run for run in self._alive.values()}
            run = alive.get(id_)
            if run is not None and run.address == address:
                run.cancel()
            return run is not None or id_ in self._ended


#: Those of this process.
runs = Runs()
