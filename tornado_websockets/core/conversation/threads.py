"""Threads for plain generators: each has one for itself from its first step to its last."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Final

from asgiref.sync import sync_to_async

from ..eager import start
from ..forking import after_fork
from ..handlers.executor import Idle, Threads
from ..handlers.jobs import Job, perform
from ..handlers.serving_loop import share_loop
from ..tasks import keep

Call = Callable[[], Any]

#: Plain generators that run at a time in a process; more wait for one to end.
MOST_THREADS: Final = 32


class Lease:
    """One thread, for whoever has leased it, until :meth:`end`.

    :param loop: where the outcomes of its calls are told.
    """

    __slots__ = ("_calls", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: SimpleQueue[Job | None] = SimpleQueue()

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Call in the thread, after all that it was given before, whether or not somebody still awaits it."""
        job = Job(call, copy_context(), self._loop, self._loop.create_future())
        self._calls.put(job)
        return job.outcome

    def end(self) -> None:
        """Give the thread back once it has done what it was given."""
        self._calls.put(None)

    def work(self) -> None:
        """Do what is given, in the thread."""
        share_loop(self._loop)
        while (job := self._calls.get()) is not None:
            perform(job, _call)


class LeasedThreads:
    """At most so many threads, each leased to one at a time; who comes when all are, waits for one.

    :param most: threads.
    """

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._around: Callable[[Call], Any] = _call
        self._idle: Idle | None = None
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without threads, as a forked process must."""
        self._lock = threading.Lock()
        self._leased = 0
        self._waiting: dict[Future[None], None] = {}
        self._threads: Threads | None = None

    def look_after(self, around: Callable[[Call], Any], idle: Idle) -> None:
        """Have these called in each thread.

        :param around: calls what it is given, with what must happen at the begin and the end of a lease.
        :param idle: asked while the thread is leased to nobody.
        """
        self._around, self._idle = around, idle

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a thread, and nobody waits for one."""
        return not self._leased and not self._waiting

    async def lease(self) -> Lease:
        """A thread for the caller, who must :meth:`Lease.end` it, when it is the caller's turn.

        Raises ``RuntimeError`` where the system has no thread.
        """
        await self._turn()
        lease = Lease(asyncio.get_running_loop())
        try:
            if self._threads is None:
                self._threads = Threads("WebSocket stream", self._most, self._idle)
            executor: Any = self._threads  # any that a loop takes will do
            # By way of asgiref, so that ``async_to_sync`` in a generator finds this loop.
            rest = start(sync_to_async(self._serve, thread_sensitive=False, executor=executor)(lease))
        except BaseException:
            self._pass_on()
            raise
        if rest is not None:
            keep(asyncio.ensure_future(rest))
        return lease

    def abandon_threads(self) -> None:
        """Let the process end without those that are at work, whose steps may never return."""
        if self._threads is not None:
            self._threads.abandon_threads()

    def _serve(self, lease: Lease) -> None:
        try:
            self._around(lease.work)
        finally:
            self._pass_on()

    async def _turn(self) -> None:
        """Return when a thread is the caller's."""
        with self._lock:
            if self._leased < self._most:
                self._leased += 1
                return
            turn: Future[None] = Future()
            self._waiting[turn] = None
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            with self._lock:
                self._waiting.pop(turn, None)
            if not turn.cancel():  # it has just become the caller's
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let the next one have a thread. From any thread."""
        with self._lock:
            turn = next(iter(self._waiting), None)
            if turn is None:
                self._leased -= 1
                return
            del self._waiting[turn]
            is_wanted = turn.set_running_or_notify_cancel()
        if is_wanted:
            turn.set_result(None)
        else:
            self._pass_on()


def _call(call: Call) -> Any:
    return call()


#: Those of this process.
threads = LeasedThreads()
