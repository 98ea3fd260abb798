"""What is asked of a store about one topic, once for all who ask at the same time."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from .store import Asked

T = TypeVar("T")

#: Seconds that a question waits for others who have the same; and from one of a kind about a topic to the next, so
#: that those who come meanwhile share an answer.
GATHERING: Final = 0.01
INTERVAL: Final = 0.1

#: Questions of which it is remembered when they were asked last.
_MAX_REMEMBERED: Final = 1_000


class Reads:
    """Shares answers. Nobody gets one to a question that was asked before they came.

    So a store that was emptied, or has forgotten something, is never taken for what it was before.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._next: dict[tuple[Any, ...], asyncio.Task[Any]] = {}
        self._asked: dict[tuple[Any, ...], float] = {}

    async def __call__(self, asked: Asked, method: Callable[..., T], topic: str, *arguments: object) -> T:
        """What ``method`` of the store says of ``topic``.

        :raises StoreError: it fails, or hangs.
        """
        loop = asyncio.get_running_loop()
        key = (loop, asked, method.__name__, topic, *arguments)
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = loop.create_task(self._ask(key, asked, method, topic, *arguments))
            task.add_done_callback(_ignore)  # all who wait may be cancelled
        return cast("T", await asyncio.shield(task))

    async def _ask(self, key: tuple[Any, ...], asked: Asked, method: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            pause = self._asked.get(key, 0.0) + self._interval - loop.time()
            await asyncio.sleep(max(GATHERING, pause))
        finally:
            del self._next[key]
        now = self._asked[key] = loop.time()
        if len(self._asked) > _MAX_REMEMBERED:
            self._asked = {key: at for key, at in self._asked.items() if at + self._interval > now}
        return await asked.ask(method, *arguments)


def _ignore(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
