"""A login: who has connected by which session, and whether Django would still let them in. Sessions are only read.

A handshake cannot hand out a cookie. ``django.contrib.auth.get_user`` may end the session that it is given, or give it
another key, of which the browser would never hear: then its user is logged out of the whole site.
"""

from enum import Enum
from importlib import import_module
from math import inf
from time import monotonic
from typing import Any, Final

from django.conf import settings

#: Seconds within which a session that was given another key is saved under it: with the response, at the latest.
SAVING: Final = 10.0


class Standing(Enum):
    """How a login stands."""

    VALID = "valid"
    ENDED = "ended"
    CHANGED = "changed"  # the password is another, of which the session may not know yet
    GONE = "gone"  # its session is no longer there: it was ended, or has another key by now


class Login:
    """The login of a user, as it was at the handshake.

    :ivar session_key: of the session that it rests on; ``None`` where it rests on something else, a token perhaps.
    :ivar ends_in: seconds after which the session will have ended unless it is used, as far as is known.

    :param user: who has been authenticated.
    :param session: of the handshake, if there is one.
    """

    __slots__ = ("_ends_at", "_hash", "_moved_at", "_owner", "_user", "ends_in", "session_key")

    def __init__(self, user: Any, session: Any) -> None:
        from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

        is_loaded = getattr(session, "accessed", False)  # else nobody has asked it for a user, and asking would block
        self._user = user
        self._owner: str | None = session.get(SESSION_KEY) if is_loaded else None
        self._hash: str = session.get(HASH_SESSION_KEY, "") if is_loaded else ""
        self._moved_at: float | None = None
        self.session_key: str | None = None if self._owner is None else session.session_key
        self.ends_in: int | None = None
        self._ends_at = inf
        if self._owner is not None:
            self._learn_end(session)

    def look(self) -> Standing:
        """Ask the session and the backend that the user came by. Blocks."""
        if self._owner is None:
            return Standing.VALID if self._is_active() else Standing.ENDED
        return self._look_at_session(self._owner)

    def is_hash_of(self, user: Any) -> bool:
        """Whether the user's password is, as far as is known, that with which the session was begun. Never blocks."""
        return self._owner != user._meta.pk.value_to_string(user) or _is_hash_of(self._hash, user)  # noqa: SLF001 documented

    def move(self, session_key: str | None) -> None:
        """The session has been given another key."""
        self.session_key = session_key
        self._moved_at = monotonic()

    def _is_active(self) -> bool:
        from django.db.models import Model

        user = self._user
        if isinstance(user, Model):
            user = user.__class__._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 documented by Django
        return user is not None and bool(getattr(user, "is_active", True))

    def _look_at_session(self, owner: str) -> Standing:
        from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

        session = session_of(self.session_key)
        found = session.get(SESSION_KEY)
        if found is None:
            if self._moved_at is not None and monotonic() < self._moved_at + SAVING:
                return Standing.VALID
            return Standing.ENDED if monotonic() >= self._ends_at else Standing.GONE
        user = _user_of(session)
        if found != owner or user is None:
            return Standing.ENDED
        if not _is_hash_of(session.get(HASH_SESSION_KEY, ""), user):
            return Standing.CHANGED
        self._hash = session.get(HASH_SESSION_KEY, "")
        self._learn_end(session)
        return Standing.VALID

    def _learn_end(self, session: Any) -> None:
        seconds: int = session.get_expiry_age()
        self.ends_in, self._ends_at = seconds, monotonic() + seconds


def session_of(key: str | None) -> Any:
    """The session of a key."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def read_user(session: Any) -> Any:
    """The user whom a session has logged in, also where ``SECRET_KEY_FALLBACKS`` know its key; else ``None``."""
    from django.contrib.auth import HASH_SESSION_KEY

    user = _user_of(session)
    return user if user is not None and _is_hash_of(session.get(HASH_SESSION_KEY, ""), user) else None


def _user_of(session: Any) -> Any:
    """The user whom a session names, if a backend that is used still knows them."""
    from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
    from django.core.exceptions import ValidationError

    owner, backend = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    if owner is None or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        primary_key = get_user_model()._meta.pk.to_python(owner)  # noqa: SLF001 documented by Django
    except ValidationError:  # of another user model
        return None
    return load_backend(backend).get_user(primary_key)


def _is_hash_of(hash_: str, user: Any) -> bool:
    from django.utils.crypto import constant_time_compare

    if not hasattr(user, "get_session_auth_hash"):
        return True
    fallbacks = user.get_session_auth_fallback_hash() if hasattr(user, "get_session_auth_fallback_hash") else ()
    return any(constant_time_compare(hash_, each) for each in (user.get_session_auth_hash(), *fallbacks))
