"""Django's session and user of a handshake, which are only read; the same on every transport."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from asgiref.sync import AsyncToSync, sync_to_async
from django.apps import apps
from django.conf import settings
from django.http import parse_cookie

from .. import conf
from ..core.complaints import Outage
from ..core.connections.transport import ClientGone
from ..core.forking import after_fork
from ..core.handlers.workers import Workers
from ..core.tasks import is_own_cancellation
from ..database import idle_database, with_database
from ..serving.authorization import call_for
from .login import read_user
from .reading import session_of

#: Threads in which sessions may be looked up at a time.
MOST_THREADS: Final = 8

_workers = Workers("sessions", MOST_THREADS, with_database, idle_database)
_outage = Outage("Cannot look up the session of a handshake")

after_fork(_outage.forget)


class SessionUnavailable(Exception):
    """The session of a handshake cannot be looked up; the log says why."""


async def load_session(cookies: str, has_left: Callable[[], bool] = lambda: False) -> tuple[Any, Any]:
    """The session and the user that belong to a ``Cookie`` header; ``None`` for what is not installed.

    :param has_left: whether the client has: then nothing is looked up for it any more.
    :raises ClientGone: it has.
    :raises SessionUnavailable: it failed, or took longer than ``AUTHORIZE_TIMEOUT``.
    """
    if not apps.is_installed("django.contrib.sessions"):
        return None, None
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if key is None:  # then there is nothing to look up, and no thread is needed
        return _load(None)
    try:
        async with asyncio.timeout(conf.get("AUTHORIZE_TIMEOUT")):
            result: tuple[Any, Any] = await _call(partial(call_for, has_left, partial(_load, key)))
    except ClientGone:
        raise
    except BaseException as error:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
            raise
        _outage.failed(error)
        raise SessionUnavailable from error
    _outage.worked()
    return result


def _call(call: Callable[[], Any]) -> Awaitable[Any]:
    """Call in a thread of ours; below ``async_to_sync`` in that of the sync code, whose transaction a test may need."""
    if getattr(AsyncToSync.executors, "current", None) is None:
        return _workers.wait(call)
    return sync_to_async(call)()


def _load(key: str | None) -> tuple[Any, Any]:
    session = session_of(key)
    if not apps.is_installed("django.contrib.auth"):
        return session, None
    from django.contrib.auth.models import AnonymousUser

    return session, (None if key is None else read_user(session)) or AnonymousUser()
