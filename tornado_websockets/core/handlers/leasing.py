"""In which threads the sync code runs that async handlers await: a thread for each of them, not one for all.

asgiref has one thread for all such code of a process, Django's async ORM included, so that one slow query makes every
other one wait. It looks up another executor by a context variable; here is one that gives each task a thread for as
long as it may come back to it, and to nobody else before all that it was given is done. A call goes on where whoever
awaited it was cancelled.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from ..forking import after_fork
from .executor import Idle, Threads

T = TypeVar("T")

#: Threads of tasks at a time, those that still do what an ended task has left them included: each may have connections
#: to databases. The tasks above share asgiref's. They do not wait for one: who has one may itself be waiting for them.
MOST_LEASED: Final = 16


class _Tenancy:
    """Lets a thread be idle only while it is nobody's: between two calls of a task a cursor may be open."""

    def __init__(self, idle: Idle | None) -> None:
        self._idle = idle
        self.is_leased = False

    def seconds(self) -> float | None:
        return None if self._idle is None or self.is_leased else self._idle.seconds()

    def tidy(self) -> None:
        if self._idle is not None and not self.is_leased:
            self._idle.tidy()


class _Thread(Threads):
    """One thread that can be leased."""

    def __init__(self, name: str, idle: Idle | None) -> None:
        self.tenancy = _Tenancy(idle)
        super().__init__(name, 1, self.tenancy)


class Leases(Executor):
    """Threads, each leased to one task.

    A lease ends with :meth:`release`, which ends those of handlers, or with the task. Its thread can be leased again
    once it has done what it was given: of a task that was cancelled, a call may go on for long.

    :param most: threads.
    :ivar leased: those of now; while there are none, :meth:`release` need not be called.
    """

    def __init__(self, most: int = MOST_LEASED) -> None:
        self._most = most
        self._before: Callable[[], object] = _do_nothing
        self._before_shared: Callable[[], object] | None = None
        self._after: Callable[[], object] = _do_nothing
        self._idle: Idle | None = None
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without threads, as a forked process must."""
        self.leased: dict[asyncio.Task[Any], _Thread] = {}
        self._free: list[_Thread] = []  # the one that was used last is the last
        self._made = 0
        self._lock = threading.Lock()  # tasks of several event loops may lease

    def look_after(
        self,
        before: Callable[[], object],
        after: Callable[[], object],
        before_shared: Callable[[], object],
        idle: Idle,
    ) -> None:
        """Have these called in its thread.

        :param before: at the begin of each lease.
        :param after: at its end, when the thread has done all that it was given.
        :param before_shared: before each call in the thread that asgiref shares: there, others may be in the middle of
            something.
        :param idle: asked while the thread is nobody's.
        """
        self._before, self._after, self._before_shared, self._idle = before, after, before_shared, idle

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Call in the thread that is leased to the running task. On the thread of an event loop."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        thread = None if task is None else self.leased.get(task) or self._lease(task)
        if thread is not None:
            return thread.submit(function, *args, **kwargs)
        if self._before_shared is not None:
            SyncToAsync.single_thread_executor.submit(self._before_shared)
        return SyncToAsync.single_thread_executor.submit(function, *args, **kwargs)

    def release(self) -> None:
        """End the lease of the running task, if it has one."""
        task = asyncio.current_task() if self.leased else None
        if task is not None and task in self.leased:
            task.remove_done_callback(self._end)
            self._end(task)

    def _lease(self, task: "asyncio.Task[Any]") -> _Thread | None:
        with self._lock:
            if self._free:
                thread = self._free.pop()
            elif self._made < self._most:
                self._made += 1
                thread = _Thread(f"WebSocket async {self._made}", self._idle)
            else:
                return None
        thread.tenancy.is_leased = True
        try:
            thread.submit(self._before)
        except RuntimeError:  # the system has no more threads, but may have one later
            self._free.append(thread)
            return None
        self.leased[task] = thread
        task.add_done_callback(self._end)
        return thread

    def _end(self, task: "asyncio.Task[Any]") -> None:
        thread = self.leased.pop(task, None)
        if thread is None:
            return
        with suppress(RuntimeError):  # the process is ending, and nobody leases it any more
            if thread.is_busy:  # with what nobody awaits any more, for how long nobody knows
                thread.submit(self._give_back, thread, self._free)
            else:
                thread.tenancy.is_leased = False
                thread.submit(self._after)
                self._free.append(thread)

    def _give_back(self, thread: _Thread, free: list[_Thread]) -> None:
        """Called in the thread, after all that its task has left it to do."""
        try:
            self._after()
        finally:
            thread.tenancy.is_leased = False
            free.append(thread)


def _do_nothing() -> None:
    """What is done around leases where nobody looks after them."""


#: Those of this process.
leases = Leases()

_context = ThreadSensitiveContext()
SyncToAsync.context_to_thread_executor[_context] = leases


#: Called without arguments, has :data:`leases` used by what the running task, and those that it starts, await from
#: now on.
lease_threads: Final = partial(SyncToAsync.thread_sensitive_context.set, _context)
