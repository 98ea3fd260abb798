"""Cancelled tasks: what they have to finish all the same, and how they differ from handlers that raise."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

#: Seconds that such work still gets once its task is cancelled. Servers that lose patience with a connection cancel
#: more than once, and one that stops may do so at once, or when handlers have had their time.
LAST_SECONDS: Final = 8.0

# The event loop alone would not keep tasks alive.
_tasks: set[asyncio.Task[None]] = set()


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Await ``work``, which goes on for :data:`LAST_SECONDS` when this is cancelled."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        loop.call_later(LAST_SECONDS, task.cancel)
        raise


def is_own_cancellation(error: BaseException) -> bool:
    """Whether ``error`` says that the running task is cancelled; a handler may raise ``CancelledError`` by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
