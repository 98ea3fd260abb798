"""Worker threads for what may block, each kind of work with its own, so that it delays nobody else's."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Hashable
from contextvars import copy_context
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async

from ..eager import start
from ..forking import after_fork
from .executor import Idle, Threads
from .jobs import Job, Jobs, perform, tell
from .serving_loop import share_loop

Call = Callable[[], Any]

_all: "weakref.WeakSet[Workers]" = weakref.WeakSet()


#: Threads of a WebSocket whose path has parameters: so many of its concrete paths can have a slow handler before the
#: others wait. Each thread has a connection to the database, where its handlers ask for one.
PATHS_AT_A_TIME: Final = 16

#: Seconds for which a thread that has nothing to do waits for the next call of its loop: coming back by way of asgiref
#: costs several times as much as being woken.
LINGERING: Final = 0.02


class Workers:
    """At most ``concurrency`` threads, made when first needed.

    With one thread (the default of a WebSocket) its handlers cannot overlap, by construction. A thread that is at
    work takes one call after the other, as long as some wait or come soon: going through asgiref for each costs more
    than most handlers do.

    :param name: of the threads, for whoever looks at a stack dump.
    :param concurrency: threads; ``None`` for one for each key, as far as :data:`PATHS_AT_A_TIME` allows.
    :param around: calls what it is given, with whatever must happen before and after in the same thread.
    :param idle: asked by each thread while it has nothing to do.
    :param lingering: seconds for which a thread waits for the next call before it has nothing to do.
    """

    def __init__(
        self,
        name: str,
        concurrency: int | None,
        around: Callable[[Call], Any],
        idle: Idle | None = None,
        lingering: float = LINGERING,
    ) -> None:
        self._idle = idle
        self._patience = lingering
        self._name = name
        self._is_by_key = concurrency is None
        self._concurrency = PATHS_AT_A_TIME if concurrency is None else concurrency
        self._around = around
        self.forget()
        after_fork(self.forget)
        _all.add(self)

    def forget(self) -> None:
        """Start without threads, as a forked process must: they stay with its parent."""
        self._lock = threading.Lock()
        self._is_called = threading.Condition(self._lock)
        self._jobs = Jobs()
        self._busy = 0
        self._lingering = self._calls = 0  # threads that wait, and how many of them are called to work
        self._lingering_for: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._threads: Threads | None = None

    def runner(self, key: Hashable) -> Callable[[Call], asyncio.Future[Any]]:
        """:meth:`run` for ``key``, whose calls do not overlap."""
        return partial(self.run, key=key) if self._is_by_key else self.run

    def run(self, call: Call, key: Hashable = None) -> asyncio.Future[Any]:
        """Call in a worker thread, with the caller's context variables; ``async_to_sync`` finds its way back.

        :param key: do not overlap with other calls of the same key.

        Awaiting it raises ``RuntimeError`` where the system has no thread for it.
        """
        loop = asyncio.get_running_loop()
        job = Job(call, copy_context(), loop, loop.create_future(), key)
        with self._lock:
            is_ready = self._jobs.put(job)
            if self._threads is None:
                self._threads = Threads(f"WebSocket {self._name}", self._concurrency, self._idle)
            needs_thread = is_ready and not self._call_one(loop) and self._busy < self._concurrency
            self._busy += needs_thread
        if needs_thread:
            try:
                self._start_thread(loop)
            except RuntimeError as error:
                self._do_without_thread(error)
        return job.outcome

    async def wait(self, call: Call) -> Any:
        """Await :meth:`run`. When that is cancelled, the call is not begun, and what it holds is let go soon."""
        outcome = self.run(call)
        try:
            return await outcome
        finally:
            outcome.cancel()  # which it is already, unless the coroutine was closed
            if outcome.cancelled():
                with self._lock:
                    self._jobs.forget_one_cancelled()

    def overtake(self) -> None:
        """Let what waits pass what is running, which may never end; the process will not wait for that."""
        with self._lock:
            self._concurrency += self._busy
            self._jobs.free_all()
            needed = min(self._busy, len(self._jobs))
            self._busy += needed
            if self._threads is not None:
                self._threads.abandon_threads()
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
        rest = start(sync_to_async(self._do_jobs, thread_sensitive=False, executor=executor)(loop))
        if rest is not None:
            task = asyncio.ensure_future(rest, loop=loop)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _do_without_thread(self, error: RuntimeError) -> None:
        """Leave what waits to the threads that are at work; if there are none, it fails."""
        with self._lock:
            self._busy -= 1
            stranded = [] if self._busy else self._jobs.take_all()
        for job in stranded:
            tell(job, None, error)

    def _call_one(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Have a thread work that lingers for ``loop``; whether there is one."""
        if self._lingering_for is not loop:
            self._is_called.notify_all()  # and not called to work, they make way
            return False
        if not self._lingering:
            return False
        self._lingering -= 1
        self._calls += 1
        self._busy += 1
        self._is_called.notify()
        return True

    def _linger(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Wait for a moment; whether this thread is called to work once more, as which it is counted then."""
        self._busy -= 1
        if self._lingering and self._lingering_for is not loop:
            return False
        self._lingering += 1
        self._lingering_for = loop
        self._is_called.wait(self._patience)
        if self._calls:  # perhaps another thread was woken for it, which then finds none and goes
            self._calls -= 1
            return True
        self._lingering -= 1
        if not self._lingering:
            self._lingering_for = None
        return False

    def _do_jobs(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            with self._lock:
                while (job := self._jobs.take()) is None:
                    if not self._linger(loop):
                        return
            if not job.outcome.cancelled():
                share_loop(job.loop)
                perform(job, self._around)
            if job.key is not None:
                with self._lock:
                    self._jobs.done(job)


def overtake() -> None:
    """:meth:`Workers.overtake`, for all there are."""
    for workers in list(_all):
        workers.overtake()
