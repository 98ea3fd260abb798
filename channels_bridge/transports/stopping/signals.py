"""The signals that stop a server, taken from it for a while."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from tornado_websockets.core.stopping import stopping

#: Those that ask a server to stop.
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def owner_of_signals() -> Any:
    """Whose method handles SIGTERM, or did before we took it: uvicorn's server, Twisted's reactor; else ``None``."""
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner.owner if isinstance(owner, TakenSignals) else owner


class TakenSignals:
    """SIGTERM and SIGINT, taken from the server that handles them.

    :param loop: which the server runs.
    :param on_first: called on the loop when the first one comes.
    :param on_more: called on the loop when another one comes.
    :ivar owner: the server; ``None`` before they are taken.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_first: Callable[[], object], on_more: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._on_first = on_first
        self._on_more = on_more
        self._pid = os.getpid()
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._first: int | None = None
        self.owner: Any = None
        self._are_ours = False

    def take(self) -> None:
        """Take them from now on. Only the main thread may; a server that is run by another one gets no signals."""
        owner = owner_of_signals()
        if threading.current_thread() is not threading.main_thread() or owner is None:
            return
        self.owner, self._are_ours = owner, True
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and getattr(handler, "__self__", None) is owner:
                self._handlers[number] = handler
                signal.signal(number, self._on_signal)

    def hand_on(self) -> None:
        """Give the server its signals back, and the first one that came. More than once is once."""
        self._are_ours = False
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, handler)
        first, self._first = self._first, None
        if first is not None:
            self._handlers[first](first, None)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Called between any two instructions of the main thread: nothing here waits, or takes a lock."""
        # In a process that a handler has forked, or when the loop has ended, nobody is there to be told.
        if not self._are_ours or os.getpid() != self._pid or not self._loop.is_running():
            self._handlers[number](number, frame)
            return
        stopping.begin()
        call = self._on_first if self._first is None else self._on_more
        self._first = self._first or number
        self._loop.call_soon_threadsafe(call)
