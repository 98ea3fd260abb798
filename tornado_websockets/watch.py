"""Watches the connections of those who have logged in, and closes them when the login has ended."""

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

#: Seconds before a look that a session's end, or a logout, asks for: such a session must not be looked at all the time.
LEAST_INTERVAL = 0.5


class Watched:
    """The connection of somebody who has logged in."""

    __slots__ = ("connection", "key", "login", "timer")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.key = _key(connection.user)
        self.login = Login(connection.user, connection.session)
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

    Each login is looked at every ``REAUTH_INTERVAL`` seconds and when its session is due to end, by queries in a thread
    of our own; and without any when Django tells this process of a logout, or of a change of the user.
    """

    def __init__(self) -> None:
        self._workers = Workers("logins", 1, with_database)
        self.forget()

    def forget(self) -> None:
        """Start without connections, as a forked process must: those it sees are its parent's."""
        self._lock = threading.Lock()
        self._watched: dict[Connection, Watched] = {}
        self._by_user: dict[Any, set[Watched]] = {}

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
        with self._lock:
            return list(self._by_user.get(_key(user), ()))

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
        found = asyncio.ensure_future(self._is_valid(watched.login))
        found.add_done_callback(partial(self._conclude, watched))

    async def _is_valid(self, login: Login) -> bool:
        return bool(await self._workers.run(login.is_valid))

    def _conclude(self, watched: Watched, found: "asyncio.Future[bool]") -> None:
        connection = watched.connection
        if found.cancelled() or connection.closed:
            return
        error = found.exception()
        if error is not None:  # a database that is down is no reason to show everyone out
            path, id_ = connection.path, connection.id
            message = "Cannot tell whether a login has ended, will look again (path %.64r, connection %s)"
            logger.error(message, path, id_, exc_info=error)
        if error is not None or found.result():
            self._look_later(watched)
        else:
            watched.end()


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


def _on_save(instance: Any, using: str, **_: Any) -> None:
    from django.db import transaction

    if watch.of(instance):
        transaction.on_commit(partial(_end_invalid, instance), using=using, robust=True)


def _end_invalid(user: Any) -> None:
    for watched in watch.of(user):
        if not watched.login.is_valid_for(user):
            watched.end()


def _on_delete(instance: Any, using: str, **_: Any) -> None:
    from django.db import transaction

    for watched in watch.of(instance):
        transaction.on_commit(watched.end, using=using, robust=True)


def _key(user: Any) -> Any:
    """What a user is known by; one that is not a model by itself."""
    primary_key = getattr(user, "pk", None)
    return id(user) if primary_key is None else primary_key
