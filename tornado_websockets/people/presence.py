"""Presence: tells the clients of a path who else is there.

It is long because joining, leaving, grace and what clients are told of it share one state under one lock.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from .. import conf
from ..core.delivery.audience import Audience
from ..core.delivery.message import Message
from ..core.forking import after_fork
from ..core.handlers.leasing import lease_threads
from ..core.handlers.signatures import call_in_thread, runs_on_loop
from ..core.handlers.workers import Workers
from ..core.logger import log_error
from ..core.people.place import Place, Row
from ..core.stopping import stopping
from ..core.tasks import is_own_cancellation, keep
from ..database import idle_database, with_database
from ..encoding import encoder
from ..exceptions import is_connection_closed
from .counting import AWAITED_SINCE, KNOWN, LEFT, count, has_awaited
from .presenting import COUNT, Option, check_option, read_info
from .sharing import Sharing, SharingPace, is_shared

if TYPE_CHECKING:
    from ..core.connections.connection import Connection
    from ..core.delivery.hub import Hub

#: The event by which clients are told.
EVENT: Final = "presence"

#: Threads in which a sync ``presence`` of one WebSocket may run at a time.
MOST_THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class PresencePace:
    """When clients are told; in seconds, where nothing else is said.

    :ivar gathering: in which changes are gathered.
    :ivar many: people above whom those who come are shown them together, when changes are told.
    :ivar returning: in which those come back whose server stops: it tells them within five, to return within ten.
    """

    gathering: float = 0.1
    many: int = 200
    returning: float = 15.0


class Presence:
    """The people of one WebSocket; an observer of its connections.

    :param path: of the WebSocket, for the log.
    :param option: as ``WebSocket(presence=...)`` has it.
    :param pace: when clients are told.
    :param sharing: when other processes are.
    """

    is_needed = False

    def __init__(
        self,
        path: str,
        option: Option,
        pace: PresencePace = PresencePace(),
        sharing: SharingPace = SharingPace(),  # noqa: B008 it is frozen
    ) -> None:
        check_option(option, path)
        self._path = path
        self._ask = option if callable(option) else None
        self._is_counted = option == COUNT
        self._pace = pace
        self._sharing = Sharing(self._row_at, self._take_rows, sharing)
        self._workers = Workers(f"{path} presence", MOST_THREADS, with_database, idle_database)
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without people, as a forked process must."""
        self._lock = threading.RLock()
        self._places: dict[str, Place] = {}
        self._names: dict[str, str] = {}  # of anonymous people, by connection
        self._early: WeakKeyDictionary[Connection, Any] = WeakKeyDictionary()  # said by who does not take part yet
        self._counts: dict[str, int] = {}  # of people at each topic, as it was told last
        self._awaiting: set[str] = set()  # topics that may have people who are counted, and come back as others
        self._parting_since = 0.0  # when those who are here began to be written down as sent away; zero before
        self._shown: dict[str, dict[Connection, int]] = {}  # who was shown a topic's people before all are told
        self._unshown: dict[str, set[str]] = {}  # by topic, ids of who is shown nobody yet, while we ask who that is
        self._gathering: dict[str, asyncio.AbstractEventLoop] = {}  # which loop is about to tell of a topic's changes
        self._sharing.forget()

    # For applications.

    async def find(self, topic: str) -> Place:
        """Who is at ``topic``, in every process that shares the store.

        :raises StoreError: the store does not tell.
        """
        return self._found(topic, await self._sharing.ask(topic) if is_shared() else {})

    def find_and_wait(self, topic: str) -> Place:
        """The same, for sync code."""
        return self._found(topic, self._sharing.ask_and_wait(topic) if is_shared() else {})

    def _found(self, topic: str, rows: Mapping[str, Row]) -> Place:
        found = Place()
        with self._lock:
            rows = {**rows, "here": self._row_at(topic)}
        if self._is_counted:  # what is said of them is for the count alone
            rows = {name: _without_info(row) for name, row in rows.items()}
        found.take(rows)
        return found

    def present(self, connection: Connection, info: Any) -> None:
        """A client says that it is here; errors as of ``socket.present``."""
        self._refuse_if_counted()
        read = read_info(info)
        with self._lock:
            if not connection.takes_part:  # it may be refused
                self._early[connection] = read
                return
            self._early.pop(connection, None)  # it has just been let in
        self._enter(connection, read)

    def absent(self, connection: Connection) -> None:
        """A client takes that back."""
        self._refuse_if_counted()
        with self._lock:
            self._early.pop(connection, None)
        self._leave(connection)

    def _refuse_if_counted(self) -> None:
        if self._is_counted:
            raise RuntimeError(f"The clients of {self._path!r} are only counted: give presence=True to have them say.")

    # For the endpoint, on the event loop of each connection.

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; its ``open`` handler has not run yet."""
        reading = None
        if is_shared():
            reading = self._sharing.begin(connection.endpoint.hub, connection.path)
            connection.shard.endings.add(self.part)
        with self._lock:
            said = {} if self._is_counted else self._early.pop(connection, None)
        if said is not None:
            self._enter(connection, said)
        if self._ask is None and reading is None:
            self._show(connection)
        else:
            with self._lock:
                self._unshown.setdefault(connection.path, set()).add(connection.id)
            introduction = keep(asyncio.get_running_loop().create_task(self._introduce(connection, reading)))
            introduction.add_done_callback(lambda _: self._forget_unshown(connection))  # it may never have begun

    def on_disconnected(self, connection: Connection) -> None:
        """It has disconnected. A user may come back by another connection; who is nobody is known by this one alone.

        When the server stops, all come back, and nobody shall be told: who does not is forgotten with the process.
        """
        grace: float = conf.get("PRESENCE_GRACE")
        with self._lock:
            place, name = self._place(connection.path), self._names.pop(connection.id, "")
            is_nobody = name != ""
            if place.info_of(connection.id) is None:
                return  # it was not seen
            at = place.time_of(connection.id)
            if connection.is_sent_away:
                if is_nobody and self._is_counted:
                    self._await(connection.path, place, connection.id, at)
                grace, is_nobody = grace + self._pace.returning, False
            is_awaited, until = grace > 0 and not is_nobody, monotonic() + grace
            place.leave(connection.id, until if is_awaited else None)
            if is_nobody and connection.path in self._awaiting:
                self._remember(connection, place, name, at)
        if connection.is_sent_away:
            self._sharing.outlast(connection.path, grace)
        if is_awaited:
            self._tell_later(connection, grace, until)
        else:
            self._gather(connection)

    def _tell_later(self, connection: Connection, seconds: float, until: float) -> None:
        """Tell who counts no more by then; ``until`` as of :meth:`_place`."""
        hub, topic = connection.endpoint.hub, connection.path
        for loop in hub.loops_of(topic) or [connection.shard.loop]:  # any of them may have ended by then
            _call_later(loop, seconds, self._tell, hub, topic, until)

    async def part(self) -> None:
        """The process stops: write down its people as they shall outlast it, before they are sent away.

        Others know by then that those whom nobody knows come back, however soon these do, and the process ends.
        """
        with self._lock:
            self._parting_since = self._parting_since or time()
            for topic, place in self._places.items() if self._is_counted else ():
                for id_, person, at in place.own():
                    if self._names.get(id_) == person:
                        self._await(topic, place, id_, at)
        await self._sharing.part(conf.get("PRESENCE_GRACE") + self._pace.returning)

    def on_user_changed(self, connection: Connection) -> None:
        """``socket.user`` is another now. From any thread."""
        with self._lock:
            place, person = self._place(connection.path), connection.user_key or self._names.get(connection.id)
            info = place.info_of(connection.id)
            is_same = person is not None and person == place.person_of(connection.id)
        if info is not None and not is_same:  # who was only read again has said nothing new
            self._enter(connection, info)

    async def _introduce(self, connection: Connection, reading: Future[None] | None) -> None:
        """Ask the application who that is, then show the client who is here, when that is known."""
        if self._ask is not None:
            await self._present_as_asked(connection, self._ask)
        if reading is not None:
            await self._sharing.wait(reading)
        self._show(connection)

    async def _present_as_asked(self, connection: Connection, ask: Callable[[Any], Any]) -> None:
        if connection.leases_threads:
            lease_threads()
        try:
            said = await self._said_of(connection, ask)
            if said is not None:
                self.present(connection, said)
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
                raise
            where = connection.path, connection.id
            what = "presence failed, nobody sees this client (path %.64r, connection %s)"
            log_error(connection.offer, error, what, *where)

    async def _said_of(self, connection: Connection, ask: Callable[[Any], Any]) -> Any:
        if runs_on_loop(ask):
            said = ask(connection.socket)
        else:
            run = self._workers.wait if connection.leases_threads else connection.run
            said = await run(partial(call_in_thread, partial(ask, connection.socket)))
        return await said if inspect.isawaitable(said) else said

    # What they have in common.

    def _place(self, topic: str, until: float = 0.0) -> Place:
        """Who is at ``topic``; call it with the lock held.

        :param until: those who counted until then count no more, though it may be a moment away.
        """
        place = self._places.get(topic)
        if place is None:
            return Place()
        place.expire(max(until, monotonic()))
        return place

    def _forget(self, topic: str) -> None:
        """Nobody is at ``topic``; call it with the lock held."""
        self._places.pop(topic, None)
        self._awaiting.discard(topic)

    def _await(self, topic: str, place: Place, id_: str, at: float) -> None:
        """Nobody knows that client, which is counted, and is sent away; call it with the lock held."""
        person, info = place.person_of(id_), place.info_of(id_)
        if person is not None and info is not None and AWAITED_SINCE not in info:
            place.enter(id_, person, {AWAITED_SINCE: time()}, at)
            self._awaiting.add(topic)

    def _remember(self, connection: Connection, place: Place, name: str, at: float) -> None:
        """It has come while others were awaited perhaps, and is gone; call it with the lock held."""
        seconds: float = conf.get("PRESENCE_GRACE") + self._pace.returning
        until = monotonic() + seconds
        place.enter(name, name, LEFT, at)
        place.leave(name, until)
        self._tell_later(connection, seconds, until)

    def _enter(self, connection: Connection, info: Mapping[str, Any]) -> None:
        if connection.closed:
            return
        with self._lock:
            person, topic = connection.user_key, connection.path
            place = self._places[topic] = self._places.get(topic) or Place()
            place.expire(monotonic())
            if person is None:  # its own id may be known to others, who could spare it by that
                person = self._names.setdefault(connection.id, secrets.token_hex(16))
            else:
                name = self._names.pop(connection.id, None)
                if name is not None and topic in self._awaiting and place.person_of(connection.id) == name:
                    self._remember(connection, place, name, place.time_of(connection.id))
            if self._is_counted:
                info = {} if connection.user_key is None else KNOWN
            place.enter(connection.id, person, info, time())
            if self._is_counted and info != KNOWN and self._parting_since and stopping.has_begun:
                self._await(topic, place, connection.id, place.time_of(connection.id))
        self._gather(connection)
        if connection.closed:  # meanwhile, in another thread
            self._leave(connection)
            self._names.pop(connection.id, None)

    def _leave(self, connection: Connection) -> None:
        with self._lock:
            self._place(connection.path).leave(connection.id)
        self._gather(connection)

    def _forget_unshown(self, connection: Connection) -> None:
        """A client is told of changes like all others from now on."""
        with self._lock:
            unshown = self._unshown.get(connection.path, set())
            unshown.discard(connection.id)
            if not unshown:
                self._unshown.pop(connection.path, None)

    def _show(self, connection: Connection) -> None:
        """Send one client who is here; one of many together with others."""
        with self._lock:
            self._forget_unshown(connection)
            if connection.closed:  # meanwhile: what a crowd looks like takes a while to write
                return
            place = self._place(connection.path)
            shown = self._shown.get(connection.path)
            is_many = len(place) > self._pace.many and shown is not None
            if shown is not None:
                shown[connection] = _NOTHING if is_many else place.version
            text = "" if is_many else self._whole(connection.path, place)
        if text:
            _write(connection, text)

    def _row_at(self, topic: str) -> Row:
        with self._lock:
            return self._place(topic).row(self._parting_since)

    def _take_rows(self, hub: Hub, topic: str, rows: Mapping[str, Row]) -> None:
        """Other processes have these people. On an event loop."""
        with self._lock:
            place = self._places[topic] = self._places.get(topic) or Place()
            before = place.version
            place.take(rows)
            has_changed = place.version != before
            if has_changed and self._is_counted and has_awaited(place.said()):
                self._awaiting.add(topic)
            if not place:
                self._forget(topic)
        if has_changed:
            self._gather_at(hub, topic, asyncio.get_running_loop())

    def _count(self, topic: str, place: Place) -> int:
        """How many people are here."""
        if topic not in self._awaiting:
            return len(place)
        said = place.said()
        if not has_awaited(said):
            self._awaiting.discard(topic)
        return count(said)

    def _whole(self, topic: str, place: Place) -> str:
        """The frame for newcomers. In a crowd somebody comes all the time, and few of the others have changed."""
        if self._is_counted:
            return encoder.event(EVENT, {"count": self._count(topic, place)})
        return _WHOLE.replace("[]", f"[{','.join(place.texts(encoder.value))}]")

    def _gather(self, connection: Connection) -> None:
        """Tell everybody at the path what has changed, in a moment. From any thread."""
        self._gather_at(connection.endpoint.hub, connection.path, connection.shard.loop)

    def _gather_at(self, hub: Hub, topic: str, loop: asyncio.AbstractEventLoop) -> None:
        """The same.

        :param loop: where that is done, unless others have clients at ``topic`` and it has not: it may end before.
        """
        loops = hub.loops_of(topic)
        with self._lock:
            gathering = self._gathering.get(topic)
            if gathering is not None and (gathering in loops or (not loops and gathering.is_running())):
                return  # it is about to
            shown = self._shown.get(topic, {})
            self._shown[topic] = {each: at for each, at in shown.items() if each.shard.loop.is_running()}
            self._gathering[topic] = loop = loop if loop in loops else next(iter(loops), loop)
        _call_later(loop, self._pace.gathering, self._tell, hub, topic)

    def _tell(self, hub: Hub, topic: str, until: float = 0.0) -> None:
        """Tell everybody at ``topic`` what has changed, and those who were shown it meanwhile what they lack of it.

        :param until: as of :meth:`_place`: a loop may call up to a millisecond too early, by the clock that we read.
        """
        with self._lock:
            place, shown = self._place(topic, until), self._shown.pop(topic, {})
            self._gathering.pop(topic, None)
            whole = self._whole(topic, place) if _NOTHING in shown.values() else ""
            count = self._count(topic, place) if self._is_counted else 0
            lacking = {each: self._changes_since(place, at, count) for each, at in shown.items() if at != _NOTHING}
            data = self._changes(topic, place, count)
            unaware = frozenset((*(each.id for each in shown), *self._unshown.get(topic, ())))
            if not place:
                self._forget(topic)
        self._sharing.hurry(topic)
        if data is not None:
            audience = Audience(exclude=unaware) if unaware else None
            hub.deliver(Message(topic, EVENT, encoder.event(EVENT, data), audience=audience), topic)
        for connection in shown:
            lack = lacking.get(connection)
            if connection not in lacking:
                _write(connection, whole)
            elif lack is not None:
                _write(connection, encoder.event(EVENT, lack))

    def _changes_since(self, place: Place, version: int, count: int) -> dict[str, Any] | None:
        if self._is_counted:
            return {"count": count} if place.version > version else None
        return place.changes_since(version)

    def _changes(self, topic: str, place: Place, count: int) -> dict[str, Any] | None:
        changes: dict[str, Any] | None = place.tell()
        if not self._is_counted:
            return changes
        before = self._counts.pop(topic, 0)
        if count:
            self._counts[topic] = count
        return None if before == count else {"count": count}


#: The frame that shows nobody.
_WHOLE: Final = encoder.event(EVENT, {"people": []})

#: The version that who waits for all of it was shown.
_NOTHING: Final = -1


def _without_info(row: Row) -> Row:
    """The people of a process, without what is said of them for the count."""
    return {id_: said._replace(info={}) for id_, said in row.items() if said.info != LEFT}


def _call_later(loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[..., object], *arguments: Any) -> None:
    """Call on an event loop, unless that has ended. From any thread."""
    with suppress(RuntimeError):  # it is closed
        loop.call_soon_threadsafe(loop.call_later, seconds, call, *arguments)


def _write(connection: Connection, text: str) -> None:
    """Send it, unless the client has gone."""
    if connection.closed:
        return
    try:
        connection.write(text)
    except Exception as error:
        if not is_connection_closed(error):
            raise
