"""Threads for calls that may never return."""

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import Context
from enum import IntEnum
from functools import partial
from itertools import count
from math import inf
from operator import attrgetter
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from ..logger import logger

T = TypeVar("T")

#: Seconds that calls get to return when the process ends.
SECONDS_AT_EXIT: Final = 5.0

#: Seconds between two times that an idle thread lets go what it does not need, at least: what it could not stays due.
LEAST_PAUSE: Final = 1.0


class Idle(Protocol):
    """Says what a thread does that has nothing to do. Called in that thread."""

    def seconds(self) -> float | None:
        """After which :meth:`tidy` is to be called; ``None`` for never."""

    def tidy(self) -> None:
        """Let go what is not needed."""


class Rank(IntEnum):
    """When threads are finished as the process ends: those of a lower rank first, which submit to those of a higher."""

    HANDLERS = 0
    SENDERS = 1
    STORE = 2


# By number, in the order in which they were made.
_all: "weakref.WeakValueDictionary[int, Threads]" = weakref.WeakValueDictionary()
_order = count()


class _Call(NamedTuple):
    future: "Future[Any]"
    function: Callable[[], Any]


class _Crew:
    """Threads, and how many calls are theirs to do: those that wait, and those at work."""

    def __init__(self, calls: int, lock: threading.Lock) -> None:
        self.threads: list[threading.Thread] = []
        self.calls = calls
        self.lock = lock


class Threads(Executor):
    """As many threads as there are calls at a time, up to a limit, kept for the next ones.

    Python's own executor has the process wait for its threads when it ends, for however long.

    :param name: of the threads.
    :param most: threads at a time.
    :param idle: asked by each thread while it has nothing to do.
    :param rank: a higher one where calls that run in other ``Threads`` submit here: then it takes calls for as long as
        those go on.
    :ivar pid: of the process that has made it.
    """

    def __init__(self, name: str, most: int, idle: Idle | None = None, *, rank: Rank = Rank.HANDLERS) -> None:
        self.rank = rank
        self.pid = os.getpid()
        self._name = name
        self._most = most
        self._idle = idle
        self._numbers = count()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._crew = _Crew(0, self._lock)
        self._is_finished = False
        weakref.finalize(self, _let_go, self._calls, self.pid).atexit = False  # then they are finished, in order
        _all[next(_order)] = self

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Call in a thread, and give the result to the future. It cannot be cancelled: what is taken is called.

        :raises RuntimeError: when the system has no more threads, or the process is ending; then nothing is taken.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            crew = self._crew
            if self._is_finished:
                raise RuntimeError(f"The process is ending: no call is taken any more ({self._name})")
            if len(crew.threads) < min(crew.calls + 1, self._most):
                name = f"{self._name}_{next(self._numbers)}"
                thread = threading.Thread(target=_work, args=(self._calls, crew, self._idle), name=name, daemon=True)
                Context().run(thread.start)  # of nobody: it stays when whoever asked for it has gone
                crew.threads.append(thread)
            self._calls.put(_Call(future, partial(function, *args, **kwargs)))
            crew.calls += 1
        return future

    @property
    def is_busy(self) -> bool:
        """Whether some call has not returned yet."""
        return self._crew.calls > 0

    def abandon_threads(self) -> None:
        """Queued and future calls get new threads; the current ones are not joined at exit."""
        with self._lock:
            self._crew = _Crew(self._calls.qsize(), self._lock)

    def finish(self, deadline: float) -> None:
        """Take no more calls, and wait until those of now have returned."""
        with self._lock:
            self._is_finished = True
            self._calls.put(None)
        for thread in self._crew.threads:
            thread.join(max(0.0, deadline - monotonic()))


def _let_go(calls: "SimpleQueue[_Call | None]", pid: int) -> None:
    """Have the threads end that wait for calls, in the process that has them.

    In one that uWSGI forked from it, Python 3.13 would look for a waiting thread where others have their stacks now.
    """
    if pid == os.getpid():
        calls.put(None)


def _work(calls: "SimpleQueue[_Call | None]", crew: _Crew, idle: Idle | None) -> None:
    while (call := _next(calls, idle)) is not None:
        tell = _do(call)
        with crew.lock:
            crew.calls -= 1  # before whoever waits may call again, which shall need no other thread
        tell()
        del call, tell  # they may hold much, and the next one may be far
    calls.put(None)  # for the other threads


def _next(calls: "SimpleQueue[_Call | None]", idle: Idle | None) -> _Call | None:
    least = 0.0
    while idle is not None and (seconds := _unless_it_fails(idle.seconds)) is not None:
        try:
            return calls.get(timeout=max(least, seconds))
        except Empty:
            _unless_it_fails(idle.tidy)
            least = LEAST_PAUSE
    return calls.get()


def _unless_it_fails(function: Callable[[], T]) -> T | None:
    """What it returns. A thread goes on without; it would be missed more than whatever could not be let go."""
    try:
        return function()
    except Exception:
        logger.exception("An idle thread could not tidy up")
        return None


def _do(call: _Call) -> Callable[[], None]:
    """Call, and return what gives the outcome to the future."""
    try:
        result = call.function()
    except BaseException as error:
        return partial(call.future.set_exception, error)
    return partial(call.future.set_result, result)


class _Ending:
    by = inf


def end_by(moment: float) -> None:
    """Wait for no call beyond ``moment``, in seconds of the monotonic clock, when the process ends."""
    _Ending.by = moment


@atexit.register
def _finish() -> None:
    deadline = min(monotonic() + SECONDS_AT_EXIT, _Ending.by)
    made = filter(None, [reference() for reference in _all.valuerefs()])  # a copy: others may be made meanwhile
    for threads in sorted(made, key=attrgetter("rank")):
        if threads.pid == os.getpid():  # else they are its parent's
            threads.finish(deadline)
