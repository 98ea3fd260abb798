"""Session and user of a client, which are only read."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client as Browser
from django.test import override_settings

from tests.support.client import Refused
from tests.support.databases import database_in
from tests.support.scripts import run_script
from tests.tornado.application import serving
from tornado_websockets.auth.session import SessionUnavailable, load_session
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler

_numbers = count(1)

SCRIPT = """
import asyncio
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS={apps!r},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SECRET_KEY="x",
)
django.setup()

from tornado_websockets.auth.session import load_session

session, user = asyncio.run(load_session("sessionid=x"))
print(type(session).__module__, user)
"""


@pytest.fixture(scope="module", autouse=True)
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with database_in(tmp_path_factory.mktemp("session")):
        call_command("migrate", verbosity=0)
        yield


class SessionStore(DatabaseStore):
    """Sessions of this module as ``SESSION_ENGINE``: loading one waits, or raises."""

    release = threading.Event()
    error: BaseException | None = None

    def load(self) -> Any:
        if self.error is not None:
            raise self.error
        self.release.wait(10)
        return super().load()


OWN_SESSIONS = override_settings(SESSION_ENGINE=__name__, TORNADO_WEBSOCKETS={"AUTHORIZE_TIMEOUT": 0.2})


class Person:
    """A user who has logged in, with a word in the session."""

    def __init__(self, name: str) -> None:
        self.user = User.objects.create_user(name)
        browser = Browser()
        browser.force_login(self.user)
        self.session = browser.session
        self.session["word"] = f"{name}'s"
        self.session.save()
        self.cookies = f"other=1; sessionid={self.session.session_key}; more=2"


@pytest.fixture
def person(key: str) -> Person:
    return Person(key)


@pytest.mark.parametrize(
    "cookies", ["", "other=1", "sessionid=", "sessionid=unknown", ";;=;\x00é==;sessionid", "x" * 9]
)
async def test_without_a_session_there_is_nobody(cookies: str) -> None:
    session, user = await load_session(cookies)
    assert session.is_empty()
    assert user.is_anonymous


async def test_a_session_brings_its_data_and_its_user(person: Person) -> None:
    session, user = await load_session(person.cookies)
    assert session["word"] == person.session["word"]
    assert user == person.user


async def test_the_user_of_a_session_may_be_gone(person: Person) -> None:
    await sync_to_async(person.user.delete)()
    session, user = await load_session(person.cookies)
    assert session["word"] == person.session["word"]
    assert user.is_anonymous


async def test_a_changed_password_ends_the_session(person: Person) -> None:
    person.user.set_password("new")
    await sync_to_async(person.user.save)()
    _, user = await load_session(person.cookies)
    assert user.is_anonymous


async def test_the_name_of_the_cookie_is_a_setting(person: Person) -> None:
    with override_settings(SESSION_COOKIE_NAME="other"):
        _, user = await load_session(person.cookies.replace("sessionid", "other"))
    assert user == person.user


def test_without_sessions_there_are_neither() -> None:
    assert run_script(SCRIPT.format(apps=["tornado_websockets"])) == "builtins None\n"


def test_without_auth_there_is_a_session() -> None:
    apps = ["django.contrib.sessions", "tornado_websockets"]
    assert run_script(SCRIPT.format(apps=apps)) == "django.contrib.sessions.backends.signed_cookies None\n"


async def test_a_socket_has_session_and_user(person: Person) -> None:
    seen = []

    def authorize(socket: Any) -> bool:
        seen.append((socket.session["word"], socket.user))
        return True

    ws = WebSocket("/session", add_to_handlers=False, authorize=authorize)
    async with serving(("/ws/session", WebSocketHandler, {"websocket": ws})) as served:
        await served.connect("/ws/session", {"Cookie": person.cookies})
        seen += [(socket.session["word"], socket.user) for socket in ws.handlers]
    assert seen == [(person.session["word"], person.user)] * 2


async def test_the_session_may_come_in_the_second_of_two_headers(person: Person) -> None:
    users = []
    ws = WebSocket("/session", add_to_handlers=False, authorize=lambda socket: users.append(socket.user) or True)
    async with serving(("/ws/session", WebSocketHandler, {"websocket": ws})) as served:
        await served.connect("/ws/session", [("Cookie", "other=1"), ("Cookie", person.cookies)])
    assert users == [person.user]


async def test_a_session_is_looked_up_though_all_threads_of_the_loop_are_at_work(person: Person) -> None:
    loop, end = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    stuck = loop.run_in_executor(None, end.wait, 10)
    _, user = await load_session(person.cookies)
    end.set()
    assert await stuck
    assert user == person.user


async def status(served: Any, cookies: str) -> int:
    """What a handshake is answered with."""
    try:
        await served.connect("/ws/session", {"Cookie": cookies})
    except Refused as refusal:
        return refusal.status
    return 101


async def test_handshakes_without_a_database_are_answered_and_logged_once(
    person: Person, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ws = WebSocket("/session", add_to_handlers=False)
    async with serving(("/ws/session", WebSocketHandler, {"websocket": ws})) as served:
        with database_in(tmp_path):  # which has no tables
            assert [await status(served, person.cookies) for _ in range(5)] == [500] * 5
        [record] = [record for record in caplog.records if record.name == "tornado_websockets"]
        assert record.getMessage() == "Cannot look up the session of a handshake"
        assert caplog.text.count("django.db.utils.OperationalError: no such table: django_session") == 1
        while "Cannot look up the session of a handshake: it works again, after 5 that failed" not in caplog.text:
            assert await status(served, person.cookies) == 101


@pytest.mark.parametrize("error", [SystemExit(3), BaseException("mine"), asyncio.CancelledError()], ids=repr)
@OWN_SESSIONS
async def test_whatever_a_look_up_raises_the_handshake_is_answered(
    person: Person, error: BaseException, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(SessionStore, "error", error)
    ws = WebSocket("/session", add_to_handlers=False)
    async with serving(("/ws/session", WebSocketHandler, {"websocket": ws})) as served:
        assert await status(served, person.cookies) == 500
    assert type(error).__name__ in caplog.text


@OWN_SESSIONS
async def test_a_look_up_that_takes_too_long_is_given_up(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SessionUnavailable):
        await load_session(person.cookies)
    assert "TimeoutError" in caplog.text
    SessionStore.release.set()


async def test_nothing_is_looked_up_for_one_who_has_left(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornado_websockets.auth.session.session_of", lambda key: 1 / 0)
    with pytest.raises(ClientGone):
        await load_session(person.cookies, lambda: True)


async def test_no_thread_looks_up_a_session_that_no_cookie_names():
    steps = load_session("theme=dark").__await__()
    with pytest.raises(StopIteration) as caught:  # it never has to wait
        next(steps)
    session, user = caught.value.value
    assert session.session_key is None
    assert user.is_anonymous


class TestRotatedSecretKey:
    """Django itself would end the session, or give it a key of which the browser never hears."""

    @pytest.fixture
    def person(self) -> Person:
        return Person(f"rotated-{next(_numbers)}")

    async def test_leaves_user_row_and_key_as_they_are(self, person: Person) -> None:
        before = await sync_to_async(lambda: dict(Session.objects.values_list("session_key", "session_data")))()
        with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            looks = await asyncio.gather(*(load_session(person.cookies) for _ in range(2)))  # of two tabs
        for session, user in looks:
            assert user == person.user
            assert session.session_key == person.session.session_key
        after = await sync_to_async(lambda: dict(Session.objects.values_list("session_key", "session_data")))()
        assert after == before

    async def test_that_no_fallback_knows_lets_nobody_in_and_leaves_the_row(self, person: Person) -> None:
        with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[]):
            _, user = await load_session(person.cookies)
        assert not user.is_authenticated
        assert await sync_to_async(person.session.exists)(person.session.session_key)
