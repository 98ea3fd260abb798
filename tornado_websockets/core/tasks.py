"""Tasks: kept alive, and cancelled: what they finish all the same, and how that differs from a handler that raises."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

#: Seconds that such work still gets once its task is cancelled. Servers that lose patience with a connection cancel
#: more than once, and one that stops may do so at once, or when handlers have had their time.
LAST_SECONDS: Final = 8.0

F = TypeVar("F", bound="asyncio.Future[Any]")

_kept: "set[asyncio.Future[Any]]" = set()


def keep(work: F) -> F:
    """Keep a task, or what waits for one, until it is done: the event loop alone would not."""
    _kept.add(work)
    work.add_done_callback(_kept.discard)
    return work


def settle(outcome: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    """Tell who awaits ``outcome`` what became of a call in a thread; on the loop."""
    if outcome.done():  # whoever waited was cancelled
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)


async def finish(work: Coroutine[Any, Any, None], seconds: float = LAST_SECONDS) -> None:
    """Await ``work``, which goes on for ``seconds`` when this is cancelled.

    Where the loop ends before ``work`` began, it is done then, within the same time.
    """
    loop = asyncio.get_running_loop()
    has_begun = False

    async def begin() -> None:
        nonlocal has_begun
        has_begun = True
        await work

    task = keep(loop.create_task(begin()))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if has_begun or not task.cancelling():
            loop.call_later(seconds, task.cancel)
        else:  # as all tasks are when the loop ends
            with suppress(TimeoutError):
                await asyncio.wait_for(loop.create_task(work), seconds)
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
