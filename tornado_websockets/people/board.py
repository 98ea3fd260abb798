"""Orders in the store, for processes that the channel layer did not bring them to."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from .. import conf
from ..core.control import CONTROL, Control, Note, keep_orders
from ..core.forking import after_fork
from ..core.logger import logger
from ..core.tasks import keep
from ..exceptions import StoreError
from .sharing import entry_of, is_shared, shared_store

if TYPE_CHECKING:
    from ..core.connections.connection import Connection
    from ..core.delivery.hub import Hub

#: Under which orders are kept; no path is called so.
ORDERS: Final = "orders"

#: Orders that are kept at most.
MOST_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class BoardPace:
    """When the store is asked for orders: so many seconds after the last time."""

    interval: float = 4.0


@keep_orders
def _keep(note: Note) -> Future[None] | None:
    """Put an order into the store, where processes share one; how that went.

    It is done by a thread of its own, since nobody shall wait for it where the layer has brought the order.
    """
    if not is_shared():
        return None
    outcome: Future[None] = Future()
    outcome.set_running_or_notify_cancel()
    try:
        threading.Thread(target=_store, args=(note, outcome), name="WebSocket order").start()
    except RuntimeError as error:  # the process is ending
        outcome.set_exception(error)
    return outcome


def _store(note: Note, outcome: Future[None]) -> None:
    entry = entry_of(json.dumps({"event": note.event, "text": note.text}))
    try:
        store = shared_store()
        store.ask_and_wait(store.store.publish, ORDERS, uuid.uuid4().hex, [entry], MOST_KEPT)
    except Exception as error:
        outcome.set_exception(error)
    else:
        outcome.set_result(None)


class Board:
    """Looks for orders in the store while clients are served; an observer of connections.

    :ivar looks: how often it has looked.
    """

    def __init__(self, pace: BoardPace = BoardPace()) -> None:
        self._pace = pace
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without looking, as a forked process must."""
        self.looks = 0
        # By hub, of which there is one in a process, though each WebSocket with a history knows it by another object.
        self._looking: WeakKeyDictionary[Control, tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = (
            WeakKeyDictionary()
        )

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; called on its event loop."""
        if not is_shared():
            return
        hub = connection.endpoint.hub
        at_work = self._looking.get(hub.control)
        if at_work is None or at_work[1].done() or not at_work[0].is_running():
            loop = asyncio.get_running_loop()
            self._looking[hub.control] = loop, keep(loop.create_task(self._look(hub)))

    def on_disconnected(self, connection: Connection) -> None:
        """It has disconnected."""

    async def _look(self, hub: Hub) -> None:
        store, interval = shared_store(), min(self._pace.interval, conf.get("HISTORY_SECONDS") / 3)
        heard: tuple[str, int] | None = None  # the store's epoch, and the last number; what is there already is old
        while not hub.is_empty:
            with suppress(StoreError):  # it is logged
                record = await store.ask(store.store.read, ORDERS)
                after = 0 if heard is None or heard[0] != record.epoch else heard[1]
                last = max((event.number for event in record.events), default=after)
                for event in record.events:
                    if heard is not None and event.number > after:
                        _take(hub, event.text)
                heard = record.epoch, last
                self.looks += 1
            await asyncio.sleep(interval)


def _take(hub: Hub, text: str) -> None:
    """Carry out an order, unless the layer has brought it."""
    try:
        kept = json.loads(text)
        note = Note(CONTROL, kept["event"], kept["text"])
    except (ValueError, TypeError, LookupError) as error:
        logger.warning("An order in the store cannot be read: %r", error)
    else:
        hub.control.take(note)


#: That of this process.
board = Board()
