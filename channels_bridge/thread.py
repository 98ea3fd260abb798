"""An event loop in a thread of its own, for what must be sent where no loop serves: scripts, workers, WSGI."""

import asyncio
import atexit
import os
import threading

#: Seconds that what is still on its way gets when the process ends.
_LAST_SECONDS = 3.0


#: Seconds that what is cancelled then gets to say so.
_VERY_LAST_SECONDS = 0.5


class LoopThread:
    """One loop for the whole process, started when first asked for; a channel layer keeps one connection for it."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Start anew, as a forked process must: threads stay with its parent."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, running.

        :raises RuntimeError: the system has no thread for it, or the process is ending.
        """
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._serve, args=(loop,), name="WebSocket publisher", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    loop.close()
                    raise
                self._loop, self._thread = loop, thread
                atexit.register(self.stop)
            return self._loop

    def stop(self) -> None:
        """End the thread; closing the loop closes the layer's connections."""
        loop, thread = self._loop, self._thread
        self.forget()
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            _finish(loop)
        finally:
            loop.close()


def _finish(loop: asyncio.AbstractEventLoop) -> None:
    """Let what is on its way get there, and cancel what takes too long."""
    for seconds in (_LAST_SECONDS, _VERY_LAST_SECONDS):
        unfinished = asyncio.all_tasks(loop)
        if not unfinished:
            return
        loop.run_until_complete(asyncio.wait(unfinished, timeout=seconds))
        for task in asyncio.all_tasks(loop):
            task.cancel()
