"""Checks again whether those who have connected are still logged in, and closes who is not."""

import asyncio
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from random import uniform
from typing import Any

from asgiref.sync import AsyncToSync

from .. import conf
from ..core.complaints import Outage
from ..core.connections.connection import Connection
from ..core.forking import after_fork
from ..core.handlers.workers import Workers
from ..core.logger import logger
from ..core.protocol.closing import LOGGED_OUT, SESSION_GONE
from ..core.tasks import keep
from ..database import idle_database, with_database
from .authentication import AuthenticationUnavailable
from .keys import user_key
from .login import Login, Standing, read

#: Threads that look at logins, made when needed. After a restart everybody connects at once, and is looked at.
LOOKING_THREADS = 4


#: Sessions that are remembered to have ended here, while handshakes are going on.
MOST_LOGOUTS = 1_000


@dataclass(frozen=True, slots=True)
class RecheckPace:
    """When logins are looked at, apart from ``REAUTH_INTERVAL``; in seconds.

    :ivar first: from the answer to a handshake to the first look. What the client asks for first goes before it, and a
        logout that Django had told of before the client was here, but was still to carry out, is done by then.
    :ivar retry: before the first look is tried again, if it failed.
    :ivar least: at least so long until a session is looked at again that has just ended, so that it is not polled in a
        loop.
    :ivar tick: looks of the same interval are put off to the next one, so that they are done together.
    :ivar gathering: in which looks are gathered, and ``batch`` how many are done by the same queries.
    """

    first: float = 0.25
    retry: float = 5.0
    least: float = 0.5
    tick: float = 1.0
    gathering: float = 0.05
    batch: int = 50


class OpenLogin:
    """The connection of somebody who has logged in.

    :ivar has_changed: whether the password was another when its login was looked at last.
    :ivar is_logging_out: whether the user has logged out in this process, though perhaps of another session.
    :ivar has_been_seen: whether its login was found valid since the handshake; of a test's connection nobody asks.
    """

    __slots__ = ("connection", "has_been_seen", "has_changed", "is_logging_out", "key", "login", "timer")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.key = key_of(connection.user)
        self.login = Login(connection.user, connection.session if connection.rests_on_session else None)
        self.has_changed = self.is_logging_out = False
        self.has_been_seen = _is_simulated(connection)
        self.timer: asyncio.TimerHandle | None = None

    @property
    def is_asked_again(self) -> bool:
        """Whether ``authenticate`` is to be asked now, which has named the user."""
        connection = self.connection
        return self.has_been_seen and connection.named is not None and connection.endpoint.is_rechecked

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self.connection.shard.loop

    def end(self) -> None:
        """Close it. From any thread."""
        path, id_ = self.connection.path, self.connection.id
        logger.info("Closing a connection, its login has ended (path %.64r, connection %s)", path, id_)
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.connection.kick, LOGGED_OUT, "Logged out.")

    def ask_again(self) -> None:
        """Close it so that the client comes back, and is asked who it is. From any thread."""
        path, id_ = self.connection.path, self.connection.id
        logger.info("Closing a connection, its session is no longer there (path %.64r, connection %s)", path, id_)
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.connection.kick, SESSION_GONE, "Session gone.")


class Logins:
    """The connections of everyone who has logged in.

    Each login is looked at once when its connection is open, since it may have ended while the handshake was being
    decided; then every ``REAUTH_INTERVAL`` seconds and when its session is due to end. That is done by queries in
    threads of our own; and without any when Django tells this process of a logout, or of a change of the user.

    :param pace: when they are looked at.
    """

    is_needed = True

    def __init__(self, pace: RecheckPace = RecheckPace()) -> None:
        self.pace = pace
        self._workers = Workers("logins", LOOKING_THREADS, with_database, idle_database)
        self._outage = Outage("Cannot tell whether a login has ended, will look again")
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start without connections, as a forked process must: those it sees are its parent's."""
        self._outage.forget()
        self._lock = threading.Lock()
        self._entries: dict[Connection, OpenLogin] = {}
        self._by_user: dict[Any, set[OpenLogin]] = {}
        self._logged_out: dict[str | None, None] = {}  # sessions that this process has seen end, the latest last
        self._due: dict[asyncio.AbstractEventLoop, list[OpenLogin]] = {}

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; called on its event loop. Pairs with :meth:`on_disconnected`."""
        user = connection.user
        if user is not None and getattr(user, "is_authenticated", connection.named is not None):
            entry = OpenLogin(connection)
            with self._lock:
                self._entries[connection] = entry
                self._by_user.setdefault(entry.key, set()).add(entry)
            self._look_later(entry, self.pace.first)

    def on_disconnected(self, connection: Connection) -> None:
        """The client has disconnected; its ``close`` handler has not run yet."""
        with self._lock:
            entry = self._entries.pop(connection, None)
            if entry is None:
                return
            others = self._by_user[entry.key]
            others.discard(entry)
            if not others:
                del self._by_user[entry.key]
        if entry.timer is not None:
            entry.timer.cancel()

    def of(self, user: Any) -> Collection[OpenLogin]:
        """The connections of a user. From any thread."""
        return self.of_key(key_of(user))

    def of_key(self, key: Any) -> Collection[OpenLogin]:
        """The same, by what the user is known by."""
        with self._lock:
            return list(self._by_user.get(key, ()))

    def note_logout(self, session_key: str | None) -> None:
        """A session has ended in this process: a handshake that rests on it may be going on."""
        with self._lock:
            self._logged_out[session_key] = None
            while len(self._logged_out) > MOST_LOGOUTS:
                del self._logged_out[next(iter(self._logged_out))]

    def move(self, before: str | None, after: str | None) -> None:
        """A session was given another key in this process: those who have connected by it are still logged in."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            if before is not None and entry.login.session_key == before:
                entry.login.move(after)

    def look_soon(self, entry: OpenLogin) -> None:
        """Look at its login when what goes on now is through. From any thread."""
        with suppress(RuntimeError):  # the loop is closed
            entry.loop.call_soon_threadsafe(entry.loop.call_later, self.pace.least, self._look, entry)

    def look_now(self, entry: OpenLogin) -> None:
        """Look at its login. From any thread."""
        with suppress(RuntimeError):  # the loop is closed
            entry.loop.call_soon_threadsafe(self._look, entry)

    def _look_later(self, entry: OpenLogin, seconds_to_first: float, part: float = 1.0) -> None:
        """Look at its login when the interval is over, or this part of it."""
        if entry.timer is not None:
            entry.timer.cancel()
        interval: float | None = conf.get("REAUTH_INTERVAL")
        seconds = None if interval is None else interval * part
        if seconds is not None and entry.login.ends_in is not None:
            seconds = min(seconds, max(self.pace.least, entry.login.ends_in))
        if not entry.has_been_seen:
            seconds = seconds_to_first if seconds is None else min(seconds, seconds_to_first)
        if seconds is not None:
            at = entry.loop.time() + seconds
            tick = min(self.pace.tick, seconds / 10)
            entry.timer = entry.loop.call_at(ceil(at / tick) * tick if tick else at, self._look, entry)

    def _look(self, entry: OpenLogin) -> None:
        if entry.is_asked_again:
            keep(asyncio.ensure_future(self._ask_again(entry), loop=entry.loop))
            return
        due = self._due.setdefault(entry.loop, [])
        due.append(entry)
        if len(due) == 1:
            entry.loop.call_later(self.pace.gathering, self._look_at_due, entry.loop)

    async def _ask_again(self, entry: OpenLogin) -> None:
        """Ask who it is, as at the handshake."""
        finding: Finding
        try:
            is_still = await entry.connection.endpoint.authentication.is_still(entry.connection)
            finding = Standing.VALID if is_still else Standing.ENDED
        except AuthenticationUnavailable as error:
            finding = error
        self._judge(entry, finding)

    def _look_at_due(self, loop: asyncio.AbstractEventLoop) -> None:
        due = self._due.pop(loop, [])
        for start in range(0, len(due), self.pace.batch):
            batch = due[start : start + self.pace.batch]
            self._workers.run(partial(_look_at_all, batch)).add_done_callback(partial(self._conclude, batch))

    def _conclude(self, batch: list[OpenLogin], outcome: "asyncio.Future[list[Finding]]") -> None:
        if outcome.cancelled():
            return
        error = outcome.exception()
        findings = outcome.result() if error is None else [error] * len(batch)
        for entry, finding in zip(batch, findings, strict=True):
            self._judge(entry, finding)

    def _judge(self, entry: OpenLogin, finding: "Finding") -> None:
        is_first = not entry.has_been_seen
        if isinstance(finding, BaseException):  # a database that is down is no reason to show everyone out
            self._outage.failed(finding, offer=entry.connection.offer)
        elif finding is not None:
            self._outage.worked()
            entry.has_been_seen = True
        if entry.connection.closed:
            return
        has_logged_out = entry.is_logging_out or entry.login.session_key in self._logged_out
        if finding is Standing.ENDED or (finding is Standing.GONE and has_logged_out):
            entry.end()
        elif finding is Standing.GONE:
            entry.ask_again()
        elif finding is Standing.CHANGED and entry.has_changed:
            entry.end()
        elif finding is Standing.CHANGED:  # a view may be about to update the session
            entry.has_changed = True
            self.look_soon(entry)
        else:
            entry.has_changed = False
            # Those who came together, after a restart all of them, are not looked at together ever after.
            self._look_later(entry, self.pace.retry, uniform(0.2, 1) if is_first else 1.0)  # noqa: S311 it keeps no secret


#: What a look has shown: how a login stands, or why that cannot be told; ``None`` when its client has gone.
Finding = Standing | BaseException | None


def _look_at_all(batch: list[OpenLogin]) -> list[Finding]:
    """Look at these, by one connection to the database. Without a database, looking at one is enough."""
    from django.db import InterfaceError, OperationalError, close_old_connections

    findings: list[Finding] = []
    try:
        reading = read([entry.login for entry in batch if not entry.connection.closed])
    except BaseException as error:
        close_old_connections()
        return [error] * len(batch)
    for entry in batch:
        try:
            findings.append(None if entry.connection.closed else entry.login.look(reading))
        except BaseException as error:
            findings.append(error)
            close_old_connections()
            if isinstance(error, (InterfaceError, OperationalError)):
                break
    return findings + findings[-1:] * (len(batch) - len(findings))


#: Those of this process.
logins = Logins()


def _is_simulated(connection: Connection) -> bool:
    """Whether a test has connected: its user may be in a transaction that our threads do not see."""
    is_loop_of_sync_code = connection.shard.loop in AsyncToSync.loop_thread_executors  # as Django's tests have it
    return is_loop_of_sync_code or getattr(connection.transport, "is_simulated", False)


def key_of(user: Any) -> Any:
    """What a user is known by; one without a key by itself."""
    key = user_key(user)
    return id(user) if key is None else key
