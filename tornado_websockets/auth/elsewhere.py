"""Logins that end in one process, told to the others: clients there are closed within a second."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.utils.crypto import constant_time_compare, salted_hmac

from ..core.control import CONTROL, Note, on_note
from ..core.delivery.hub import Hub, hub
from ..transactions import after_commit
from .keys import user_key
from .recheck import OpenLogin, logins

#: What their notes are about.
LOGIN: Final = "login"

#: What has happened: a session was ended, or one that is in a cookie, or one that cannot be told; the user has changed.
ENDED: Final = "ended"
ENDED_IN_COOKIE: Final = "ended in cookie"
ENDING: Final = "ending"
CHANGED: Final = "changed"


def tell_logout(user: Any, session: Any) -> None:
    """Tell other processes, after the commit, that ``user`` has logged out.

    :param session: that of the request, which is about to end; ``None`` where it is not known.
    """
    if session is None:
        _tell_others(user, ENDING)
    elif is_in_cookie(session):
        _tell_others(user, ENDED_IN_COOKIE)
    elif session.session_key is not None:
        _tell_others(user, ENDED, session.session_key)


def tell_change(user: Any, using: str) -> None:
    """Tell other processes, after the commit in the database ``using``, that ``user`` has changed or is deleted."""
    _tell_others(user, CHANGED, using=using)


def is_in_cookie(session: Any) -> bool:
    """Whether a session is nowhere but in the browser."""
    return type(session).__module__ == "django.contrib.sessions.backends.signed_cookies"


def _tell_others(user: Any, what: str, session_key: str | None = None, using: str | None = None) -> None:
    """Never waits, and never raises. A session is not told as it is, since it would log in whoever has its key."""
    key = user_key(user)
    if key is None or hub.publisher is None:
        return
    said = {"user": key, "what": what, "session": None if session_key is None else _digest(session_key)}
    note = Note(CONTROL, LOGIN, json.dumps(said), is_for_others=True)
    after_commit(partial(_tell, note), using)


def _tell(note: Note) -> None:
    hub.publish(note)


@on_note(LOGIN)
def _take(_: Hub, said: Mapping[str, Any]) -> None:
    user, what, session = said["user"], said["what"], said["session"]
    if not isinstance(user, str) or not isinstance(session, str | None):
        raise TypeError(f"expected a user and a session, got {user!r:.64} and {session!r:.64}")
    for entry in logins.of_key(user):
        if what == CHANGED:
            logins.look_now(entry)
        elif what == ENDING:
            entry.is_logging_out = True
            logins.look_soon(entry)
        elif what == ENDED and session is not None and _is_by(entry, session):
            entry.end()
        elif what == ENDED_IN_COOKIE and entry.login.session_key is not None:
            entry.ask_again()


def _is_by(entry: OpenLogin, digest: str) -> bool:
    key = entry.login.session_key
    return key is not None and constant_time_compare(_digest(key), digest)


def _digest(session_key: str) -> str:
    return salted_hmac("tornado_websockets.auth.elsewhere", session_key, algorithm="sha256").hexdigest()
