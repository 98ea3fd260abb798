"""Worker threads for what may block, each kind of work with its own, so that it delays nobody else's."""

import asyncio
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async

from .eager import start
from .threads import Threads

Call = Callable[[], Any]

_all: "weakref.WeakSet[Workers]" = weakref.WeakSet()


class _Job(NamedTuple):
    call: Call
    context: Context
    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[Any]


class Workers:
    """At most ``concurrency`` threads, made when first needed.

    With one thread (the default of a WebSocket) its handlers cannot overlap, by construction. A thread that is at
    work takes one call after the other, as long as some wait: going through asgiref for each costs more than most
    handlers do.

    :param name: of the threads, for whoever looks at a stack dump.
    :param around: calls what it is given, with whatever must happen before and after in the same thread.
    """

    def __init__(self, name: str, concurrency: int, around: Callable[[Call], Any]) -> None:
        self._name = name
        self._concurrency = concurrency
        self._around = around
        self.forget()
        _all.add(self)

    def forget(self) -> None:
        """Start without threads, as a forked process must: they stay with its parent."""
        self._lock = threading.Lock()
        self._jobs: deque[_Job] = deque()
        self._busy = self._dropped = 0
        self._tasks: set[asyncio.Future[None]] = set()
        self._threads: Threads | None = None

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Call in a worker thread, with the caller's context variables; ``async_to_sync`` finds its way back.

        Awaiting it raises ``RuntimeError`` where the system has no thread for it.
        """
        loop = asyncio.get_running_loop()
        job = _Job(call, copy_context(), loop, loop.create_future())
        with self._lock:
            self._jobs.append(job)
            if self._threads is None:
                self._threads = Threads(f"WebSocket {self._name}", self._concurrency)
            needs_thread = self._busy < self._concurrency
            self._busy += needs_thread
        if needs_thread:
            try:
                self._start_thread(loop)
            except RuntimeError as error:
                self._do_without_thread(error)
        return job.outcome

    def drop(self, outcome: asyncio.Future[Any]) -> None:
        """Nobody waits for this call any more: it is not begun, and what it holds is let go soon."""
        if not outcome.cancel():
            return
        with self._lock:
            self._dropped += 1
            if 2 * self._dropped >= len(self._jobs):
                self._jobs = deque(job for job in self._jobs if not job.outcome.cancelled())
                self._dropped = 0

    def overtake(self) -> None:
        """Let what waits pass what is running, which may never end; the process will not wait for that."""
        with self._lock:
            self._concurrency += self._busy
            needed = min(self._busy, len(self._jobs))
            self._busy += needed
            if self._threads is not None:
                self._threads.leave()
        for task in list(self._tasks):
            task.cancel()
        for _ in range(needed):
            try:
                self._start_thread(asyncio.get_running_loop())
            except RuntimeError as error:
                self._do_without_thread(error)

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        """By way of asgiref, so that ``async_to_sync`` in a handler finds this loop."""
        executor: Any = self._threads  # any that a loop takes will do
        rest = start(sync_to_async(self._do_jobs, thread_sensitive=False, executor=executor)())
        if rest is not None:
            task = asyncio.ensure_future(rest, loop=loop)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _do_without_thread(self, error: RuntimeError) -> None:
        """Leave what waits to the threads that are at work; if there are none, it fails."""
        with self._lock:
            self._busy -= 1
            stranded = [] if self._busy else list(self._jobs)
            if stranded:
                self._jobs.clear()
        for job in stranded:
            self._tell(job, None, error)

    def _do_jobs(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._busy -= 1
                    return
                job = self._jobs.popleft()
            if not job.outcome.cancelled():
                self._do(job)

    def _do(self, job: _Job) -> None:
        try:
            result = job.context.run(self._around, job.call)
        except (KeyboardInterrupt, GeneratorExit) as error:  # nobody's Ctrl-C, which only the main thread gets
            self._tell(job, None, _translate(error))
        except BaseException as error:  # the handler's, which is raised where it is awaited
            self._tell(job, None, error)
        else:
            self._tell(job, result, None)

    def _tell(self, job: _Job, result: Any, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            job.loop.call_soon_threadsafe(_settle, job.outcome, result, error)


def _translate(error: BaseException) -> RuntimeError:
    """What can be raised where the call is awaited, and end nothing but the call."""
    translation = RuntimeError(f"A function raised {type(error).__name__} in a worker thread.")
    translation.__cause__ = error
    return translation


def _settle(outcome: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if outcome.done():  # whoever waited was cancelled
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)


def overtake() -> None:
    """:meth:`Workers.overtake`, for all there are."""
    for workers in list(_all):
        workers.overtake()


def _forget() -> None:
    for workers in list(_all):
        workers.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
