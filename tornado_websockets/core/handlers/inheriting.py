"""Plain threads and thread pools take over whose handler has started them, as tasks do by themselves.

Applications of Tornado's days start a ``threading.Thread`` or a ``Timer`` in a handler, or submit to an executor, and
emit from there. The standard library offers no hook for what a thread inherits, so two methods are wrapped; where no
handler is running, nothing but that is found out.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial, wraps
from typing import Any

from .calling import Caller, current

_lock = threading.Lock()
_is_installed = False


def inherit_in_threads() -> None:
    """Have threads and thread pools inherit from now on, in the whole process. Does so once."""
    global _is_installed  # noqa: PLW0603 there is one standard library in a process
    with _lock:
        if not _is_installed:
            threading.Thread.start = _inheriting_start(threading.Thread.start)  # type: ignore[assignment,method-assign]
            ThreadPoolExecutor.submit = _inheriting_submit(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
            _is_installed = True


def _inheriting_start(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def inheriting(thread: threading.Thread) -> None:
        caller = current.get()
        if caller is not None:
            thread.run = partial(_run_for, caller, thread.run)  # type: ignore[method-assign]
        start(thread)

    return inheriting


def _inheriting_submit(submit: Callable[..., "Future[Any]"]) -> Callable[..., "Future[Any]"]:
    @wraps(submit)
    def inheriting(executor: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        # Also where nobody's handler is running: the thread may have been started by somebody's.
        return submit(executor, _run_for, current.get(), function, *args, **kwargs)

    return inheriting


def _run_for(caller: Caller | None, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    token = current.set(caller)
    try:
        return function(*args, **kwargs)
    finally:
        current.reset(token)
