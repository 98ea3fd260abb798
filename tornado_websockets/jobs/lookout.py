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
from ..core.recovery.reads import Reads
from ..core.tasks import keep
from ..encoding import encoder
from ..exceptions import StoreError, is_connection_closed
from ..people.sharing import shared_store
from .keeping import FAILED, Known, read_known
from .register import FORGOTTEN, JOBS, Row, rows_of

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
            return read_known(store.ask_and_wait(store.store.retained, address.topic))
        except StoreError:
            return None

    async def _read(self, address: Address) -> Known | None:
        store = shared_store()
        return read_known(await self._reads(store, store.store.retained, address.topic))

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
        """Tell the clients here of runs that die, and that turn out to be alive.

        A run that was only away says so itself; but whatever carries that may have taken it to be gone as well. Those
        that were dead before are shown so to who comes.
        """
        store, pace = shared_store(), self._pace
        buried: Mapping[str, float] | None = None  # until when they were alive
        seen: Mapping[str, Row] = {}
        lost: Mapping[str, Row] = {}
        trusted_from = told_from = 0.0  # when the store knows all, and clients are told all
        while not hub.is_empty:
            pause = pace.interval
            try:
                rows = rows_of(await store.ask(store.store.retained, JOBS))
                missing = {id_: row for id_, row in seen.items() if not (id_ in rows or id_ in (buried or ()))}
                gone = await self._find_gone(store, missing)
                is_emptied = bool(gone.keys() - lost.keys()) or _is_anew(seen, rows)
                lost, ended = await self._sort(gone)
            except StoreError:  # which is logged
                trusted_from = told_from = time() + pace.mending
            else:
                now = time()
                if is_emptied:  # and so, perhaps, is what carries to the clients how a run has ended
                    told_from = now + pace.mending
                if now < told_from:
                    ended += [row for id_, row in missing.items() if id_ not in gone]
                await self._show(hub, ended)
                seen = rows = {**rows, **lost}
                if now >= trusted_from:
                    back = [rows[id_] for id_ in buried or () if id_ in rows and rows[id_].until > now]
                    await self._show(hub, back)
                    buried = _bury(hub, rows, buried, now)
                pause = min([pause, *(row.until - now for row in rows.values() if row.until > now)])
                await self._tidy(store, rows, now)
            await asyncio.sleep(max(pause, pace.patience))

    @staticmethod
    async def _find_gone(store: Guard, missing: Mapping[str, Row]) -> dict[str, Row]:
        """Those of the runs ``missing`` in the store that it was not told to forget: it was emptied."""
        position = (await store.ask(store.store.lasts, [JOBS])).get(JOBS, {}) if missing else {}
        return {id_: row for id_, row in missing.items() if not row.told.is_in(position)}

    async def _sort(self, gone: Mapping[str, Row]) -> tuple[dict[str, Row], list[Row]]:
        """Which of them may yet tell the store of themselves, and are dead if they do not; and which have ended.

        Those have that the store was told of as ended since, or of whose job it was told another run.
        """
        lost, ended = {}, []
        for id_, row in gone.items():
            known = await self._read(row.address)
            if known is not None and known.run != id_:
                ended.append(row)
            elif row.is_settled:
                lost[id_] = row
        return lost, ended

    async def _show(self, hub: Hub, rows: Iterable[Row]) -> None:
        """Tell the clients here where the bars of these runs stand."""
        for row in rows:
            with suppress(StoreError):
                known = await self._read(row.address)
                if known is not None:
                    _deliver(hub, row.address, "init", known.data)

    @staticmethod
    async def _tidy(store: Guard, rows: Mapping[str, Row], now: float) -> None:
        for id_, row in rows.items():
            if row.until + FORGOTTEN < now:
                with suppress(StoreError):
                    await store.ask(store.store.forget, JOBS, id_)


def _is_anew(seen: Mapping[str, Row], rows: Mapping[str, Row]) -> bool:
    """Whether the store was emptied, and has been told anew of runs that were ``seen``."""
    return any(id_ in seen and row.told.sender != seen[id_].told.sender for id_, row in rows.items())


def _bury(hub: Hub, rows: Mapping[str, Row], buried: Mapping[str, float] | None, now: float) -> dict[str, float]:
    """Tell the clients of this process of runs that are dead, and were not ``buried``; those are returned together."""
    dead = {id_: row for id_, row in rows.items() if row.until <= now and row.is_settled}
    for id_, row in dead.items():
        if buried is not None and buried.get(id_) != row.until:
            _deliver(hub, row.address, FAILED, {})
    return {id_: row.until for id_, row in dead.items()}


def _deliver(hub: Hub, address: Address, event: str, data: Mapping[str, Any]) -> None:
    """Tell the clients of this process."""
    event = f"{address.name}_{event}"
    hub.deliver(Message(address.path, event, encoder.event(event, dict(data))), address.path)


#: That of this process.
lookout = Lookout()
