"""The event loop that serves, as worker threads may use it: what they schedule runs there.

Applications of Tornado's days set timers in plain handlers: ``IOLoop.current().call_later(...)``, which asks asyncio
for the loop of the thread. In a worker thread there was none, so Tornado made one, and that never ran.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NoReturn

_here = threading.local()


def share_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Let the calling thread, which runs no event loop, schedule on ``loop``.

    To be called before each call: applications may set another one.
    """
    shared: ServingLoop | None = getattr(_here, "shared", None)
    if shared is None or shared.serving is not loop:
        shared = _here.shared = ServingLoop(loop)  # type: ignore[abstract]  # what it lacks is added below
    asyncio.set_event_loop(shared)


def share_again() -> None:
    """Let the calling thread schedule where it did before ``asyncio.run()``, which leaves it without any loop.

    Tornado would make one of its own then, that never runs.
    """
    shared: ServingLoop | None = getattr(_here, "shared", None)
    if shared is not None:
        asyncio.set_event_loop(shared)


@contextmanager
def sharing(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """:func:`share_loop` for as long as it lasts, in a thread of somebody else's, which may have a loop of its own."""
    before = _loop_of_thread()
    if loop is None or not isinstance(before, ServingLoop | None):
        yield
        return
    shared_before = getattr(_here, "shared", None)
    share_loop(loop)
    try:
        yield
    finally:
        _here.shared = shared_before
        asyncio.set_event_loop(before)


def loop_here() -> asyncio.AbstractEventLoop | None:
    """The loop on which the caller may schedule: the running one, or else the one that its thread shares."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        shared: ServingLoop | None = getattr(_here, "shared", None)
        return None if shared is None else shared.serving


def _loop_of_thread() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_event_loop()
    except RuntimeError:  # none was set; only in the main thread, where no handler runs, one would be made
        return None


class ServingLoop(asyncio.AbstractEventLoop):
    """Stands for the serving loop in one other thread: callbacks and timers go there, most else raises an error.

    Each thread has its own, because Tornado makes an ``IOLoop`` for each it sees, and two threads must not make one for
    the same at a time.

    :param serving: the loop that runs.
    """

    def __init__(self, serving: asyncio.AbstractEventLoop) -> None:
        self.serving = serving

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        _refuse_run_sync(args)
        return self.serving.call_soon_threadsafe(callback, *args, context=context)

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> "Timer":
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> "Timer":
        _refuse_run_sync(args)
        timer = Timer(self.serving, when)
        self.serving.call_soon_threadsafe(timer.start, callback, args, context or copy_context())
        return timer

    def time(self) -> float:
        return self.serving.time()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, function: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        future = _Outcome(loop=self)

        def start() -> None:
            try:
                running = self.serving.run_in_executor(executor, function, *args)
            except Exception as error:  # it is shut down
                if not future.cancelled():
                    future.set_exception(error)
            else:
                running.add_done_callback(partial(_hand_on, to=future))

        self.serving.call_soon_threadsafe(start)
        return future

    def stop(self) -> None:
        self.serving.call_soon_threadsafe(self.serving.stop)

    def is_running(self) -> bool:
        return False  # not in this thread

    def is_closed(self) -> bool:
        return self.serving.is_closed()

    def get_debug(self) -> bool:
        return self.serving.get_debug()

    def create_future(self) -> "asyncio.Future[Any]":
        return self.serving.create_future()

    def call_exception_handler(self, context: Any) -> None:
        self.serving.call_soon_threadsafe(self.serving.call_exception_handler, context)

    def run_until_complete(self, future: Any) -> Any:
        """Run in this thread, as libraries do that offer something async to sync code."""
        try:
            return asyncio.run(_await(future))
        finally:
            asyncio.set_event_loop(self)  # asyncio has left none


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(
            f"Cannot use {name} of the event loop in a plain handler, which runs in a worker thread: make it an async "
            "def."
        )

    return refuse


def _refuse_run_sync(args: tuple[Any, ...]) -> None:
    """Refuse what Tornado's ``run_sync`` schedules, since that stops the loop when it has ended.

    ``run_sync`` takes no notice of an error of :meth:`ServingLoop.call_soon`, and goes on to ``run_forever``, which is
    refused as well; too late for what was scheduled.
    """
    function = getattr(args[0], "func", None) if args else None
    is_tornado = getattr(function, "__module__", None) == "tornado.ioloop"
    if is_tornado and ".run_sync.<locals>" in getattr(function, "__qualname__", ""):
        _refusal("run_sync")()


for _name in vars(asyncio.AbstractEventLoop).keys() - vars(ServingLoop).keys():
    if not _name.startswith("_"):
        setattr(ServingLoop, _name, _refusal(_name))


class _Outcome(asyncio.Future[Any]):
    """To which its own thread may add callbacks, and which the serving loop may await."""

    def get_loop(self) -> asyncio.AbstractEventLoop:
        serving: asyncio.AbstractEventLoop = self._loop.serving  # type: ignore[attr-defined]
        return serving


def _hand_on(done: "asyncio.Future[Any]", to: "asyncio.Future[Any]") -> None:
    """Let ``to`` end as ``done`` has."""
    if to.cancelled():
        return
    if done.cancelled():
        to.cancel()
        return
    error = done.exception()
    if error is None:
        to.set_result(done.result())
    else:
        to.set_exception(error)


class Timer:
    """A callback that waits for its time on another thread's event loop. Cancelled from any thread.

    :param loop: where it is called.
    :param when: on the clock of the loop.
    """

    __slots__ = ("_handle", "_is_cancelled", "_loop", "_when")

    def __init__(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        self._loop = loop
        self._when = when
        self._handle: asyncio.TimerHandle | None = None
        self._is_cancelled = False

    def start(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        """Begin to wait. On the event loop."""
        if not self._is_cancelled:
            self._handle = self._loop.call_at(self._when, callback, *args, context=context)

    def cancel(self) -> None:
        """Do not call it, unless that has begun."""
        self._is_cancelled = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)

    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._is_cancelled

    def when(self) -> float:
        """The time that it waits for."""
        return self._when

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


async def _await(future: Any) -> Any:
    return await future
