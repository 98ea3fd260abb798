"""A login: who has connected by which session, and whether Django would still let them in. Sessions are only read.

A handshake cannot hand out a cookie. ``django.contrib.auth.get_user`` may end the session that it is given, or give it
another key, of which the browser would never hear: then its user is logged out of the whole site.
"""

from collections.abc import Sequence
from enum import Enum
from math import inf
from time import monotonic
from typing import Any, Final

from .reading import Reading

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

    :ivar user: who came.
    :ivar session_key: of the session that it rests on; ``None`` where it rests on something else, a token perhaps.
    :ivar ends_in: seconds after which the session will have ended unless it is used, as far as is known.

    :param user: who has been authenticated.
    :param session: of the handshake, if there is one.
    """

    __slots__ = ("_ends_at", "_hash", "_moved_at", "_owner", "ends_in", "session_key", "user")

    def __init__(self, user: Any, session: Any) -> None:
        from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

        is_loaded = getattr(session, "accessed", False)  # else nobody has asked it for a user, and asking would block
        self.user = user
        self._owner: str | None = session.get(SESSION_KEY) if is_loaded else None
        self._hash: str = session.get(HASH_SESSION_KEY, "") if is_loaded else ""
        self._moved_at: float | None = None
        self.session_key: str | None = None if self._owner is None else session.session_key
        self.ends_in: int | None = None
        self._ends_at = inf
        if self._owner is not None:
            self._learn_end(session)

    def look(self, reading: Reading) -> Standing:
        """How it stands by what is there now, of :func:`read` perhaps for many. Blocks."""
        if self._owner is None:
            return Standing.VALID if self._is_active(reading) else Standing.ENDED
        return self._look_at_session(self._owner, reading)

    def is_hash_of(self, user: Any) -> bool:
        """Whether the user's password is, as far as is known, that with which the session was begun. Never blocks."""
        return self._owner != user._meta.pk.value_to_string(user) or _is_hash_of(self._hash, user)  # noqa: SLF001 documented

    def move(self, session_key: str | None) -> None:
        """The session has been given another key."""
        self.session_key = session_key
        self._moved_at = monotonic()

    def _is_active(self, reading: Reading) -> bool:
        user = reading.again(self.user) if _is_model(self.user) else self.user
        return user is not None and bool(getattr(user, "is_active", True))

    def _look_at_session(self, owner: str, reading: Reading) -> Standing:
        from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

        session = reading.session(self.session_key)
        found = session.get(SESSION_KEY)
        if found is None:
            if self._moved_at is not None and monotonic() < self._moved_at + SAVING:
                return Standing.VALID
            return Standing.ENDED if monotonic() >= self._ends_at else Standing.GONE
        user = reading.user_of(session)
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


def read(logins: Sequence[Login]) -> Reading:
    """What :meth:`Login.look` asks for, for all of them at a time. Blocks."""
    by_session = [login for login in logins if login.session_key is not None]
    others = (login.user for login in logins if login.session_key is None)
    return Reading((login.session_key for login in by_session if login.session_key), filter(_is_model, others))


def _is_model(user: Any) -> bool:
    from django.db.models import Model

    return isinstance(user, Model)


def read_user(session: Any) -> Any:
    """The user whom a session has logged in, also where ``SECRET_KEY_FALLBACKS`` know its key; else ``None``."""
    from django.contrib.auth import HASH_SESSION_KEY

    user = Reading(()).user_of(session)
    return user if user is not None and _is_hash_of(session.get(HASH_SESSION_KEY, ""), user) else None


def _is_hash_of(hash_: str, user: Any) -> bool:
    from django.utils.crypto import constant_time_compare

    if not hasattr(user, "get_session_auth_hash"):
        return True
    fallbacks = user.get_session_auth_fallback_hash() if hasattr(user, "get_session_auth_fallback_hash") else ()
    return any(constant_time_compare(hash_, each) for each in (user.get_session_auth_hash(), *fallbacks))
