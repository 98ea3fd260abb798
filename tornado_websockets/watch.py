"""Has an eye on the connections of those who have logged in, and closes them when the login has ended."""

import asyncio
import logging
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import Any

from . import conf
from .core.connection import Connection
from .core.workers import Workers
from .database import with_database
from .login import Login

logger = logging.getLogger("tornado_websockets")

#: Close code for a client whose login has ended.
LOGGED_OUT = 4401

#: Seconds between two looks at a login, at least: a session that is about to end must not be looked at all the time.
LEAST_INTERVAL = 0.5


class Watched:
    """The connection of somebody who has logged in."""

    __slots__ = ("connection", "login", "timer")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.login = Login(connection.user, connection.session)
        self.timer: asyncio.TimerHandle | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self.connection.lane.loop

    def end(self) -> None:
        """Close it. From any thread."""
        path, id_ = self.connection.path, self.connection.id
        logger.info("Closing a connection, its login has ended (path %s, connection %s)", path, id_)
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.connection.dismiss, LOGGED_OUT, "Logged out.")


class Watch:
    """The connections of everyone who has logged in.

    Each login is looked at every ``REAUTH_INTERVAL`` seconds and when its session is due to end, by queries in a thread
    of our own; and without any when Django tells this process of a logout, or of a change of the user.
    """

    def __init__(self) -> None:
        self._workers = Workers("logins", 1, with_database)
        self.forget()

    def forget(self) -> None:
        """Start without connections, as a forked process must: those it sees are its parent's."""
        self._lock = threading.Lock()
        self._by_user: dict[Any, dict[Connection, Watched]] = {}

    def add(self, connection: Connection) -> None:
        """A client has connected. Called on its event loop; pairs with :meth:`remove`."""
        if getattr(connection.user, "is_authenticated", False):
            watched = Watched(connection)
            with self._lock:
                self._by_user.setdefault(_key(connection.user), {})[connection] = watched
            self._look_later(watched)

    def remove(self, connection: Connection) -> None:
        """It has gone."""
        key = _key(connection.user)
        with self._lock:
            connections = self._by_user.get(key, {})
            watched = connections.pop(connection, None)
            if not connections:
                self._by_user.pop(key, None)
        if watched is not None and watched.timer is not None:
            watched.timer.cancel()

    def of(self, user: Any) -> Collection[Watched]:
        """The connections of a user. From any thread."""
        with self._lock:
            return list(self._by_user.get(_key(user), {}).values())

    def look_soon(self, watched: Watched) -> None:
        """Look at its login when what goes on now is through. From any thread."""
        with suppress(RuntimeError):  # the loop is closed
            watched.loop.call_soon_threadsafe(watched.loop.call_later, LEAST_INTERVAL, self._look, watched)

    def _look_later(self, watched: Watched) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        interval: float | None = conf.get("REAUTH_INTERVAL")
        if interval is not None:
            ends_in = watched.login.ends_in
            seconds = interval if ends_in is None else min(interval, max(LEAST_INTERVAL, ends_in))
            watched.timer = watched.loop.call_later(seconds, self._look, watched)

    def _look(self, watched: Watched) -> None:
        found = asyncio.ensure_future(self._workers.run(watched.login.is_valid))
        found.add_done_callback(partial(self._conclude, watched))

    def _conclude(self, watched: Watched, found: "asyncio.Future[bool]") -> None:
        connection = watched.connection
        if found.cancelled() or connection.closed:
            return
        error = found.exception()
        if error is not None:  # a database that is down is no reason to show everyone out
            path, id_ = connection.path, connection.id
            message = "Cannot tell whether a login has ended, will look again (path %s, connection %s)"
            logger.error(message, path, id_, exc_info=error)
        if error is not None or found.result():
            self._look_later(watched)
        else:
            watched.end()


#: That of this process.
watch = Watch()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=watch.forget)


def connect_signals() -> None:
    """Have Django tell of logouts, and of changes of its users."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.signals import user_logged_out
    from django.db.models.signals import post_delete, post_save

    user_logged_out.connect(_on_logout)
    post_save.connect(_on_save, sender=get_user_model())
    post_delete.connect(_on_delete, sender=get_user_model())


def _on_logout(user: Any, request: Any, **_: Any) -> None:
    session = getattr(request, "session", None)
    for watched in watch.of(user):
        if session is None:  # Channels' logout(): the session will be gone in a moment
            watch.look_soon(watched)
        elif watched.login.session_key == session.session_key:
            watched.end()


def _on_save(instance: Any, using: str, **_: Any) -> None:
    from django.db import transaction

    if watch.of(instance):
        transaction.on_commit(partial(_end_invalid, instance), using=using)


def _end_invalid(user: Any) -> None:
    for watched in watch.of(user):
        if not watched.login.is_valid_for(user):
            watched.end()


def _on_delete(instance: Any, using: str, **_: Any) -> None:
    from django.db import transaction

    for watched in watch.of(instance):
        transaction.on_commit(watched.end, using=using)


def _key(user: Any) -> Any:
    """What a user is known by; one that is not a model by itself."""
    return getattr(user, "pk", None) or id(user)
