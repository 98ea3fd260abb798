"""What is asked of a store about one topic, once for all who ask at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar, cast

from ...exceptions import StoreError
from ..complaints import Complaints
from .record import Event, Record
from .soundness import is_sound
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
        self._complaints = Complaints()

    async def record(self, asked: Asked, topic: str, with_events: bool = True) -> Record | None:
        """What the store knows of ``topic``; ``None`` where that cannot be told to clients, or it does not answer."""
        try:
            return await self._share(self._ask_record, asked, topic, with_events)
        except StoreError:  # which is logged
            return None

    async def retained(self, asked: Asked, topic: str) -> Mapping[str, Event]:
        """The retained values of ``topic``, as the store gives them, which is not looked at.

        :raises StoreError: it fails, or hangs.
        """
        return await self._share(_ask_retained, asked, topic)

    async def _ask_record(self, asked: Asked, topic: str, with_events: bool) -> Record | None:
        record = await asked.ask(asked.store.read, topic, with_events)
        if is_sound(record):
            return record
        message = "What the store has of a path cannot be told to clients (path %.64r)"
        self._complaints.add("unsound", message, topic)
        return None

    async def _share(self, question: Callable[..., Coroutine[Any, Any, T]], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        key = (loop, question, *arguments)
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = loop.create_task(self._ask(key, question, *arguments))
            task.add_done_callback(_ignore)  # all who wait may be cancelled
        return cast("T", await asyncio.shield(task))

    async def _ask(
        self, key: tuple[Any, ...], question: Callable[..., Coroutine[Any, Any, T]], *arguments: object
    ) -> T:
        loop = asyncio.get_running_loop()
        try:
            pause = self._asked.get(key, 0.0) + self._interval - loop.time()
            await asyncio.sleep(max(GATHERING, pause))
        finally:
            del self._next[key]
        now = self._asked[key] = loop.time()
        if len(self._asked) > _MAX_REMEMBERED:
            self._asked = {key: at for key, at in self._asked.items() if at + self._interval > now}
        return await question(*arguments)


async def _ask_retained(asked: Asked, topic: str) -> Mapping[str, Event]:
    return await asked.ask(asked.store.retained, topic)


def _ignore(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
