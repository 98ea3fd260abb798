"""What a call costs, for comparisons within a test."""

from collections.abc import Callable
from time import thread_time


def cost(call: Callable[[], object], times: int = 5) -> float:
    """Seconds of processor time, of the cheapest of so many calls: others on the machine only ever add to it."""
    return min(_seconds(call) for _ in range(times))


def _seconds(call: Callable[[], object]) -> float:
    started = thread_time()
    call()
    return thread_time() - started
