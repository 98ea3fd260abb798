"""Where gevent has put greenlets in the place of threads: what threads of the operating system and greenlets share.

gevent is not imported here: where nobody has, it has replaced nothing.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ..tasks import settle

T = TypeVar("T")


def monkey() -> Any:
    """Gevent's module for patches, where it has replaced threads."""
    module = sys.modules.get("gevent.monkey")
    return module if module is not None and module.is_module_patched("threading") else None


def original(module: str, name: str) -> Any:
    """What gevent has replaced."""
    return monkey().get_original(module, name)


def new_lock() -> Any:
    """One to be held for a moment, by threads and greenlets, while no other greenlet has its turn.

    gevent's own would have a greenlet that must wait look for another one to run, and raise where there is none.
    """
    return threading.Lock() if monkey() is None else original("_thread", "allocate_lock")()


def new_rlock() -> Any:
    """The same, for who may have it already."""
    return threading.RLock() if monkey() is None else original("_thread", "RLock")()


def settled_here(outcome: "Future[None]") -> "Future[None]":
    """A future whose outcome is passed on to ``outcome``, where gevent is in use by the hub of the calling thread.

    Greenlets miss, now and then, what another thread does with a lock that they wait for. Whoever serves an event loop
    has no greenlets that could wait.
    """
    if monkey() is None:
        return outcome
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _Remote(outcome)
    return outcome


class _Remote(Future[None]):
    def __init__(self, outcome: "Future[None]") -> None:
        super().__init__()
        self._outcome = outcome
        self._run = sys.modules["gevent"].get_hub().loop.run_callback_threadsafe
        self._is_settled = False

    def done(self) -> bool:
        return self._is_settled

    def set_result(self, result: None) -> None:
        self._is_settled = True
        self._run(self._outcome.set_result, result)

    def set_exception(self, exception: BaseException | None) -> None:
        self._is_settled = True
        self._run(self._outcome.set_exception, exception)


class Greenlets:
    """The greenlets of the thread that makes this, for calls of an event loop in another one.

    What they use, such as connections that were made in one, works in no other thread.
    """

    def __init__(self) -> None:
        gevent = sys.modules["gevent"]
        self._spawn = gevent.spawn
        self._run = gevent.get_hub().loop.run_callback_threadsafe

    def submit(self, submit: "Callable[[], Future[T]]") -> "asyncio.Future[T]":
        """Call ``submit`` there, for those who await the outcome here. On an event loop."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def tell(done: "Future[T]") -> None:
            error = done.exception()
            loop.call_soon_threadsafe(settle, outcome, None if error else done.result(), error)

        self._run(self._spawn, lambda: submit().add_done_callback(tell))
        return outcome


def greenlets_here() -> Greenlets | None:
    """Those of the calling thread; ``None`` where threads are those of the operating system."""
    return None if monkey() is None else Greenlets()
