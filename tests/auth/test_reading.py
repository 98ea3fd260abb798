"""What is read of many sessions and users together is what Django reads of each."""

from importlib import import_module

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.test import Client as Browser
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests.support.databases import database_in
from tornado_websockets.auth.login import Login, Standing, read
from tornado_websockets.auth.reading import Reading, session_of

ENGINES = ("db", "cached_db", "cache")


class Particular(ModelBackend):
    """A backend that looks for users in a way of its own."""

    def get_user(self, user_id):
        return User.objects.filter(pk=user_id, first_name="Ada").first()


@pytest.fixture(scope="module", autouse=True)
def a_database(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("reading")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture(params=ENGINES)
def engine(request):
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{request.param}"):
        yield request.param


def session_of_user(name, **fields):
    browser = Browser()
    browser.force_login(User.objects.create_user(name, **fields))
    return session_of(browser.session.session_key)


@pytest.fixture
def sessions(key, engine):
    return [session_of_user(f"{key}-{number}") for number in range(5)]


def logins(sessions):
    found = []
    for session in sessions:
        request = HttpRequest()
        request.session = session
        found.append(Login(get_user(request), session))
    return found


def test_sessions_are_those_that_django_reads(sessions, engine):
    keys = [session.session_key for session in sessions]
    sessions[1].flush()
    sessions[2].set_expiry(-1)
    sessions[2].save()
    reading = Reading(keys)
    store = import_module(f"django.contrib.sessions.backends.{engine}").SessionStore
    for key in keys:
        assert dict(reading.session(key).items()) == dict(store(key).items())
        assert reading.session(key).get_expiry_age() == store(key).get_expiry_age()
    assert [reading.user_of(reading.session(key)) is None for key in keys] == [False, True, True, False, False]


def test_many_take_as_many_queries_as_two(sessions, engine):
    everyone = logins(sessions)
    counts = []
    for some in (everyone[:2], everyone):
        if engine == "cached_db":
            caches["default"].clear()
        with CaptureQueriesContext(connection) as queries:
            reading = read(some)
            assert [login.look(reading) for login in some] == [Standing.VALID] * len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 2


def test_users_without_sessions_take_one_query(key):
    users = [User.objects.create_user(f"{key}-{number}") for number in range(5)]
    User.objects.filter(pk=users[1].pk).update(is_active=False)
    User.objects.filter(pk=users[2].pk).delete()
    everyone = [Login(user, None) for user in users]
    with CaptureQueriesContext(connection) as queries:
        reading = read(everyone)
        standings = [login.look(reading) for login in everyone]
    assert len(queries) == 1
    valid, ended = Standing.VALID, Standing.ENDED
    assert standings == [valid, ended, ended, valid, valid]


def test_what_a_backend_says_counts(sessions):
    everyone = logins(sessions)
    User.objects.filter(pk=everyone[2].user.pk).update(is_active=False)
    reading = read(everyone)
    assert [login.look(reading) for login in everyone].count(Standing.ENDED) == 1


@override_settings(AUTHENTICATION_BACKENDS=["tests.auth.test_reading.Particular"])
def test_a_backend_of_another_kind_is_asked_itself(key):
    sessions = [session_of_user(f"{key}-{name}", first_name=name) for name in ("Ada", "Bob")]
    reading = Reading([session.session_key for session in sessions])
    users = [reading.user_of(reading.session(session.session_key)) for session in sessions]
    assert [user and user.first_name for user in users] == ["Ada", None]


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
def test_an_engine_of_another_kind_is_asked_itself():
    sessions = [session_of(None) for _ in range(2)]
    for number, session in enumerate(sessions):
        session["number"] = number
        session.save()
    keys = [session.session_key for session in sessions]
    reading = Reading(keys)
    assert [reading.session(key)["number"] for key in keys] == [0, 1]


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache")
def test_a_cache_that_takes_not_every_key_is_asked_for_each(key, monkeypatch):
    sessions = [session_of_user(f"{key}-{number}") for number in range(2)]

    def get_many(self, keys, version=None):
        raise ValueError("that key is too long")

    monkeypatch.setattr(type(caches["default"]), "get_many", get_many)
    keys = [session.session_key for session in sessions]
    reading = Reading(keys)
    assert all(reading.user_of(reading.session(each)) for each in keys)
