"""Orders in the store, for processes that the channel layer did not bring them to."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from .. import conf
from ..core.complaints import Complaints
from ..core.control import CONTROL, Control, Note, keep_orders
from ..core.delivery.shard import is_loop_running
from ..core.forking import ForkGuard, after_fork
from ..core.handlers.executor import Rank, Threads
from ..core.handlers.greenlets import new_lock
from ..core.logger import logger
from ..core.protocol.parsing import UNREADABLE, parse_foreign
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

#: Threads in which orders are put into the store.
THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class BoardPace:
    """When the store is asked for orders: so many seconds after the last time."""

    interval: float = 4.0


class _Keeping:
    """Puts orders into the store, in threads of its own: nobody shall wait for it where the layer has brought one."""

    def __init__(self) -> None:
        self.forget()
        self._fork = ForkGuard(self.forget)

    def forget(self) -> None:
        """Start without threads, as a forked process must."""
        self._threads = Threads("WebSocket order", THREADS, rank=Rank.SENDERS)
        self._complaints = Complaints()

    def keep(self, note: Note) -> Future[None]:
        """Put an order into the store; how that went."""
        self._fork.check()
        try:
            return self._threads.submit(_store, note)
        except RuntimeError as error:  # the process is ending, or the system has no more threads
            return self._keep_here(note, error)

    def _keep_here(self, note: Note, error: Exception) -> Future[None]:
        """Put an order into the store in this thread, unless that has an event loop which would stand still."""
        outcome: Future[None] = Future()
        try:
            if is_loop_running():
                raise error
            _store(note)
        except Exception as failure:
            self._complaints.add("unkept", "An order is not in the store (%s): %r", note.event, failure)
            outcome.set_exception(failure)
        else:
            outcome.set_result(None)
        return outcome


def _store(note: Note) -> None:
    entry = entry_of(json.dumps({"event": note.event, "text": note.text}))
    store = shared_store()
    store.ask_and_wait(store.store.publish, ORDERS, uuid.uuid4().hex, [entry], MOST_KEPT)


_keeping = _Keeping()


@keep_orders
def _keep(note: Note) -> Future[None] | None:
    """Put an order into the store, where processes share one; how that went."""
    return _keeping.keep(note) if is_shared() else None


class Board:
    """Looks for orders in the store while clients are served; an observer of connections.

    :ivar looks: how often it has looked.
    """

    is_needed = False

    def __init__(self, pace: BoardPace = BoardPace()) -> None:
        self._pace = pace
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without looking, as a forked process must."""
        self.looks = 0
        self._complaints = Complaints()
        self._lock = new_lock()  # of who looks
        # By hub, of which there is one in a process, though each WebSocket with a history knows it by another object.
        self._looking: WeakKeyDictionary[Control, tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = (
            WeakKeyDictionary()
        )

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; called on its event loop."""
        if not is_shared():
            return
        hub = connection.endpoint.hub
        with self._lock:
            at_work = self._looking.get(hub.control)
            if at_work is None or at_work[1].done() or not at_work[0].is_running():
                loop = asyncio.get_running_loop()
                self._looking[hub.control] = loop, keep(loop.create_task(self._look(hub)))

    def on_disconnected(self, connection: Connection) -> None:
        """It has disconnected."""

    async def _look(self, hub: Hub) -> None:
        store, interval = shared_store(), min(self._pace.interval, conf.get("HISTORY_SECONDS") / 3)
        heard: _Heard = None
        while True:
            with suppress(StoreError):  # it is logged
                heard = self._take_new(hub, await store.ask(store.store.read, ORDERS), heard)
                self.looks += 1
            await asyncio.sleep(interval)
            with self._lock:  # so that who comes meanwhile finds either one that looks, or none
                _, at_work = self._looking.get(hub.control, (None, None))
                if at_work is not asyncio.current_task():  # another has begun, while this loop stood
                    return
                if hub.is_empty:
                    del self._looking[hub.control]
                    return

    def _take_new(self, hub: Hub, record: object, heard: _Heard) -> _Heard:
        """Carry out the orders in ``record`` that were not heard; up to where they are now."""
        from ..core.recovery.soundness import is_kept, is_sound

        if not is_sound(record, is_kept):
            self._complaints.add("unsound", "What the store has of orders cannot be read (%s)", type(record).__name__)
            return heard
        after = 0 if heard is None or heard[0] != record.epoch else heard[1]
        for event in record.events:
            if heard is not None and event.number > after:
                _take(hub, event.text)
        return record.epoch, max((event.number for event in record.events), default=after)


#: The store's epoch, and the last number; ``None`` at first, when what is there already is old.
_Heard = tuple[str, int] | None


def _take(hub: Hub, text: str) -> None:
    """Carry out an order, unless the layer has brought it."""
    try:
        kept = parse_foreign(text)
        event, said = kept["event"], kept["text"]
        if not (isinstance(event, str) and isinstance(said, str)):
            raise TypeError("it is no text")
    except UNREADABLE as error:
        logger.warning("An order in the store cannot be read: %.200r", error)
    else:
        hub.control.take(Note(CONTROL, event, said))


#: That of this process.
board = Board()
