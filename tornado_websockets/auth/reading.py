"""Sessions and users of many logins, read together: with a query for all of them where Django's own code would read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from django.conf import settings

Records = dict[str, dict[str, Any]]


class Reading:
    """Sessions, and the users whom they name, as they are now. Made in the thread that asks; blocks.

    Where an application reads in a way of its own, with another engine or backend or overridden methods, it is asked
    for each when that is wanted.

    :param session_keys: of the sessions.
    :param users: models of users who are to be read again, whatever their sessions.
    """

    def __init__(self, session_keys: Iterable[str], users: Iterable[Any] = ()) -> None:
        self._sessions = _sessions_of(set(session_keys))
        self._users = _named_by(self._sessions.values())
        self._again = _read_again(users)

    def session(self, key: str | None) -> Any:
        """The session of a key."""
        return self._sessions.get(key) or session_of(key)  # type: ignore[arg-type]

    def user_of(self, session: Any) -> Any:
        """The user whom a session names, if a backend that is used still knows them; ``None`` without one."""
        backend, primary_key = named_by(session)
        if backend is None:
            return None
        users = self._users.get(backend)
        return load_backend(backend).get_user(primary_key) if users is None else users.get(primary_key)

    def again(self, user: Any) -> Any:
        """A user as the database has it now; ``None`` where it is there no more."""
        return self._again[user.__class__].get(user.pk)  # its type, where it is a lazy one, is none


def session_of(key: str | None) -> Any:
    """The session of a key, which is read when it is asked for something."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def load_backend(path: str) -> Any:
    """The authentication backend of a dotted path."""
    from django.contrib.auth import load_backend

    return load_backend(path)


def named_by(session: Any) -> tuple[str | None, Any]:
    """The backend and the primary key that a session names; ``None`` for a backend that is not used any more."""
    from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model
    from django.core.exceptions import ValidationError

    owner, backend = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    if owner is None or backend not in settings.AUTHENTICATION_BACKENDS:
        return None, None
    try:
        return backend, get_user_model()._meta.pk.to_python(owner)  # noqa: SLF001 documented by Django
    except ValidationError:  # of another user model
        return None, None


def _sessions_of(keys: set[str]) -> dict[str, Any]:
    """The sessions of ``keys``, read; none of those that are read in a way that is not Django's own."""
    read = _reader_of(type(session_of(None))) if len(keys) > 1 else None
    if read is None:
        return {}
    found = read(keys)
    if found is None:
        return {}
    sessions = {}
    for key in keys:
        session = sessions[key] = session_of(key)
        session._session_cache = found.get(key, {})  # noqa: SLF001 tests/auth/test_reading.py holds it to Django
    return sessions


def _reader_of(store: type[Any]) -> Callable[[set[str]], Records | None] | None:
    """What reads the sessions of several keys as ``store`` reads that of one, where that is known."""
    from django.contrib.sessions.backends import cache, cached_db, db

    own = "_get_session_from_db"
    reads_rows = getattr(store, own, None) is getattr(db.SessionStore, own)
    if reads_rows and store.load is db.SessionStore.load:
        return lambda keys: _of_database(store, keys)
    if store.load is cache.SessionStore.load:
        return lambda keys: _of_cache(store, keys)
    if reads_rows and store.load is cached_db.SessionStore.load:
        return lambda keys: _of_both(store, keys)
    return None


def _of_database(store: type[Any], keys: set[str]) -> Records:
    from django.utils import timezone

    session = store()
    rows = session.model.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {row.session_key: session.decode(row.session_data) for row in rows}


def _of_cache(store: type[Any], keys: set[str]) -> Records | None:
    from django.core.cache import caches

    prefix = store.cache_key_prefix
    try:
        found = caches[settings.SESSION_CACHE_ALIAS].get_many([prefix + key for key in keys])
    except Exception:  # memcached takes not every key: Django looks for them one by one, and forgives that
        return None
    return {key.removeprefix(prefix): data for key, data in found.items() if data is not None}


def _of_both(store: type[Any], keys: set[str]) -> Records | None:
    found = _of_cache(store, keys)
    if found is None:
        return None
    others = keys - found.keys()
    return found | _of_database(store, others) if others else found


def _named_by(sessions: Iterable[Any]) -> dict[str, dict[Any, Any]]:
    """Users by backend and primary key; of backends that look for users as Django's own does."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.backends import ModelBackend

    wanted: defaultdict[str, set[Any]] = defaultdict(set)
    for session in sessions:
        backend, primary_key = named_by(session)
        if backend is not None:
            wanted[backend].add(primary_key)
    users: dict[str, dict[Any, Any]] = {}
    for path, primary_keys in wanted.items():
        backend = load_backend(path)
        if getattr(type(backend), "get_user", None) is ModelBackend.get_user:
            found = get_user_model()._default_manager.in_bulk(primary_keys)  # noqa: SLF001 documented by Django
            users[path] = {key: user for key, user in found.items() if backend.user_can_authenticate(user)}
    return users


def _read_again(users: Iterable[Any]) -> Mapping[type[Any], dict[Any, Any]]:
    wanted: defaultdict[type[Any], set[Any]] = defaultdict(set)
    for user in users:
        wanted[user.__class__].add(user.pk)
    return {model: model._default_manager.in_bulk(keys) for model, keys in wanted.items()}  # noqa: SLF001
