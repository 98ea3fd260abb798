"""Django's session and user of a handshake, where no middleware brings them."""

import asyncio
import os
from importlib import import_module
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, parse_cookie

from . import conf
from .core.cancellation import is_own_cancellation
from .core.outage import Outage
from .core.workers import Workers
from .database import with_database

#: Threads in which sessions may be looked up at a time.
MOST_THREADS: Final = 8

_workers = Workers("sessions", MOST_THREADS, with_database)
_outage = Outage("Cannot look up the session of a handshake")

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_outage.forget)


class SessionUnavailable(Exception):
    """The session of a handshake cannot be looked up; the log says why."""


async def load_session(cookies: str) -> tuple[Any, Any]:
    """The session and the user that belong to a ``Cookie`` header; ``None`` for what is not installed.

    :raises SessionUnavailable: it failed, or took longer than ``AUTHORIZE_TIMEOUT``.
    """
    if not apps.is_installed("django.contrib.sessions"):
        return None, None
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if key is None:  # then there is nothing to look up, and no thread is needed
        return _load(None)
    outcome = _workers.run(lambda: _load(key))
    try:
        async with asyncio.timeout(conf.get("AUTHORIZE_TIMEOUT")):
            result: tuple[Any, Any] = await outcome
    except BaseException as error:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
            raise
        _outage.failed(error)
        raise SessionUnavailable from error
    finally:
        _workers.drop(outcome)
    _outage.worked()
    return result


def _load(key: str | None) -> tuple[Any, Any]:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if not apps.is_installed("django.contrib.auth"):
        return request.session, None
    from django.contrib.auth import get_user

    return request.session, get_user(request)
