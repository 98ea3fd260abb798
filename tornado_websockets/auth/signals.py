"""What Django tells of logins: that a user has logged out, was changed or deleted, that a session has another key."""

from collections.abc import Callable, Collection
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction

from ..core.connections.admission import admission
from .elsewhere import is_in_cookie, tell_change, tell_logout
from .reading import session_of
from .recheck import OpenLogin, key_of, logins

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


#: Fields of a user with which logins may end.
_ENDING_FIELDS = frozenset({"is_active", "password"})


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
    if session is not None and not admission.is_empty:
        logins.note_logout(session.session_key)
    for entry in logins.of(user):
        if session is None:  # Channels' logout(): the session will be gone in a moment
            _look_after_logout(entry)
        elif entry.login.session_key is not None and entry.login.session_key == session.session_key:
            entry.end()
        elif entry.login.session_key is not None and is_in_cookie(session):
            entry.ask_again()  # which key a session has in its cookie changes with what is in it
    for connection in _open_transactions():
        if _may_matter(user):
            _at_commit(partial(_look_at, user), connection.alias)
    tell_logout(user, session)


def _on_save(
    instance: Any, using: str, created: bool = False, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    if _may_matter(instance):
        _at_commit(partial(_end_invalid, instance), using)
    if not created and (update_fields is None or not _ENDING_FIELDS.isdisjoint(update_fields)):
        tell_change(instance, using)


def _on_delete(instance: Any, using: str, **_: Any) -> None:
    if _may_matter(instance):
        _at_commit(partial(_end_all, key_of(instance)), using)  # which Django takes away in between
    tell_change(instance, using)


def _look_at(user: Any) -> None:
    for entry in logins.of(user):
        _look_after_logout(entry)


def _look_after_logout(entry: OpenLogin) -> None:
    entry.is_logging_out = True
    logins.look_soon(entry)


def _end_invalid(user: Any) -> None:
    for entry in logins.of(user):
        if not getattr(user, "is_active", True):
            entry.end()
        elif not entry.login.is_hash_of(user):
            logins.look_soon(entry)  # a view that changes a password may go on to update the session


def _end_all(key: Any) -> None:
    for entry in logins.of_key(key):
        entry.end()


def follow_session_keys() -> None:
    """Have sessions tell of another key that they are given: Django itself does not."""
    store = type(session_of(None))
    for name in ("cycle_key", "acycle_key"):
        cycle = getattr(store, name, None)
        if cycle is not None and not hasattr(cycle, "__wrapped__"):
            setattr(store, name, _following(cycle))


def _following(cycle: Callable[..., Any]) -> Callable[..., Any]:
    if iscoroutinefunction(cycle):

        @wraps(cycle)
        async def acycle_key(session: Any) -> None:
            before = session.session_key
            await cycle(session)
            logins.move(before, session.session_key)

        return acycle_key

    @wraps(cycle)
    def cycle_key(session: Any) -> None:
        before = session.session_key
        cycle(session)
        logins.move(before, session.session_key)

    return cycle_key


def _may_matter(user: Any) -> bool:
    """Whether the user has connections, or may have them at the commit: a handshake may be going on."""
    return not admission.is_empty or bool(logins.of(user))


def _open_transactions() -> "list[BaseDatabaseWrapper]":
    from django.db import connections

    return [connection for connection in connections.all(initialized_only=True) if connection.in_atomic_block]


def _at_commit(call: Callable[[], None], using: str) -> None:
    from django.db import transaction

    if transaction.get_autocommit(using) or transaction.get_connection(using).in_atomic_block:
        transaction.on_commit(call, using=using, robust=True)
    else:  # transactions by hand, of whose commit Django does not tell
        call()
