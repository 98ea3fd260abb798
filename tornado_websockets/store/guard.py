"""A store, asked in threads, for a limited time, and not at all while it hangs: trouble with it costs recovery only."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

from ..core.breaker import Breaker, BreakerTiming
from ..core.complaints import Outage
from ..core.forking import ForkGuard
from ..core.handlers.executor import Idle, Rank, Threads
from ..core.handlers.greenlets import greenlets_here, new_lock
from ..core.recovery.record import Event, Retention
from ..core.recovery.store import Store
from ..exceptions import StoreError

T = TypeVar("T")

#: Methods of a store that only look: strangers have them called, each time that one says hello.
READS: Final = frozenset({"lasts", "read", "retained"})

#: What the log says of the one and of the other.
CANNOT_READ: Final = "The store fails: nothing can be recovered from it"
CANNOT_WRITE: Final = "The store fails: nothing is kept in it"


@dataclass(frozen=True, slots=True)
class GuardTiming:
    """How long a store is waited for, in seconds.

    :ivar call_timeout: for one call.
    :ivar threads: that may wait for it at a time, as many for those who read and for those who write; no more calls are
        lost in a store that hangs.
    :ivar breaker: when it counts as hanging, for each of the two.
    """

    call_timeout: float = 2.0
    threads: int = 4
    breaker: BreakerTiming = field(default_factory=BreakerTiming)


class _Lane:
    """Calls that share threads, and are made or not, whatever becomes of others.

    :ivar probe_at: when it may be found out next whether the store answers, while it hangs.
    """

    def __init__(
        self, name: str, trouble: str, timing: GuardTiming, idle: Idle | None, clock: Callable[[], float]
    ) -> None:
        self.threads = Threads(name, timing.threads, idle, rank=Rank.STORE)
        self.outage = Outage(trouble, clock)
        self.breaker = Breaker(timing.breaker)
        self.probe_at = 0.0


class Guard:
    """Asks a store. Who writes waits for nobody who reads, however many there are, and is not refused for their sake.

    :param store: to be asked.
    :param idle: asked by each thread that has nothing to do.
    :param clock: gives seconds, and never goes back.
    :param retention: how long, and how much, the store keeps.
    :param begin_anew: gives a topic another record, and ``retain`` keeps the newest value of an event that is heard;
        only of a store that other processes do not see.
    """

    def __init__(
        self,
        store: Store,
        idle: Idle | None = None,
        timing: GuardTiming = GuardTiming(),
        clock: Callable[[], float] = monotonic,
        *,
        retention: Retention = Retention(),  # noqa: B008 it is frozen
        begin_anew: Callable[[str], None] | None = None,
        retain: Callable[[str, str, Event], None] | None = None,
    ) -> None:
        self.store = store
        self.retention = retention
        self.begin_anew = begin_anew
        self.retain = retain
        self._idle = idle
        self._timing = timing
        self._clock = clock
        self._greenlets = greenlets_here()
        self.forget()
        self._fork = ForkGuard(self.forget)

    def forget(self) -> None:
        """Start anew, as a forked process must: threads stay with its parent."""
        self._lock = new_lock()
        means = self._timing, self._idle, self._clock
        self._reading = _Lane("WebSocket store, reading", CANNOT_READ, *means)
        self._writing = _Lane("WebSocket store", CANNOT_WRITE, *means)

    @property
    def is_closed(self) -> bool:
        """Whether the store is told whatever it is to keep; else only now and then, to find out how it is."""
        return self._writing.breaker.is_closed

    async def ask(self, method: Callable[..., T], *arguments: Any) -> T:
        """Call ``method`` of the store; for async code.

        :raises StoreError: it fails, takes too long, or was not called because others did.
        """
        if not self.store.waits:
            return self._attempt(method, arguments)
        started, name = self._begin(method)
        submit = partial(self._submit, method, arguments, started)
        future = asyncio.wrap_future(submit()) if self._greenlets is None else self._greenlets.submit(submit)
        future.add_done_callback(_ignore)  # it may be cancelled here, or come too late
        try:
            async with asyncio.timeout(self._timing.call_timeout):
                return await asyncio.shield(future)
        except TimeoutError as error:
            if not future.done():  # the error is not the store's own, which is noted already
                self._note(error, started, method, arguments)
            raise StoreError(name) from error
        except Exception as error:
            raise StoreError(name) from error

    def ask_and_wait(self, method: Callable[..., T], *arguments: Any) -> T:
        """Call ``method`` of the store; for sync code. Raises as :meth:`ask`."""
        if not self.store.waits:
            return self._attempt(method, arguments)
        started, name = self._begin(method)
        future = self._submit(method, arguments, started)
        try:
            return future.result(self._timing.call_timeout)
        except TimeoutError as error:
            if not future.done():
                self._note(error, started, method, arguments)
            raise StoreError(name) from error
        except Exception as error:
            raise StoreError(name) from error

    def _begin(self, method: Callable[..., Any]) -> tuple[float, str]:
        self._fork.check()
        now, name, lane = self._clock(), method.__name__, self._lane(method)
        with self._lock:
            if not lane.breaker.is_closed:
                if now < lane.probe_at:
                    raise StoreError(name, "it has hung a moment ago") from lane.breaker.error
                lane.breaker.begin_probe()
                lane.probe_at = now + self._timing.breaker.probe_timeout
        return now, name

    def _lane(self, method: Callable[..., Any]) -> _Lane:
        return self._reading if method.__name__ in READS else self._writing

    def _submit(self, method: Callable[..., T], arguments: tuple[Any, ...], started: float) -> "Future[T]":
        try:
            return self._lane(method).threads.submit(partial(self._call, method, arguments, started))
        except RuntimeError as error:  # the system has no more threads, or the process is ending
            raise StoreError(method.__name__, str(error)) from error

    def _attempt(self, method: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        started, name = self._begin(method)
        try:
            return self._call(method, arguments, started)
        except Exception as error:
            raise StoreError(name) from error

    def _call(self, method: Callable[..., T], arguments: tuple[Any, ...], started: float) -> T:
        if self._clock() > started + self._timing.call_timeout:
            raise TimeoutError("no thread was free to ask it")
        try:
            result = method(*arguments)
        except Exception as error:
            self._note(error, started, method, arguments)
            raise
        lane = self._lane(method)
        with self._lock:
            lane.breaker.record_success()
        lane.outage.worked()
        return result

    def _note(
        self, error: BaseException, started: float, method: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        lane = self._lane(method)
        with self._lock:
            now = self._clock()
            lane.breaker.record_failure(error, now - started)
            if not lane.breaker.is_closed:
                lane.probe_at = now + self._timing.breaker.probe_interval
        lane.outage.failed(error, f" ({method.__name__} of {arguments[0]!r:.64})")


def _ignore(future: "asyncio.Future[Any]") -> None:
    """Have asyncio not log an error that nobody waits for any more: it is logged here."""
    if not future.cancelled():
        future.exception()
