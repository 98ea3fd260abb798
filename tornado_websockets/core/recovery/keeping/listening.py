"""Hearing others without a break, where what they send can be read from nowhere."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from ...delivery.hub import Hub
from ...handlers.greenlets import new_lock
from ...stopping import stopping
from ...tasks import keep
from ..store import Asked
from .journal import Journal

#: Topics without clients that a process hears on.
MOST: Final = 1_000

#: What a journal has as its stretch while there are clients, and others are not heard.
DEAF: Final = -1


class Listening:
    """Hears on when the last client of a topic has left, and begins records anew after a time of hearing nothing.

    It matters only where processes share a layer, and each keeps what it sends in its own memory: what others sent in
    such a time is then known by nobody here, so no position of before may count. Elsewhere all of this does nothing.

    :param hub: of the clients.
    :param ended: called with each topic that is heard no more.
    :param most: topics without clients that are heard on; of more, the one whose clients left first is not.
    """

    def __init__(self, hub: Hub, ended: Callable[[str], None], most: int = MOST) -> None:
        self._hub = hub
        self._ended = ended
        self._most = most
        self._until: dict[str, float] = {}  # whose clients have left, some or all; longest ago first
        self._timer_on: asyncio.AbstractEventLoop | None = None
        self._lock = new_lock()

    def __contains__(self, topic: str) -> bool:
        """Whether ``topic`` is heard on, or would be without clients."""
        return topic in self._until

    def check(self, journal: Journal, asked: Asked) -> None:
        """Begin the record anew after a break in hearing others. Under the lock of the journal."""
        stretch = self._stretch(journal, asked)
        if stretch == 0 and self._hub.has_clients(journal.topic):
            journal.stretch = DEAF
        elif stretch and stretch != journal.stretch and asked.begin_anew is not None:
            if journal.stretch:  # else this is the first one: a page may have been rendered just before
                asked.begin_anew(journal.topic)
            journal.stretch = stretch

    def break_off(self, journal: Journal, asked: Asked) -> None:
        """Others are heard no more: where only this process knows, positions of before count no longer.

        Under the lock of the journal.
        """
        journal.lose_touch()
        if self._stretch(journal, asked) is not None and asked.begin_anew is not None:
            asked.begin_anew(journal.topic)
            journal.stretch = 0

    def has_all(self, journal: Journal, asked: Asked) -> bool:
        """Whether others have been heard ever since the record began, and nothing of theirs is missing now.

        Under the lock of the journal.
        """
        stretch = self._stretch(journal, asked)
        return stretch is None or (0 < stretch == journal.stretch and not journal.gaps)

    async def go_on(self, journal: Journal, asked: Asked) -> None:
        """Hear on for as long as events are kept, should the client that is about to be counted out be the last one."""
        topic = journal.topic
        if stopping.has_begun or not self._stretch(journal, asked):
            return
        with self._lock:
            self._until.pop(topic, None)
            self._until[topic] = monotonic() + asked.retention.seconds
            excess = next(iter(self._until)) if len(self._until) > self._most else None
            if excess is not None:
                del self._until[excess]
        self._hub.shard().endings.add(self.end)
        self._set_timer()
        if excess is not None:
            await self._end(excess)

    def resume(self, topic: str) -> None:
        """A client has come."""
        with self._lock:
            self._until.pop(topic, None)

    async def end(self) -> None:
        """Hear no more: the process stops."""
        with self._lock:
            topics = list(self._until)
            self._until.clear()
        await asyncio.gather(*map(self._end, topics), return_exceptions=True)  # a loop may end before its time

    def _stretch(self, journal: Journal, asked: Asked) -> int | None:
        """As :meth:`.Publisher.stretch` says; ``None``, too, where it does not matter."""
        publisher = self._hub.publisher
        if asked.begin_anew is None or not journal.policy.history or publisher is None:
            return None
        return publisher.stretch(journal.topic)

    def _set_timer(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self._until or (self._timer_on is not None and self._timer_on.is_running()):
                return
            self._timer_on = loop
            due = next(iter(self._until.values()))
        loop.call_later(max(0.0, due - monotonic()), self._on_time)  # no task: none shall be left when the loop ends

    def _on_time(self) -> None:
        now = monotonic()
        with self._lock:
            self._timer_on = None
            due = [topic for topic, until in self._until.items() if until <= now]
            for topic in due:
                del self._until[topic]
        self._set_timer()
        for topic in due:
            keep(asyncio.get_running_loop().create_task(self._end(topic)))

    async def _end(self, topic: str) -> None:
        if not self._hub.has_clients(topic):
            await self._hub.stop_hearing(topic)
            self._ended(topic)
