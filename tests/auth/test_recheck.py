"""Whose login is checked again, what ends it, and what does not. How soon, tests/endurance/test_logins.py tells."""

import asyncio
import threading
from importlib import import_module

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.auth import logout as channels_logout
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_out
from django.core.management import call_command
from django.db import connections, transaction
from django.http import HttpRequest
from django.test import Client as Browser
from django.test import RequestFactory, override_settings

from tests.project.models import Member
from tests.support.databases import database_in
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tests.tornado.application import serving
from tornado_websockets.auth.recheck import Logins, RecheckPace, logins
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket, endpoint_of
from tornado_websockets.websockethandler import WebSocketHandler

OFTEN = override_settings(TORNADO_WEBSOCKETS={"REAUTH_INTERVAL": 0.1})
NEVER = override_settings(TORNADO_WEBSOCKETS={"REAUTH_INTERVAL": None})


@pytest.fixture(scope="module", autouse=True)
def a_database(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("logins")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture(autouse=True)
def no_outage():
    """Another test's, which was not over when that ended."""
    logins._outage.forget()


@pytest.fixture
def user(key):
    return User.objects.create_user(key)


@pytest.fixture
def session(user):
    """As a handshake finds it: loaded, since it was asked for its user."""
    browser = Browser()
    browser.force_login(user)
    session = import_module(settings.SESSION_ENGINE).SessionStore(browser.session.session_key)
    assert "_auth_user_id" in session
    return session


@pytest.fixture
async def connect():
    """Connects clients of a WebSocket, and sees to it that they leave."""
    ws = WebSocket("/checked", add_to_handlers=False)
    clients = []

    async def connect(user, session=None, logins=logins):
        endpoint_of(ws).observers = [logins]
        client = Client("/checked", user=user, session=session, websocket=ws)
        clients.append(client)
        return await client.connect()

    yield connect
    for client in clients:
        await client.close()


async def has_ended(client, within=10.0, code=4401):
    """Whether it is closed for want of a login, or of a session."""
    try:
        await until(lambda: client.close_code is not None, within)
    except TimeoutError:
        return False
    return client.close_code == code


@sync_to_async
def save(user, **fields):
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()


class Door:
    """A WebSocket on Tornado, whose handshakes wait until they may go on."""

    def __init__(self, logins=logins):
        self.asked, self.proceed = asyncio.Event(), asyncio.Event()
        websocket = WebSocket("/door", add_to_handlers=False, authorize=self._wait)
        endpoint_of(websocket).observers = [logins]
        self.handler = ("/ws/door", WebSocketHandler, {"websocket": websocket})

    async def _wait(self, socket):
        self.asked.set()
        await self.proceed.wait()
        return True


def cookie(session):
    return {"Cookie": f"sessionid={session.session_key}"}


class TestWhoIsCheckedAgain:
    async def test_somebody_who_has_logged_in_while_connected(self, connect, user, session):
        client = await connect(user, session)
        assert [entry.connection.socket for entry in logins.of(user)] == [client.connection]
        await client.close()
        assert logins.of(user) == []

    async def test_somebody_who_becomes_nobody_while_connected(self, connect, user, session):
        client = await connect(user, session)
        client.connection.user = AnonymousUser()
        await client.close()
        assert logins.of(user) == []

    @pytest.mark.parametrize("nobody", [AnonymousUser(), None, "a word"], ids=str)
    async def test_nobody_else(self, connect, nobody):
        await connect(nobody)
        assert logins.of(nobody) == []


def _in_a_loop(function):
    return lambda: asyncio.run(function())


class TestLooking:
    @OFTEN
    async def test_finds_that_a_session_is_gone(self, connect, user, session):
        client = await connect(user, session)
        await sync_to_async(session.delete)()
        assert await has_ended(client, code=3401)

    @OFTEN
    async def test_finds_that_a_session_is_somebody_else_s(self, connect, user, session):
        client = await connect(user, session)

        @sync_to_async
        def change():
            fresh = type(session)(session.session_key)
            fresh["_auth_user_id"] = "0"
            fresh.save()

        await change()
        assert await has_ended(client)

    @OFTEN
    async def test_finds_that_the_backend_is_no_longer_used(self, connect, user, session):
        client = await connect(user, session)
        with override_settings(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.AllowAllUsersModelBackend"]):
            assert await has_ended(client)

    @OFTEN
    async def test_leaves_the_session_as_it_is(self, connect, user, session):
        client = await connect(user, session)
        await sync_to_async(User.objects.filter(pk=user.pk).update)(password="another")
        assert await has_ended(client)
        assert await sync_to_async(session.exists)(session.session_key)

    @OFTEN
    async def test_lets_those_stay_whose_session_was_begun_with_an_older_secret_key(self, connect, user, session):
        client = await connect(user, session)
        with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            assert not await has_ended(client, 0.5)
            assert await sync_to_async(session.exists)(session.session_key)

    @OFTEN
    async def test_finds_that_a_user_without_a_session_is_no_longer_active(self, connect, user):
        client = await connect(user)
        assert not await has_ended(client, 0.5)
        await sync_to_async(User.objects.filter(pk=user.pk).update)(is_active=False)
        assert await has_ended(client)

    @OFTEN
    async def test_lets_a_user_stay_that_is_no_model(self, connect):
        class Robot:
            is_authenticated = True

        client = await connect(Robot())
        assert not await has_ended(client, 0.5)

    @OFTEN
    async def test_lets_everyone_stay_while_the_database_is_down(self, connect, user, session, tmp_path, caplog):
        client = await connect(user, session)
        with database_in(tmp_path):  # which has no tables
            assert not await has_ended(client, 0.5)
        assert "Cannot tell whether a login has ended" in caplog.text
        await sync_to_async(session.delete)()
        assert await has_ended(client, code=3401)

    @OFTEN
    async def test_says_once_that_the_database_is_down_and_once_that_it_is_back(
        self, connect, user, session, tmp_path, caplog
    ):
        clients = [await connect(user, session) for _ in range(10)]
        with database_in(tmp_path):
            assert not await has_ended(clients[0], 0.5)
        await until(lambda: "Cannot tell whether a login has ended, will look again: it works again" in caplog.text)
        assert caplog.text.count("django.db.utils.OperationalError: no such table") == 1
        assert len(caplog.records) == 2

    @OFTEN
    async def test_lets_everyone_stay_while_there_is_no_thread(self, connect, user, session, monkeypatch, caplog):
        def fail(_):
            raise RuntimeError("can't start new thread")

        client = await connect(user, session, Logins())  # which has no threads yet
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            assert not await has_ended(client, 0.5)
        assert "Cannot tell whether a login has ended" in caplog.text
        await sync_to_async(session.delete)()
        assert await has_ended(client, code=3401)

    async def test_of_a_test_s_client_is_not_done_before_the_interval(self, connect, user, session):
        client = await connect(user, session)
        await sync_to_async(session.delete)()
        assert not await has_ended(client, 2 * RecheckPace().first)

    @pytest.mark.parametrize(("run", "is_left_out"), [(async_to_sync, True), (_in_a_loop, False)])
    def test_below_sync_code_is_not_done_before_the_interval(self, run, is_left_out, user, session):
        """Django's own tests of async code are in a transaction, which our threads do not see."""
        ws = WebSocket("/checked", add_to_handlers=False)

        async def connect():
            communicator = WebsocketCommunicator(ws.consumer.as_asgi(), "/ws/checked")
            communicator.scope.update(user=user, session=session)
            assert (await communicator.connect())[0]
            [entry] = logins.of(user)
            await communicator.disconnect()
            return entry.has_been_seen

        assert run(connect)() is is_left_out

    async def test_of_those_who_came_together_is_spread_over_the_interval(self, user, session):
        ws = WebSocket("/checked", add_to_handlers=False)
        endpoint_of(ws).observers = [logins]
        clients = [await MemoryClient(endpoint_of(ws), user=user, session=session).connect() for _ in range(20)]
        entries = logins.of(user)
        await until(lambda: all(entry.has_been_seen for entry in entries))
        moments = [entry.timer.when() for entry in entries]
        assert 10 < max(moments) - min(moments) <= 61
        for client in clients:
            await client.leave()

    @NEVER
    async def test_that_fails_is_tried_again_whatever_the_interval(self, session, tmp_path):
        logins = Logins(RecheckPace(retry=0.1))
        door = Door(logins)
        async with serving(door.handler) as served:
            connecting = asyncio.create_task(served.connect("/ws/door", cookie(session)))
            await door.asked.wait()
            with database_in(tmp_path):
                door.proceed.set()
                client = await connecting
                await until(lambda: logins._outage._failures)
            await sync_to_async(session.delete)()
            assert await client.closed() == (3401, "Session gone.")

    async def test_that_fails_is_logged_without_the_token_of_its_client(self, user, caplog):
        endpoint = endpoint_of(WebSocket("/checked", add_to_handlers=False))
        endpoint.observers = [logins]
        client = await MemoryClient(endpoint, user=user, offer=Offer("secret", secrets=["secret"])).connect()
        [entry] = logins.of(user)
        logins._judge(entry, LookupError("no secret"))
        assert "LookupError: no <token>" in caplog.text
        assert "secret" not in caplog.text
        await client.leave()

    @NEVER
    async def test_is_left_out_when_no_interval_is_set(self, connect, user, session):
        client = await connect(user, session)
        await sync_to_async(session.delete)()
        assert not await has_ended(client, 1)

    async def test_happens_when_the_session_is_due_to_end(self, connect, user, session):
        session.set_expiry(1)
        await sync_to_async(session.save)()
        client = await connect(user, session)
        assert await has_ended(client)


def deactivate(user, session):
    user.is_active = False
    user.save()


def delete(user, session):
    user.delete()


def log_out(user, session):
    request = HttpRequest()
    request.user, request.session = user, type(session)(session.session_key)
    logout(request)


class TestSessionKeys:
    """A session that is given another key is no end of a login."""

    @staticmethod
    def with_session(session):
        request = RequestFactory().get("/")
        request.session = type(session)(session.session_key)
        return request

    @OFTEN
    async def test_that_change_in_this_process_keep_the_connection(self, connect, user, session):
        client = await connect(user, session)
        request = self.with_session(session)
        await sync_to_async(request.session.cycle_key)()
        assert not await has_ended(client, 0.3)
        await sync_to_async(request.session.save)()
        assert not await has_ended(client, 0.5)
        assert client.close_code is None

    @OFTEN
    async def test_that_change_by_async_code_keep_it_too(self, connect, user, session):
        client = await connect(user, session)
        request = self.with_session(session)
        await request.session.acycle_key()
        await request.session.asave()
        assert not await has_ended(client, 0.5)
        assert client.close_code is None

    @OFTEN
    async def test_that_change_with_a_password_keep_it(self, connect, user, session):
        client = await connect(user, session)
        request = self.with_session(session)

        @sync_to_async
        def change_password():
            user.set_password("another")
            user.save()
            request.user = user
            update_session_auth_hash(request, user)
            request.session.save()

        await change_password()
        assert not await has_ended(client, 2.0)
        assert client.close_code is None

    @OFTEN
    async def test_whose_password_was_changed_elsewhere_end_it(self, connect, user, session):
        client = await connect(user, session)
        await save(user, password="another")
        assert await has_ended(client)

    @override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
    async def test_in_cookies_are_asked_for_after_a_logout(self, connect, user):
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session["_auth_user_id"], session["_auth_user_backend"] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.save()
        session = type(session)(session.session_key)
        assert "_auth_user_id" in session
        client = await connect(user, session)
        request = self.with_session(session)
        request.user = user

        @sync_to_async
        def change_and_log_out():
            request.session["cart"] = 7
            request.session.save()
            logout(request)

        await change_and_log_out()
        assert await has_ended(client, code=3401)


class TestHearing:
    async def test_of_a_logout_by_channels(self, connect, user, session):
        client = await connect(user, session)
        await channels_logout({"session": session, "user": user})
        assert await has_ended(client)

    async def test_of_a_change_counts_once_it_is_committed(self, connect, user, session):
        client = await connect(user, session)

        @sync_to_async
        def change():
            with transaction.atomic():
                user.is_active = False
                user.save()
                assert client.close_code is None
                assert not client.connection.closed

        await change()
        assert await has_ended(client)

    @NEVER
    @pytest.mark.parametrize("change", [deactivate, delete, log_out])
    async def test_of_a_change_counts_for_who_connects_before_it_is_committed(self, user, session, change):
        door, changed, commit = Door(), threading.Event(), threading.Event()

        def change_slowly():
            with transaction.atomic():
                change(user, session)
                changed.set()
                commit.wait(10)
            connections.close_all()

        async with serving(door.handler) as served:
            connecting = asyncio.create_task(served.connect("/ws/door", cookie(session)))
            await door.asked.wait()
            changing = asyncio.create_task(asyncio.to_thread(change_slowly))
            await asyncio.to_thread(changed.wait, 10)
            door.proceed.set()
            client = await connecting
            await until(lambda: [entry.has_been_seen for entry in logins._entries.values()] == [True])
            commit.set()
            await changing
            assert await client.closed() == (4401, "Logged out.")

    async def test_of_a_change_does_not_fail_where_transactions_are_by_hand(self, connect, user, session):
        client = await connect(user, session)

        @sync_to_async
        def change():
            transaction.set_autocommit(False)
            try:
                deactivate(user, session)
                transaction.commit()
            finally:
                transaction.set_autocommit(True)

        await change()
        assert await has_ended(client)

    async def test_of_a_change_by_a_proxy_counts(self, connect, user, session):
        client = await connect(user, session)
        await save(await sync_to_async(Member.objects.get)(pk=user.pk), is_active=False)
        assert await has_ended(client)

    async def test_of_a_logout_without_a_session_does_not_count_for_who_needs_none(self, connect, user):
        client = await connect(user)
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore()
        user_logged_out.send(User, request=request, user=user)
        assert not await has_ended(client, 0.5)

    async def test_of_a_change_that_is_rolled_back_does_not(self, connect, user, session):
        client = await connect(user, session)

        @sync_to_async
        def change():
            with transaction.atomic():
                user.is_active = False
                user.save()
                transaction.set_rollback(True)

        await change()
        assert not await has_ended(client, 0.5)

    async def test_of_a_change_of_somebody_else_does_not(self, connect, user, session, key):
        client = await connect(user, session)
        other = await sync_to_async(User.objects.create_user)(f"{key}-other")
        await save(other, is_active=False)
        await sync_to_async(other.delete)()
        assert not await has_ended(client, 0.5)

    async def test_of_a_new_password_does_not_count_for_another_user_s_session(self, connect, user, session, key):
        other = await sync_to_async(User.objects.create_user)(f"{key}-shown")
        client = await connect(other, session)  # as those are who look at the site with another's eyes
        await save(other, password="another")
        assert not await has_ended(client, 0.5)
