"""Waiting for a condition rather than for luck, and a clock that can be put forward."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], object], seconds: float = 10.0, *, pause: float = 0.001) -> None:
    """Let the event loop run until ``condition``, which may be async, is true.

    :param pause: seconds between two looks; longer where each costs something, a query to Redis say.
    """
    deadline = time.monotonic() + seconds
    while True:
        holds = condition()
        if inspect.iscoroutine(holds):  # a task or a future that is there is itself what is waited for
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting after {seconds:g} s")
        await asyncio.sleep(pause)


async def turns(count: int = 20) -> None:
    """Let the event loop run ``count`` times: enough for whatever waits for nothing but its turn."""
    for _ in range(count):
        await asyncio.sleep(0)


class Clock:
    """Seconds that were skipped on an event loop made by :func:`run_on_clock`."""

    def __init__(self) -> None:
        self.skipped = 0.0

    async def forward(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, and what is due by then happen."""
        await turns()
        self.skipped += seconds
        await turns()


class _ClockLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__()
        self.slow_callback_duration = float("inf")  # a skip is none

    def time(self) -> float:
        return super().time() + self._clock.skipped


def run_on_clock(test: Callable[[Clock], Coroutine[Any, Any, T]]) -> T:
    """Run ``test`` on an event loop whose clock it is given."""
    clock = Clock()
    with asyncio.Runner(loop_factory=lambda: _ClockLoop(clock)) as runner:
        return runner.run(test(clock))
