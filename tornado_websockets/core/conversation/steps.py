"""A generator, step by step to its end: an async one on the event loop, a plain one in a thread.

A hop between thread and loop costs more than most steps. So a plain generator goes on by itself for a few of them,
while its parts are small and quick and the client takes them, and the loop is told of several at a time.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from ..handlers.signatures import Handler, Run, call_in_thread
from .threads import Lease, LeasedThreads, Tenant

#: Makes a text to send of what a generator has yielded.
Write = Callable[[Any], str]

_END: Final = object()


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far a plain generator may go on before the event loop has seen to what it has sent.

    :ivar parts: at most.
    :ivar characters: of them.
    :ivar seconds: for which one part may wait for the next. A generator that is slower goes a step at a time.
    """

    parts: int = 32
    characters: int = 64 * 1024
    seconds: float = 0.003


#: That of all generators, but for tests.
AHEAD: Final = Ahead()


class Outlet(Protocol):
    """Where the parts go."""

    def send(self, text: str) -> None:
        """Send one, after all that the generator has sent before. On the event loop."""

    def put(self, text: str) -> None:
        """The same, from any thread; it may wait until something else is sent, or until :meth:`flush`."""

    def flush(self) -> None:
        """Send what waits. On the event loop."""

    @property
    def is_open(self) -> bool:
        """Whether another one is wanted now. From any thread."""


class TenantOutlet(Outlet, Tenant, Protocol):
    """One that holds a thread meanwhile."""


class Steps(Protocol):
    """A generator that is at work."""

    async def advance(self, most: int) -> bool:
        """Send its next part, or several, ``most`` at most; whether there may be more. Raises what it raises."""

    async def close(self) -> None:
        """Close it, where it runs, once its current step has returned. Raises what it raises then."""


class AsyncSteps:
    """An async generator, in the task that calls this.

    :param handler: whose parts these are.
    :param run: calls what may block.
    """

    def __init__(
        self, parts: AsyncGenerator[Any, Any], handler: Handler, write: Write, outlet: Outlet, run: Run
    ) -> None:
        self._parts = parts
        self._write = write
        self._outlet = outlet
        self._run = run if handler.dump_may_block else None

    async def advance(self, most: int) -> bool:  # noqa: ARG002 it goes a step at a time, which costs it nothing
        """See :class:`Steps`."""
        value = await anext(self._parts, _END)
        if value is _END:
            return False
        write = partial(self._write, value)
        self._outlet.send(write() if self._run is None else await self._run(partial(call_in_thread, write)))
        return True

    async def close(self) -> None:
        """See :class:`Steps`."""
        await self._parts.aclose()


class ThreadSteps:
    """A plain generator, in one context and in one thread.

    :param run: calls in that thread, one call after the other.
    """

    def __init__(
        self, parts: Generator[Any, Any, Any], write: Write, outlet: Outlet, run: Run, ahead: Ahead = AHEAD
    ) -> None:
        self._parts = parts
        self._write = write
        self._outlet = outlet
        self._run = run
        self._ahead = ahead
        self._context = copy_context()

    async def advance(self, most: int) -> bool:
        """See :class:`Steps`."""
        seconds = self._ahead.seconds
        until = monotonic() + seconds
        alarm = asyncio.get_running_loop().call_later(seconds, self._flush_at, until)
        may_go_on: bool = await self._run(partial(self._context.run, self._advance, most, until))
        alarm.cancel()  # it stays where this is interrupted, and the step goes on
        self._outlet.flush()
        return may_go_on

    async def close(self) -> None:
        """See :class:`Steps`."""
        try:
            await self._run(partial(self._context.run, self._parts.close))
        finally:
            self._outlet.flush()

    def _advance(self, most: int, until: float) -> bool:
        size = 0
        for _ in range(min(most, self._ahead.parts)):
            value = next(self._parts, _END)
            if value is _END:
                return False
            text = call_in_thread(partial(self._write, value))
            self._outlet.put(text)
            size += len(text)
            # Whatever is put before that moment is there when _flush_at comes; nothing may be put behind that.
            if monotonic() >= until or size >= self._ahead.characters or not self._outlet.is_open:
                break
        return True

    def _flush_at(self, moment: float) -> None:
        """Send what waits behind a slow step, once nothing more is put there."""
        rest = moment - monotonic()
        if rest > 0:  # clocks of event loops are coarse
            asyncio.get_running_loop().call_later(rest, self._flush_at, moment)
        else:
            self._outlet.flush()


class LeasedSteps:
    """A plain generator in a thread of its own, which it waits for where there is none.

    :param threads: has them.
    """

    def __init__(
        self, parts: Generator[Any, Any, Any], write: Write, outlet: TenantOutlet, threads: LeasedThreads
    ) -> None:
        self._parts = parts
        self._write = write
        self._outlet = outlet
        self._threads = threads
        self._lease: Lease | None = None
        self._steps: ThreadSteps | None = None

    async def advance(self, most: int) -> bool:
        """See :class:`Steps`."""
        if self._steps is None:
            self._lease = await self._threads.lease(self._outlet)
            self._steps = ThreadSteps(self._parts, self._write, self._outlet, self._lease.run)
        return await self._steps.advance(most)

    async def close(self) -> None:
        """See :class:`Steps`."""
        if self._steps is None or self._lease is None:
            self._parts.close()  # of which nothing has run
            return
        try:
            await self._steps.close()  # which is begun here, and goes on when this is cancelled
        finally:
            self._lease.end()
