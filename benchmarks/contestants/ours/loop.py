"""How long the event loop is held."""

import asyncio
import time

from benchmarks.contestants.reporting import report


class LoopWatch:
    """Reports the longest turn of the running event loop so far, whenever a longer one ends.

    In CPU time of the loop's thread, so that a machine which is busy with other things does not count. The loop
    never sleeps while it is watched.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._longest = 0.0

    def start(self) -> None:
        """Watch for as long as the loop runs."""
        self._last = time.thread_time()
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        now = time.thread_time()
        if now - self._last > self._longest:
            self._longest = now - self._last
            report("milliseconds", 1000 * self._longest)
        self._last = time.thread_time()
        self._loop.call_soon(self._turn)
