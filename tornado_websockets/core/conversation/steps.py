"""A generator, step by step to its end: an async one on the event loop, a plain one in a thread."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import copy_context
from functools import partial
from typing import Any, Final, Protocol

from ..handlers.signatures import Handler, Run, call_in_thread
from .threads import Lease, LeasedThreads

#: Makes a text to send of what a generator has yielded.
Write = Callable[[Any], str]

_END: Final = object()


class Steps(Protocol):
    """A generator that is at work."""

    async def next(self) -> str | None:
        """The text of its next part; ``None`` when there are no more. Raises what it raises."""

    async def close(self) -> None:
        """Close it, where it runs, once its current step has returned. Raises what it raises then."""


class AsyncSteps:
    """An async generator, in the task that calls this.

    :param handler: whose parts these are.
    :param run: calls what may block.
    """

    def __init__(self, parts: AsyncGenerator[Any, Any], handler: Handler, write: Write, run: Run) -> None:
        self._parts = parts
        self._write = write
        self._run = run if handler.dump_may_block else None

    async def next(self) -> str | None:
        """See :class:`Steps`."""
        value = await anext(self._parts, _END)
        if value is _END:
            return None
        if self._run is None:
            return self._write(value)
        return await self._run(partial(call_in_thread, partial(self._write, value)))  # type: ignore[no-any-return]

    async def close(self) -> None:
        """See :class:`Steps`."""
        await self._parts.aclose()


class ThreadSteps:
    """A plain generator, in one context and in one thread.

    :param run: calls in that thread, one call after the other.
    """

    def __init__(self, parts: Generator[Any, Any, Any], write: Write, run: Run) -> None:
        self._parts = parts
        self._write = write
        self._run = run
        self._context = copy_context()

    async def next(self) -> str | None:
        """See :class:`Steps`."""
        return await self._run(partial(self._context.run, self._step))  # type: ignore[no-any-return]

    async def close(self) -> None:
        """See :class:`Steps`."""
        await self._run(partial(self._context.run, self._parts.close))

    def _step(self) -> str | None:
        value = next(self._parts, _END)
        return None if value is _END else call_in_thread(partial(self._write, value))


class LeasedSteps:
    """A plain generator in a thread of its own, which it waits for where there is none.

    :param threads: has them.
    """

    def __init__(self, parts: Generator[Any, Any, Any], write: Write, threads: LeasedThreads) -> None:
        self._parts = parts
        self._write = write
        self._threads = threads
        self._lease: Lease | None = None
        self._steps: ThreadSteps | None = None

    async def next(self) -> str | None:
        """See :class:`Steps`."""
        if self._steps is None:
            self._lease = await self._threads.lease()
            self._steps = ThreadSteps(self._parts, self._write, self._lease.run)
        return await self._steps.next()

    async def close(self) -> None:
        """See :class:`Steps`."""
        if self._steps is None or self._lease is None:
            self._parts.close()  # of which nothing has run
            return
        try:
            await self._steps.close()  # which is begun here, and goes on when this is cancelled
        finally:
            self._lease.end()
