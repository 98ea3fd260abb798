"""Watches the connections of those who have logged in, and closes them when the login has ended."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import AsyncToSync

from . import conf
from .core.connection import Connection
from .core.hub import hub
from .core.outage import Outage
from .core.workers import Workers
from .database import with_database
from .login import Login

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger("tornado_websockets")

#: Close code for a client whose login has ended.
LOGGED_OUT = 4401

#: Seconds before a look that a session's end, or a logout, asks for: such a session must not be looked at all the time.
LEAST_INTERVAL = 0.5

#: Seconds from the answer to a handshake to the first look. What the client asks for first goes before it, and a logout
#: that Django had told of before the client was watched, but was still to carry out, is done by then.
FIRST_LOOK = 0.25

#: Seconds before the first look is tried again, if it failed.
RETRY = 5.0

#: Threads that look at logins, made when needed. After a restart everybody connects at once, and is looked at.
THREADS = 4

#: Seconds in which looks are gathered, and how many are done in a row: to connect to the database costs more than one.
GATHERING = 0.05
BATCH = 50


class Watched:
    """The connection of somebody who has logged in.

    :ivar has_been_seen: whether its login was found valid since the handshake; of a test's connection nobody asks.
    """

    __slots__ = ("connection", "has_been_seen", "key", "login", "timer")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.key = _key(connection.user)
        self.login = Login(connection.user, connection.session)
        self.has_been_seen = _is_simulated(connection)
        self.timer: asyncio.TimerHandle | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self.connection.lane.loop

    def end(self) -> None:
        """Close it. From any thread."""
        path, id_ = self.connection.path, self.connection.id
        logger.info("Closing a connection, its login has ended (path %.64r, connection %s)", path, id_)
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.connection.dismiss, LOGGED_OUT, "Logged out.")


class Watch:
    """The connections of everyone who has logged in.

    Each login is looked at once when its connection is open, since it may have ended while the handshake was being
    decided; then every ``REAUTH_INTERVAL`` seconds and when its session is due to end. That is done by queries in
    threads of our own; and without any when Django tells this process of a logout, or of a change of the user.
    """

    def __init__(self) -> None:
        self._workers = Workers("logins", THREADS, with_database)
        self._outage = Outage("Cannot tell whether a login has ended, will look again")
        self.forget()

    def forget(self) -> None:
        """Start without connections, as a forked process must: those it sees are its parent's."""
        self._outage.forget()
        self._lock = threading.Lock()
        self._watched: dict[Connection, Watched] = {}
        self._by_user: dict[Any, set[Watched]] = {}
        self._due: dict[asyncio.AbstractEventLoop, list[Watched]] = {}

    def add(self, connection: Connection) -> None:
        """A client has connected. Called on its event loop; pairs with :meth:`remove`."""
        if getattr(connection.user, "is_authenticated", False):
            watched = Watched(connection)
            with self._lock:
                self._watched[connection] = watched
                self._by_user.setdefault(watched.key, set()).add(watched)
            self._look_later(watched)

    def remove(self, connection: Connection) -> None:
        """It has gone."""
        with self._lock:
            watched = self._watched.pop(connection, None)
            if watched is None:
                return
            others = self._by_user[watched.key]
            others.discard(watched)
            if not others:
                del self._by_user[watched.key]
        if watched.timer is not None:
            watched.timer.cancel()

    def of(self, user: Any) -> Collection[Watched]:
        """The connections of a user. From any thread."""
        return self.of_key(_key(user))

    def of_key(self, key: Any) -> Collection[Watched]:
        """The same, by what the user is known by."""
        with self._lock:
            return list(self._by_user.get(key, ()))

    def look_soon(self, watched: Watched) -> None:
        """Look at its login when what goes on now is through. From any thread."""
        with suppress(RuntimeError):  # the loop is closed
            watched.loop.call_soon_threadsafe(watched.loop.call_later, LEAST_INTERVAL, self._look, watched)

    def _look_later(self, watched: Watched, seconds_to_first: float = FIRST_LOOK) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        interval: float | None = conf.get("REAUTH_INTERVAL")
        seconds = interval
        if interval is not None and watched.login.ends_in is not None:
            seconds = min(interval, max(LEAST_INTERVAL, watched.login.ends_in))
        if not watched.has_been_seen:
            seconds = seconds_to_first if seconds is None else min(seconds, seconds_to_first)
        if seconds is not None:
            watched.timer = watched.loop.call_later(seconds, self._look, watched)

    def _look(self, watched: Watched) -> None:
        due = self._due.setdefault(watched.loop, [])
        due.append(watched)
        if len(due) == 1:
            watched.loop.call_later(GATHERING, self._look_at_due, watched.loop)

    def _look_at_due(self, loop: asyncio.AbstractEventLoop) -> None:
        due = self._due.pop(loop, [])
        for start in range(0, len(due), BATCH):
            batch = due[start : start + BATCH]
            self._workers.run(partial(_look_at_all, batch)).add_done_callback(partial(self._conclude, batch))

    def _conclude(self, batch: list[Watched], outcome: "asyncio.Future[list[Finding]]") -> None:
        if outcome.cancelled():
            return
        error = outcome.exception()
        findings = outcome.result() if error is None else [error] * len(batch)
        for watched, finding in zip(batch, findings, strict=True):
            self._judge(watched, finding)

    def _judge(self, watched: Watched, finding: "Finding") -> None:
        if isinstance(finding, BaseException):  # a database that is down is no reason to show everyone out
            self._outage.failed(finding)
        elif finding is not None:
            self._outage.worked()
            watched.has_been_seen = True
        if watched.connection.closed:
            return
        if finding is False:
            watched.end()
        else:
            self._look_later(watched, RETRY)


#: What a look has shown: whether a login is valid, or why that cannot be told; ``None`` when its client has gone.
Finding = bool | BaseException | None


def _look_at_all(batch: list[Watched]) -> list[Finding]:
    """Look at these in a row, by one connection to the database. Without a database, looking at one is enough."""
    from django.db import InterfaceError, OperationalError, close_old_connections

    findings: list[Finding] = []
    for watched in batch:
        try:
            findings.append(None if watched.connection.closed else watched.login.is_valid())
        except BaseException as error:
            findings.append(error)
            close_old_connections()
            if isinstance(error, (InterfaceError, OperationalError)):
                break
    return findings + findings[-1:] * (len(batch) - len(findings))


#: The watch of this process.
watch = Watch()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=watch.forget)


def connect_signals() -> None:
    """Have Django tell of logouts, and of changes of its users."""
    from django.apps import apps
    from django.contrib.auth import get_user_model
    from django.contrib.auth.signals import user_logged_out
    from django.db.models.signals import post_delete, post_save

    user_logged_out.connect(_on_logout)
    users = [model for model in apps.get_models() if issubclass(model, get_user_model())]  # proxies are told of, too
    for model in users:
        post_save.connect(_on_save, sender=model)
        post_delete.connect(_on_delete, sender=model)


def _on_logout(user: Any, request: Any, **_: Any) -> None:
    session = getattr(request, "session", None)
    for watched in watch.of(user):
        if session is None:  # Channels' logout(): the session will be gone in a moment
            watch.look_soon(watched)
        elif watched.login.session_key is not None and watched.login.session_key == session.session_key:
            watched.end()
    for connection in _open_transactions():
        if _may_matter(user):
            _at_commit(partial(_look_at, user), connection.alias)


def _on_save(instance: Any, using: str, **_: Any) -> None:
    if _may_matter(instance):
        _at_commit(partial(_end_invalid, instance), using)


def _on_delete(instance: Any, using: str, **_: Any) -> None:
    if _may_matter(instance):
        _at_commit(partial(_end_all, _key(instance)), using)  # which Django takes away in between


def _look_at(user: Any) -> None:
    for watched in watch.of(user):
        watch.look_soon(watched)


def _end_invalid(user: Any) -> None:
    for watched in watch.of(user):
        if not watched.login.is_valid_for(user):
            watched.end()


def _end_all(key: Any) -> None:
    for watched in watch.of_key(key):
        watched.end()


def _may_matter(user: Any) -> bool:
    """Whether the user has connections, or may have them at the commit: a handshake may be going on."""
    return not hub.admission.is_empty or bool(watch.of(user))


def _open_transactions() -> "list[BaseDatabaseWrapper]":
    from django.db import connections

    return [connection for connection in connections.all(initialized_only=True) if connection.in_atomic_block]


def _at_commit(call: Callable[[], None], using: str) -> None:
    from django.db import transaction

    if transaction.get_autocommit(using) or transaction.get_connection(using).in_atomic_block:
        transaction.on_commit(call, using=using, robust=True)
    else:  # transactions by hand, of whose commit Django does not tell
        call()


def _is_simulated(connection: Connection) -> bool:
    """Whether a test has connected: its user may be in a transaction that our threads do not see."""
    is_loop_of_sync_code = connection.lane.loop in AsyncToSync.loop_thread_executors  # as Django's tests have it
    return is_loop_of_sync_code or getattr(connection.transport, "is_simulated", False)


def _key(user: Any) -> Any:
    """What a user is known by; one that is not a model by itself."""
    primary_key = getattr(user, "pk", None)
    return id(user) if primary_key is None else primary_key
