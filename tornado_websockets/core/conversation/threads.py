"""Threads for plain generators: each has one for itself from its first step to its last.

A generator keeps its thread while its client's line takes nothing. So slow clients could keep all of them from others:
those whose lines have been waited for longest give theirs up where a client waits that has none, which goes first.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextvars import copy_context
from math import inf
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, Protocol
from weakref import WeakSet

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

#: Seconds for which a client's line may be waited for in all while others wait for the thread, or one of its threads.
PATIENCE: Final = 5.0
PATIENCE_WITH_MANY: Final = 0.5

#: Seconds between two looks at who might give a thread up, while somebody waits for one.
LOOK: Final = 0.1

#: Seconds within which one who was told to give way is expected to do so: then no other is told for the same client.
SECONDS_TO_GO: Final = 1.0

#: The time at which something has not happened.
NEVER: Final = -inf


class Tenant(Protocol):
    """Who leases a thread."""

    @property
    def owner(self) -> Hashable:
        """The client that it works for, which may have several threads."""

    @property
    def stalled(self) -> float:
        """Seconds for which it has waited, so far, for the client's line; zero while it ends. From any thread."""

    def give_way(self) -> None:
        """End soon, since others wait for its thread. From any thread."""


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
    :param patience: see :data:`SECONDS_TO_GO`.
    """

    def __init__(self, most: int = MOST_THREADS, patience: float = SECONDS_TO_GO) -> None:
        self._most = most
        self._patience = patience
        self._around: Callable[[Call], Any] = _call
        self._idle: Idle | None = None
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without threads, as a forked process must."""
        self._lock = threading.Lock()
        self._tenants: dict[Tenant, float] = {}  # when they were told to give way
        self._waiting: dict[Future[None], Tenant] = {}
        self._looking: WeakSet[asyncio.AbstractEventLoop] = WeakSet()  # event loops that look who might give way
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
        return not self._tenants and not self._waiting

    async def lease(self, tenant: Tenant) -> Lease:
        """A thread for ``tenant``, who must :meth:`Lease.end` it, when it is its turn.

        Raises ``RuntimeError`` where the system has no thread.
        """
        await self._turn(tenant)
        lease = Lease(asyncio.get_running_loop())
        try:
            if self._threads is None:
                self._threads = Threads("WebSocket stream", self._most, self._idle)
            executor: Any = self._threads  # any that a loop takes will do
            # By way of asgiref, so that ``async_to_sync`` in a generator finds this loop.
            rest = start(sync_to_async(self._serve, thread_sensitive=False, executor=executor)(lease, tenant))
        except BaseException:
            self._pass_on(tenant)
            raise
        if rest is not None:
            keep(asyncio.ensure_future(rest))
        return lease

    def abandon_threads(self) -> None:
        """Let the process end without those that are at work, whose steps may never return."""
        if self._threads is not None:
            self._threads.abandon_threads()

    def _serve(self, lease: Lease, tenant: Tenant) -> None:
        try:
            self._around(lease.work)
        finally:
            self._pass_on(tenant)

    async def _turn(self, tenant: Tenant) -> None:
        """Return when a thread is the tenant's."""
        with self._lock:
            if len(self._tenants) < self._most:
                self._tenants[tenant] = NEVER
                return
            turn: Future[None] = Future()
            self._waiting[turn] = tenant
        loop = asyncio.get_running_loop()
        if loop not in self._looking:
            self._looking.add(loop)
            loop.call_later(LOOK, self._look, loop)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            with self._lock:
                self._waiting.pop(turn, None)
            if not turn.cancel():  # it has just become the tenant's
                self._pass_on(tenant)
            raise

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make room now and then, as long as anybody waits. All who wait share this: there may be thousands."""
        if not self._waiting:
            self._looking.discard(loop)
            return
        loop.call_later(LOOK, self._look, loop)
        self._make_room()

    def _make_room(self) -> None:
        """Have one give way for each client that waits and has no thread yet: the slowest of those who are too slow."""
        now = monotonic()
        with self._lock:
            without = {tenant.owner for tenant in self._waiting.values()} - {tenant.owner for tenant in self._tenants}
            giving_way = sum(told > now - self._patience for told in self._tenants.values())
            tenants = [tenant for tenant, told in self._tenants.items() if told == NEVER]
        held = Counter(tenant.owner for tenant in tenants)

        def overdue(tenant: Tenant) -> float:
            return tenant.stalled / (PATIENCE if held[tenant.owner] == 1 else PATIENCE_WITH_MANY)

        for _ in range(min(len(without) - giving_way, len(tenants))):
            slowest = max(tenants, key=overdue)
            if overdue(slowest) <= 1:
                return
            tenants.remove(slowest)
            held[slowest.owner] -= 1  # whose last one has more patience
            with self._lock:
                if slowest in self._tenants:  # else its thread has come back meanwhile
                    self._tenants[slowest] = now
            slowest.give_way()

    def _pass_on(self, tenant: Tenant) -> None:
        """Let the next one have the thread of ``tenant``. From any thread."""
        with self._lock:
            self._tenants.pop(tenant, None)  # it may have been forgotten with all
            if not self._waiting:
                return
            held = {tenant.owner for tenant in self._tenants}
            without = (turn for turn, waiting in self._waiting.items() if waiting.owner not in held)
            turn = next(without, None) or next(iter(self._waiting))
            following = self._waiting.pop(turn)
            self._tenants[following] = NEVER
            is_wanted = turn.set_running_or_notify_cancel()
        if is_wanted:
            turn.set_result(None)
        else:
            self._pass_on(following)


def _call(call: Call) -> Any:
    return call()


#: Those of this process.
threads = LeasedThreads()
