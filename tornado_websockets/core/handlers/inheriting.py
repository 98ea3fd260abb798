"""Plain threads and thread pools take over whose handler has started them, as tasks do by themselves.

Applications of Tornado's days start a ``threading.Thread`` or a ``Timer`` in a handler, or submit to an executor, and
emit or set timers there. The standard library offers no hook for what a thread inherits, nor for the event loop that
``asyncio.run()`` leaves to it, so three methods are wrapped; where no handler is running, nothing but that is found
out.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial, wraps
from typing import Any

from .calling import Caller, current
from .serving_loop import loop_here, share_again, sharing

_lock = threading.Lock()
_is_installed = False


def inherit_in_threads() -> None:
    """Have threads and thread pools inherit from now on, in the whole process. Does so once."""
    global _is_installed  # noqa: PLW0603 there is one standard library in a process
    with _lock:
        if not _is_installed:
            threading.Thread.start = _inheriting_start(threading.Thread.start)  # type: ignore[assignment,method-assign]
            ThreadPoolExecutor.submit = _inheriting_submit(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
            asyncio.Runner.close = _sharing_close(asyncio.Runner.close)  # type: ignore[assignment,method-assign]
            _is_installed = True


def _inheriting_start(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def inheriting(thread: threading.Thread) -> None:
        caller = current.get()
        if caller is not None:
            thread.run = partial(_run_for, caller, loop_here(), thread.run)  # type: ignore[method-assign]
        start(thread)

    return inheriting


def _inheriting_submit(submit: Callable[..., "Future[Any]"]) -> Callable[..., "Future[Any]"]:
    @wraps(submit)
    def inheriting(executor: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        caller = current.get()
        if caller is None:
            return submit(executor, function, *args, **kwargs)
        token = current.set(None)  # the thread that is started for it, if one is, stays for others
        try:
            return submit(executor, _run_for, caller, loop_here(), function, *args, **kwargs)
        finally:
            current.reset(token)

    return inheriting


def _sharing_close(close: Callable[[asyncio.Runner], None]) -> Callable[[asyncio.Runner], None]:
    @wraps(close)
    def sharing_close(runner: asyncio.Runner) -> None:
        try:
            close(runner)
        finally:
            share_again()

    return sharing_close


def _run_for(
    caller: Caller,
    loop: asyncio.AbstractEventLoop | None,
    function: Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    token = current.set(caller)
    try:
        with sharing(loop):
            return function(*args, **kwargs)
    finally:
        current.reset(token)
