"""The store that the settings name."""

import threading
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .. import conf
from ..core.recovery.record import Retention
from ..core.recovery.store import Store
from .guard import Guard
from .memory import MemoryStore

#: How the URLs of Redis begin.
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")

_METHODS = [name for name, member in vars(Store).items() if callable(member) and not name.startswith("_")]

_lock = threading.Lock()
_guards: dict[tuple[Any, ...], Guard] = {}
_tested: set[Any] = set()


def current_store() -> Guard:
    """The store of the settings of now, the same one for as long as these stay the same.

    :raises django.core.exceptions.ImproperlyConfigured: there can be no such store.
    """
    return _guard_of(conf.get("STORE"), retention_of_settings())


def keep_tests_to_memory() -> None:
    """Have :func:`store_in_use` be one in memory from now on, for as long as ``STORE`` stays what it is."""
    _tested.add(conf.get("STORE"))


def store_in_use() -> Guard:
    """:func:`current_store`; where test clients have been about, one in memory: no test shall need a Redis."""
    named = conf.get("STORE")
    return _guard_of(None if named in _tested else named, retention_of_settings())


def _guard_of(named: Any, retention: Retention) -> Guard:
    with _lock:
        guard = _guards.get((named, retention))
        if guard is None:
            guard = _guards[named, retention] = make_store(named, retention)
        return guard


def retention_of_settings() -> Retention:
    """How long, and how much, the settings want to be kept; last numbers always for longer than events."""
    seconds = conf.get("HISTORY_SECONDS")
    return Retention(
        seconds=seconds,
        bytes=conf.get("HISTORY_BYTES"),
        retained_seconds=conf.get("RETAIN_SECONDS"),
        sender_seconds=max(Retention().sender_seconds, 2 * seconds),
        namespace=conf.get("NAMESPACE"),
    )


def make_store(named: object, retention: Retention) -> Guard:
    """The store that a value of ``STORE`` means; errors as :func:`current_store`."""
    return factory_of(named)(retention)


def factory_of(named: object) -> Callable[[Retention], Guard]:
    """What makes it; nothing is connected to before that. Errors as :func:`current_store`."""
    if named is None:
        return _memory
    if not isinstance(named, str) or not named:
        raise ImproperlyConfigured(
            "Expected TORNADO_WEBSOCKETS['STORE'] as None, a URL of Redis, 'database', 'database:alias' or the dotted "
            f"path of a class, got an object of the type {type(named).__name__}."
        )
    if named.startswith(REDIS_SCHEMES):
        return _redis(named)
    kind, _, alias = named.partition(":")
    if kind == "database":
        return _database(alias or "default")
    return _of_project(named)


def _memory(retention: Retention) -> Guard:
    store = MemoryStore(retention)
    return Guard(store, retention=retention, begin_anew=store.begin_anew, retain=store.retain)


def _redis(url: str) -> Callable[[Retention], Guard]:
    try:
        from redis.connection import parse_url

        from .redis import RedisStore
    except ImportError as error:
        raise ImproperlyConfigured(
            "TORNADO_WEBSOCKETS['STORE'] is a URL of Redis, but redis-py is not installed: install the extra 'redis' "
            "of this package."
        ) from error
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:  # its text may hold pieces of the URL, and so of a password
        raise ImproperlyConfigured(
            "The URL in TORNADO_WEBSOCKETS['STORE'] is none that redis-py takes. Write redis://host:6379/0, with times "
            "in seconds and without a unit, and an IPv6 address in brackets."
        ) from None
    return lambda retention: Guard(RedisStore(url, retention), retention=retention)


def _database(alias: str) -> Callable[[Retention], Guard]:
    from django.apps import apps
    from django.db import connections

    if not apps.is_installed("tornado_websockets.database_store"):
        raise ImproperlyConfigured(
            "TORNADO_WEBSOCKETS['STORE'] is the database: add 'tornado_websockets.database_store' to INSTALLED_APPS, "
            "and run manage.py migrate."
        )
    if alias not in connections:
        raise ImproperlyConfigured(
            f"TORNADO_WEBSOCKETS['STORE'] names the database {alias!r}, which is not in DATABASES."
        )
    from .database import DatabaseStore, IdleConnection

    def make(retention: Retention) -> Guard:
        store = DatabaseStore(retention, alias)
        return Guard(store, IdleConnection(store), retention=retention)

    return make


def _of_project(path: str) -> Callable[[Retention], Guard]:
    try:
        factory = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"TORNADO_WEBSOCKETS['STORE'] cannot be imported: {path!r} ({error}).") from error
    if not callable(factory):
        kind = type(factory).__name__
        raise ImproperlyConfigured(f"TORNADO_WEBSOCKETS['STORE'] is no class: {path!r} is of the type {kind}.")
    if isinstance(factory, type) and (missing := [name for name in _METHODS if not hasattr(factory, name)]):
        raise ImproperlyConfigured(
            f"TORNADO_WEBSOCKETS['STORE'] names {path!r}, which lacks methods of tornado_websockets.store.Store: "
            f"{', '.join(missing)}."
        )
    return lambda retention: Guard(factory(retention), retention=retention)
