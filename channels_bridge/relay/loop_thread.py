"""An event loop in a thread of its own, for what must be sent where no loop serves: scripts, workers, WSGI."""

import asyncio
import atexit
import threading
from dataclasses import dataclass
from functools import partial

from tornado_websockets.core.forking import ForkGuard

from .native import Thread, new_event_loop


@dataclass(frozen=True, slots=True)
class ExitTiming:
    """How long the end of a process may be held up, in seconds.

    :ivar finishing: for what is still on its way.
    :ivar cancelling: for what is cancelled then, to say so.
    """

    finishing: float = 3.0
    cancelling: float = 0.5


class LoopThread:
    """One loop for the whole process, started when first asked for; a channel layer keeps one connection for it."""

    def __init__(self, timing: ExitTiming = ExitTiming()) -> None:
        self._timing = timing
        self.forget()
        self._fork = ForkGuard(self.forget)

    def forget(self) -> None:
        """Start anew, as a forked process must: threads stay with its parent."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, running.

        :raises RuntimeError: the system has no thread for it, or the process is ending.
        """
        self._fork.check()
        with self._lock:
            if self._loop is None:
                loop = new_event_loop()
                try:
                    thread = Thread(partial(self._serve, loop), "WebSocket publisher")
                except RuntimeError:
                    loop.close()
                    raise
                self._loop, self._thread = loop, thread
                atexit.register(self.stop)
            return self._loop

    def stop(self) -> None:
        """End the thread; closing the loop closes the layer's connections."""
        self._fork.check()
        loop, thread = self._loop, self._thread
        self.forget()
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            self._finish(loop)
        finally:
            loop.close()

    def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let what is on its way get there, and cancel what takes too long."""
        for seconds in (self._timing.finishing, self._timing.cancelling):
            unfinished = asyncio.all_tasks(loop)
            if not unfinished:
                return
            loop.run_until_complete(asyncio.wait(unfinished, timeout=seconds))
            for task in asyncio.all_tasks(loop):
                task.cancel()
