"""Django's session and user of a handshake, where no middleware brings them."""

from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, parse_cookie

from .database import with_database


async def load_session(cookies: str) -> tuple[Any, Any]:
    """The session and the user that belong to a ``Cookie`` header; ``None`` for what is not installed."""
    if not apps.is_installed("django.contrib.sessions"):
        return None, None
    run = sync_to_async(with_database, thread_sensitive=False)
    result: tuple[Any, Any] = await run(lambda: _load(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)))
    return result


def _load(key: str | None) -> tuple[Any, Any]:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if not apps.is_installed("django.contrib.auth"):
        return request.session, None
    from django.contrib.auth import get_user

    return request.session, get_user(request)
