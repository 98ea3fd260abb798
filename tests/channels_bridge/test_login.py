"""What a handshake does to the session that it looks up, in an ``asgi.py`` that was made by hand."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client as Browser
from django.test import override_settings

from channels_bridge.login import LoginMiddleware
from tests.support.databases import database_in

_numbers = count(1)


@pytest.fixture(scope="module", autouse=True)
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("login")
    with database_in(directory):
        call_command("migrate", verbosity=0)
        yield directory


@pytest.fixture
def browser() -> Browser:
    """Somebody who has logged in."""
    browser = Browser()
    browser.force_login(User.objects.create_user(f"rotated-{next(_numbers)}"))
    return browser


# Channels' own is here since docs/guides/serving.md says so of it: when this fails, that may go.
@pytest.mark.parametrize(("middleware", "is_kept"), [(LoginMiddleware, True), (AuthMiddlewareStack, False)])
async def test_a_session_outlives_a_handshake_while_the_secret_key_is_rotated(
    middleware: Any, is_kept: bool, browser: Browser
) -> None:
    cookie = browser.cookies["sessionid"].value
    users = []

    async def application(scope: dict[str, Any], _receive: object, _send: object) -> None:
        users.append(await sync_to_async(lambda: scope["user"].is_authenticated)())

    scope = {"type": "websocket", "path": "/ws/chat", "headers": [(b"cookie", f"sessionid={cookie}".encode())]}
    with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        await middleware(application)(scope, None, None)
    assert users == [is_kept]
    assert await Session.objects.filter(session_key=cookie).aexists() is is_kept
