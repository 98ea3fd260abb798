"""A login: who has connected by which session, and whether Django would still let them in."""

from importlib import import_module
from typing import Any

from django.conf import settings


class Login:
    """The login of a user, as it was at the handshake.

    :ivar session_key: of the session that it rests on; ``None`` where it rests on something else, a token perhaps.
    :ivar ends_in: seconds after which the session will have ended unless it is used, as far as is known.

    :param user: who has been authenticated.
    :param session: of the handshake, if there is one.
    """

    __slots__ = ("_hash", "_owner", "_user", "ends_in", "session_key")

    def __init__(self, user: Any, session: Any) -> None:
        from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

        is_loaded = getattr(session, "accessed", False)  # else nobody has asked it for a user, and asking would block
        self._user = user
        self._owner: str | None = session.get(SESSION_KEY) if is_loaded else None
        self._hash: str = session.get(HASH_SESSION_KEY, "") if is_loaded else ""
        self.session_key: str | None = None if self._owner is None else session.session_key
        self.ends_in: int | None = None if self._owner is None else session.get_expiry_age()

    def is_valid(self) -> bool:
        """Ask the session and the backend that the user came by. Blocks."""
        return self._is_active() if self._owner is None else self._is_in_session(self._owner)

    def is_valid_for(self, user: Any) -> bool:
        """Whether it is, if the user is now as given. Never blocks."""
        if not getattr(user, "is_active", True):
            return False
        return self._owner != user._meta.pk.value_to_string(user) or self._is_hash_of(user)  # noqa: SLF001 documented

    def _is_active(self) -> bool:
        from django.db.models import Model

        user = self._user
        if isinstance(user, Model):
            user = user.__class__._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 documented by Django
        return user is not None and bool(getattr(user, "is_active", True))

    def _is_in_session(self, owner: str) -> bool:
        """Whether the session is still there, and its user may use it.

        ``django.contrib.auth.get_user`` would say so too, but would also end the session, or give it another key that
        the browser never hears of.
        """
        from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model, load_backend

        session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        backend = session.get(BACKEND_SESSION_KEY)
        if session.get(SESSION_KEY) != owner or backend not in settings.AUTHENTICATION_BACKENDS:
            return False
        self.ends_in = session.get_expiry_age()
        primary_key = get_user_model()._meta.pk.to_python(owner)  # noqa: SLF001 documented by Django
        user = load_backend(backend).get_user(primary_key)
        return user is not None and self._is_hash_of(user)

    def _is_hash_of(self, user: Any) -> bool:
        """Whether the user's password is still that with which the session was begun."""
        from django.utils.crypto import constant_time_compare

        if not hasattr(user, "get_session_auth_hash"):
            return True
        fallbacks = user.get_session_auth_fallback_hash() if hasattr(user, "get_session_auth_fallback_hash") else ()
        return any(constant_time_compare(self._hash, hash_) for hash_ in (user.get_session_auth_hash(), *fallbacks))
