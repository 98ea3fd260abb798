"""Threads for calls that may never return."""

import atexit
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from itertools import count
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

T = TypeVar("T")

#: Seconds that calls get to return when the process ends.
PATIENCE: Final = 5.0

_all: "weakref.WeakSet[Threads]" = weakref.WeakSet()


class _Call(NamedTuple):
    future: "Future[Any]"
    function: Callable[[], Any]


class Threads(Executor):
    """As many threads as there are calls at a time, up to a limit, kept for the next ones.

    Python's own executor has the process wait for its threads when it ends, for however long.

    :param name: of the threads.
    :param most: threads at a time.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._numbers = count()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        weakref.finalize(self, self._calls.put, None)
        _all.add(self)

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Call in a thread, and give the result to the future."""
        future: Future[T] = Future()
        self._calls.put(_Call(future, partial(function, *args, **kwargs)))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
            name = f"{self._name}_{next(self._numbers)}"
            thread = threading.Thread(target=_work, args=(self._calls, self._idle), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def leave(self) -> None:
        """Count the calls of now no more, nor wait for them when the process ends."""
        self._threads.clear()

    def finish(self, deadline: float) -> None:
        """Take no more calls, and wait until those of now have returned."""
        self._calls.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))


def _work(calls: "SimpleQueue[_Call | None]", idle: threading.Semaphore) -> None:
    while (call := calls.get()) is not None:
        _do(call)
        del call  # it may hold much, and the next one may be far
        idle.release()
    calls.put(None)  # for the other threads


def _do(call: _Call) -> None:
    if call.future.set_running_or_notify_cancel():
        try:
            result = call.function()
        except BaseException as error:
            call.future.set_exception(error)
        else:
            call.future.set_result(result)


@atexit.register
def _finish() -> None:
    deadline = monotonic() + PATIENCE
    for threads in list(_all):
        threads.finish(deadline)
