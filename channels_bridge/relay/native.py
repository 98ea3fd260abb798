"""An event loop and its thread as the operating system has them, also where gevent has put greenlets in their place.

A loop in a greenlet runs in the thread of everybody else: whoever asks there whether a loop is running, as Django's ORM
does, is told that it is.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from tornado_websockets.core.handlers.greenlets import monkey, original
from tornado_websockets.core.tasks import settle


class Thread:
    """A daemon thread that can be waited for.

    :raises RuntimeError: the system has no thread for it.
    """

    def __init__(self, call: Callable[[], object], name: str) -> None:
        self._call = call
        if monkey() is None:
            self._thread: threading.Thread | None = threading.Thread(target=call, name=name, daemon=True)
            self._thread.start()
        else:
            self._thread = None
            self._running = original("_thread", "allocate_lock")()
            self._running.acquire()
            original("_thread", "start_new_thread")(self._run, ())

    def join(self) -> None:
        """Return when it has ended."""
        if self._thread is not None:
            self._thread.join()
        else:
            with self._running:
                pass

    def _run(self) -> None:
        try:
            self._call()
        finally:
            self._running.release()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """One that waits for the kernel and not for greenlets."""
    return asyncio.new_event_loop() if monkey() is None else _Loop(original("selectors", "DefaultSelector")())


class _Loop(asyncio.SelectorEventLoop):
    """Has threads of its own for what would block it: those of the default executor are greenlets without a turn."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        outcome = self.create_future()

        def call() -> None:
            try:
                result, error = func(*args), None
            except Exception as raised:
                result, error = None, raised
            self.call_soon_threadsafe(settle, outcome, result, error)

        original("_thread", "start_new_thread")(call, ())
        return outcome

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        look_up = original("socket", "getaddrinfo")
        return await self.run_in_executor(None, lambda: look_up(host, port, **options))
