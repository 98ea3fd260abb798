"""All open connections of this process, and the way to those of other processes."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Hashable
from concurrent.futures import Future
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from .admission import Admission
from .lane import Lane
from .running import current, sender_to
from .scheduler import Delivery

if TYPE_CHECKING:
    from .connection import Connection


class Publisher(Protocol):
    """Takes messages to the clients of other processes, and brings in theirs."""

    async def join(self, path: str) -> None:
        """A client of ``path`` is connecting here: bring in what others publish there."""

    async def leave(self, path: str) -> None:
        """The last client of ``path`` here has gone."""

    def forward(self, path: str, text: str, key: str | None) -> None:
        """Send to the others in order. Never raises and never blocks; what fails is counted and logged."""

    def publish(self, path: str, event: str, text: str, key: str | None) -> "Future[None]":
        """The same, with word of how it went: ``PublishError`` where it failed."""

    def is_congested(self, path: str) -> bool:
        """Whether much waits to be sent to ``path``, and will be: who can wait, should. Costs next to nothing."""

    async def room(self, path: str) -> None:
        """Return when that is no longer so, on any event loop; after some seconds in any case."""


class Hub:
    """Every open connection of the process; there is one hub, :data:`hub`."""

    def __init__(self) -> None:
        self.publisher: Publisher | None = None
        self._lanes: dict[asyncio.AbstractEventLoop, Lane] = {}
        self.forget()

    def forget(self) -> None:
        """Start without connections, as a forked process must: those it sees are its parent's."""
        for group in chain.from_iterable(lane.groups.values() for lane in self._lanes.values()):
            for connection in group:
                connection.endpoint.handlers.clear()
        self.admission = Admission()
        self._lanes = {}
        self._clients: Counter[str] = Counter()  # by path, the connecting ones included
        self._lock = threading.Lock()

    def lane(self) -> Lane:
        """The lane of the running event loop."""
        loop = asyncio.get_running_loop()
        lane = self._lanes.get(loop)
        if lane is None:
            with self._lock:
                for closed in [loop for loop in self._lanes if loop.is_closed()]:
                    del self._lanes[closed]
                lane = self._lanes[loop] = Lane(loop)
        return lane

    @property
    def is_empty(self) -> bool:
        """Whether this process serves nobody."""
        return not self._clients

    def paths(self) -> list[str]:
        """Every path that has clients in this process."""
        with self._lock:
            return list(self._clients)

    def has_clients(self, path: str) -> bool:
        """Whether ``path`` has clients in this process."""
        return path in self._clients

    async def enter(self, path: str) -> None:
        """A client is about to connect to ``path``. Pairs with :meth:`leave`."""
        with self._lock:
            self._clients[path] += 1
        if self.publisher is not None:
            await self.publisher.join(path)

    async def leave(self, path: str) -> None:
        """A client of ``path`` has gone."""
        with self._lock:
            self._clients[path] -= 1
            is_last = self._clients[path] <= 0
            if is_last:
                del self._clients[path]
        if is_last and self.publisher is not None:
            await self.publisher.leave(path)

    def deliver(
        self,
        path: str,
        text: str,
        *,
        exclude: "Connection | None" = None,
        key: str | None = None,
        who: Hashable = None,
    ) -> None:
        """Send to every client of ``path`` in this process.

        :param exclude: but for this one.
        :param key: a client that still waits for an earlier text of the same key gets only this one.
        :param who: whose turn it takes, and in whose order it stays; by default whoever is running.
        """
        running, who = current.get(), sender_to(path) if who is None else who
        if running is not None:
            running.sent_to = path
        for lane in list(self._lanes.values()):
            if path in lane.groups:
                self._submit(lane, Delivery(text, path, exclude, key), who)

    def emit(
        self,
        path: str,
        text: str,
        *,
        exclude: "Connection | None" = None,
        key: str | None = None,
        who: Hashable = None,
    ) -> None:
        """Send to every client of ``path`` here, then to those of other processes."""
        self.deliver(path, text, exclude=exclude, key=key, who=who)
        if self.publisher is not None:
            self.publisher.forward(path, text, key)

    def publish(self, path: str, event: str, text: str, *, key: str | None = None) -> "Future[None] | None":
        """The same, with word of how it went with the other processes; ``None`` when there is no way to them."""
        self.deliver(path, text, key=key)
        return None if self.publisher is None else self.publisher.publish(path, event, text, key)

    def _submit(self, lane: Lane, delivery: Delivery, who: Hashable) -> None:
        try:
            lane.submit(delivery, who)
        except RuntimeError:  # its loop was closed with clients on it: they are gone
            if not lane.loop.is_closed():
                raise
            with self._lock:
                self._lanes.pop(lane.loop, None)


#: The hub of this process.
hub = Hub()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=hub.forget)
