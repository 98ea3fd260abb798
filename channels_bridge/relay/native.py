"""An event loop and its thread as the operating system has them, also where gevent has put greenlets in their place.

A loop in a greenlet runs in the thread of everybody else: whoever asks there whether a loop is running, as Django's ORM
does, is told that it is. gevent is not imported here: where nobody has, it has replaced nothing.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from tornado_websockets.core.tasks import settle


class Thread:
    """A daemon thread that can be waited for.

    :raises RuntimeError: the system has no thread for it.
    """

    def __init__(self, call: Callable[[], object], name: str) -> None:
        self._call = call
        if _monkey() is None:
            self._thread: threading.Thread | None = threading.Thread(target=call, name=name, daemon=True)
            self._thread.start()
        else:
            self._thread = None
            self._running = _original("_thread", "allocate_lock")()
            self._running.acquire()
            _original("_thread", "start_new_thread")(self._run, ())

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


def new_lock() -> Any:
    """One to be held for a moment, by threads and greenlets.

    gevent's own would have a greenlet that must wait look for another one to run, and raise where there is none.
    """
    return threading.Lock() if _monkey() is None else _original("_thread", "allocate_lock")()


def settled_here(outcome: "Future[None]") -> "Future[None]":
    """A future whose outcome is passed on to ``outcome``, where gevent is in use by the hub of the calling thread.

    Greenlets miss, now and then, what another thread does with a lock that they wait for.
    """
    return outcome if _monkey() is None else _Remote(outcome)


class _Remote(Future[None]):
    def __init__(self, outcome: "Future[None]") -> None:
        super().__init__()
        self._outcome = outcome
        self._run = sys.modules["gevent"].get_hub().loop.run_callback_threadsafe

    def set_result(self, result: None) -> None:
        self._run(self._outcome.set_result, result)

    def set_exception(self, exception: BaseException | None) -> None:
        self._run(self._outcome.set_exception, exception)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """One that waits for the kernel and not for greenlets."""
    return asyncio.new_event_loop() if _monkey() is None else _Loop(_original("selectors", "DefaultSelector")())


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

        _original("_thread", "start_new_thread")(call, ())
        return outcome

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        look_up = _original("socket", "getaddrinfo")
        return await self.run_in_executor(None, lambda: look_up(host, port, **options))


def _monkey() -> Any:
    """Gevent's module for patches, where it has replaced threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey if monkey is not None and monkey.is_module_patched("threading") else None


def _original(module: str, name: str) -> Any:
    return sys.modules["gevent.monkey"].get_original(module, name)
