"""The serving side: what newcomers are told of bars of other processes, and which runs have died."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..core.delivery.message import Message
from ..core.forking import after_fork
from ..core.handlers.greenlets import new_lock
from ..core.recovery.reads import Reads
from ..core.recovery.soundness import kept_values, sound_position
from ..core.tasks import keep
from ..encoding import encoder
from ..exceptions import StoreError, is_connection_closed
from ..people.sharing import shared_store
from .keeping import FAILED, Known, read_known
from .register import FORGOTTEN, JOBS, Row, rows_of
from .roll import Absent, Roll, Runs

if TYPE_CHECKING:
    from ..core.connections.socket import Socket
    from ..core.delivery.hub import Hub
    from ..store.guard import Guard
    from .run import Address

#: Introduces a bar to one client, by what the store says of it.
Introduce = Callable[["Socket", Known], None]


@dataclass(frozen=True, slots=True)
class LookoutPace:
    """When the store is asked, in seconds.

    :ivar patience: that a newcomer waits for it.
    :ivar second_look: after which it is asked again whether a newcomer was told the newest; it was not where something
        had changed before it came, or ``slack`` later by clocks that differ, and was written down only then.
    :ivar interval: from one time to the next that runs are looked at, unless one is due before.
    :ivar mending: after a store that has failed answers again, or was emptied, in which runs may renew themselves.
    """

    patience: float = 0.25
    second_look: float = 1.0
    slack: float = 0.5
    interval: float = 3.0
    mending: float = 12.0


class Lookout:
    """Asks the store for bars and runs, as long as somebody is there who sees them."""

    def __init__(self, pace: LookoutPace = LookoutPace()) -> None:
        self._pace = pace
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without clients, as a forked process must."""
        self._reads = Reads()
        self._lock = new_lock()  # of who watches
        self._watching: WeakKeyDictionary[Hub, asyncio.Task[None]] = WeakKeyDictionary()

    async def find(self, address: Address) -> Known | None:
        """What the store says of a bar; ``None`` where it says nothing, or not in time."""
        try:
            async with asyncio.timeout(self._pace.patience):
                return await self._read(address)
        except (TimeoutError, StoreError):
            return None

    def find_and_wait(self, address: Address) -> Known | None:
        """:meth:`find` for sync code."""
        store = shared_store()
        try:
            return read_known(kept_values(store.ask_and_wait(store.store.retained, address.topic)))
        except StoreError:
            return None

    async def _read(self, address: Address) -> Known | None:
        store = shared_store()
        return read_known(kept_values(await self._reads.retained(store, address.topic)))

    def attend(
        self, hub: Hub, address: Address, socket: Socket, told: Known | None, introduce: Introduce | None
    ) -> None:
        """A newcomer was told of a bar: see to it that this was the newest, and that it hears of the death of runs.

        :param told: what it was told, if that was the store's.
        :param introduce: tells it anew; ``None`` where it has it from the bar itself.
        """
        loop = hub.loop()
        if loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._attend, hub, address, socket, told, introduce)

    def _attend(
        self, hub: Hub, address: Address, socket: Socket, told: Known | None, introduce: Introduce | None
    ) -> None:
        loop = asyncio.get_running_loop()
        if introduce is not None:
            keep(loop.create_task(self._look_again(address, socket, told, introduce)))
        with self._lock:
            watching = self._watching.get(hub)
            if watching is None or watching.done() or not watching.get_loop().is_running():
                self._watching[hub] = keep(loop.create_task(self._watch(hub)))

    async def _look_again(self, address: Address, socket: Socket, told: Known | None, introduce: Introduce) -> None:
        came = time()
        await asyncio.sleep(self._pace.second_look)
        with suppress(StoreError):
            known = await self._read(address) if not socket.closed else None
            if known is None or (told is not None and known.data == told.data) or known.at > came + self._pace.slack:
                return
            try:
                introduce(socket, known)
            except Exception as error:
                if not is_connection_closed(error):
                    raise

    async def _watch(self, hub: Hub) -> None:
        """Tell the clients here of runs that die, and that turn out to be alive."""
        store, pace, roll = shared_store(), self._pace, Roll(self._pace.mending)
        while True:
            pause = pace.interval
            try:
                rows = rows_of(kept_values(await store.ask(store.store.retained, JOBS)))
                absent = await self._sort(store, roll.absent_from(rows))
            except StoreError:  # which is logged
                roll.distrust(time())
            else:
                now = time()
                verdict = roll.look(rows, absent, now)
                await self._show(hub, verdict.shown)
                for row in verdict.dead:
                    _deliver(hub, row.address, FAILED, {})
                pause = min(pause, roll.next_death(now) or pause)
                await self._tidy(store, roll.known, now)
            await asyncio.sleep(max(pause, pace.patience))
            with self._lock:  # so that who comes meanwhile finds either one that watches, or none
                if self._watching.get(hub) is not asyncio.current_task():  # another has begun, while this loop stood
                    return
                if hub.is_empty:
                    del self._watching[hub]
                    return

    async def _sort(self, store: Guard, runs: Runs) -> Absent:
        """Find out why ``runs`` are not in the store any more."""
        absent = Absent({}, {}, {}, {})
        position = sound_position(await store.ask(store.store.lasts, [JOBS]), JOBS) if runs else {}
        for id_, row in runs.items():
            if row.told.is_in(position):
                absent.released[id_] = row
                continue
            known = await self._read(row.address)
            if known is not None and known.run != id_:
                absent.superseded[id_] = row
            elif row.is_settled:
                absent.awaited[id_] = row
            else:
                absent.unclaimed[id_] = row
        return absent

    async def _show(self, hub: Hub, rows: Iterable[Row]) -> None:
        """Tell the clients here where the bars of these runs stand."""
        for row in rows:
            with suppress(StoreError):
                known = await self._read(row.address)
                if known is not None:
                    _deliver(hub, row.address, "init", known.data)

    @staticmethod
    async def _tidy(store: Guard, rows: Runs, now: float) -> None:
        for id_, row in rows.items():
            if row.until + FORGOTTEN < now:
                with suppress(StoreError):
                    await store.ask(store.store.forget, JOBS, id_)


def _deliver(hub: Hub, address: Address, event: str, data: Mapping[str, Any]) -> None:
    """Tell the clients of this process."""
    event = f"{address.name}_{event}"
    hub.deliver(Message(address.path, event, encoder.event(event, dict(data))), address.path)


#: That of this process.
lookout = Lookout()
