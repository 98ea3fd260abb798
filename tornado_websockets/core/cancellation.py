"""Cancelled tasks: what they have to finish all the same, and how they differ from handlers that raise."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

#: Seconds that such work still gets once its task is cancelled. Servers that lose patience with a connection cancel
#: more than once, and one that stops may do so at once, or when handlers have had their time.
LAST_SECONDS: Final = 8.0

# The event loop alone would not keep tasks alive.
_tasks: set[asyncio.Task[None]] = set()


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Await ``work``, which goes on for :data:`LAST_SECONDS` when this is cancelled.

    Where the loop ends before ``work`` began, it is done then, within the same time.
    """
    loop = asyncio.get_running_loop()
    has_begun = False

    async def begin() -> None:
        nonlocal has_begun
        has_begun = True
        await work

    task = loop.create_task(begin())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if has_begun or not task.cancelling():
            loop.call_later(LAST_SECONDS, task.cancel)
        else:  # as all tasks are when the loop ends
            with suppress(TimeoutError):
                await asyncio.wait_for(loop.create_task(work), LAST_SECONDS)
        raise


async def cancel_others() -> None:
    """Cancel all other tasks of a loop that is about to end, and wait for them, for a second at most."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=1)


def is_own_cancellation(error: BaseException) -> bool:
    """Whether ``error`` says that the running task is cancelled; a handler may raise ``CancelledError`` by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
