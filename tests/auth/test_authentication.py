"""Who a client is, by what is asked: users of the database, classes of Django REST framework, the test clients."""

import asyncio
import io
import logging
import threading
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import override_settings
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import AccessToken

from tests.project.asgi import application, by_hand
from tests.support.databases import database_in
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tests.tornado.application import serving
from tornado_websockets.auth import drf
from tornado_websockets.auth.recheck import logins
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.exceptions import Refused
from tornado_websockets.serving.authorization import MOST_THREADS
from tornado_websockets.testing import Client, ConnectionRefused, SyncClient
from tornado_websockets.websocket import WebSocket, endpoint_of
from tornado_websockets.websockethandler import WebSocketHandler

OFTEN = override_settings(TORNADO_WEBSOCKETS={"REAUTH_INTERVAL": 0.1})
SECRET = "known.to-the_test"


@pytest.fixture(scope="module", autouse=True)
def a_database(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("tokens")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def user(key):
    return User.objects.create_user(key)


@pytest.fixture
def another(key):
    return User.objects.create_user(f"{key}-2")


@dataclass
class Device:
    """A user that compares by what it has."""

    name: str
    seen: bool = False


class Slotted:
    """A user that has slots, and does not compare."""

    __slots__ = ("name", "seen")

    def __init__(self, name):
        self.name = name


class Robot:
    """A user as plain as can be."""

    def __init__(self, name):
        self.name = name


class Secretive:
    """A user whose slots are private, and which does not compare."""

    __slots__ = ("__name", "seen")

    def __init__(self, name):
        self.__name = name


class Claims:
    """A user that compares by what a service has said of it, which are its attributes; it cannot be copied."""

    def __init__(self, name):
        self._claims = {"name": name}

    def __getattr__(self, name):
        try:
            return self._claims[name]
        except KeyError:
            raise AttributeError(name) from None

    def __eq__(self, other):
        return isinstance(other, Claims) and self._claims == other._claims

    def __hash__(self):
        return hash(self._claims["name"])


def asked(*authenticators, **options):
    """A WebSocket of a test's own."""
    return WebSocket("/asked", add_to_handlers=False, authenticate=list(authenticators), **options)


def of(ws, **options):
    return Client("/asked", websocket=ws, **options)


class TestDjangoRestFramework:
    async def test_a_token_of_the_database(self, user):
        token = await sync_to_async(Token.objects.create)(user=user)
        async with of(asked(drf(TokenAuthentication)), token=token.key) as client:
            assert client.connection.user == user

    async def test_a_header_as_it_came(self, user):
        token = await sync_to_async(Token.objects.create)(user=user)
        ws = asked(drf(TokenAuthentication))
        async with of(ws, headers={"Authorization": f"Token {token.key}"}) as client:
            assert client.connection.user == user
        with pytest.raises(ConnectionRefused):  # whose keyword is another
            await of(ws, headers={"Authorization": f"Bearer {token.key}"}).connect()

    async def test_a_wrong_header_never_becomes_the_user_of_a_cookie(self, user):
        ws = asked("session", drf(TokenAuthentication))
        with pytest.raises(ConnectionRefused):
            await of(ws, headers={"Authorization": "Token wrong"}).connect()

    async def test_a_json_web_token_ends_the_connection_when_it_ends(self, user):
        token = AccessToken.for_user(user)
        token.set_exp(lifetime=timedelta(seconds=2))
        async with of(asked(drf(JWTAuthentication)), token=str(token)) as client:
            assert client.connection.user == user
            assert client.connection.expires_at == datetime.fromtimestamp(token["exp"], UTC)
            await until(lambda: client.close_code == 4401)

    async def test_an_expired_one_refuses(self, user):
        token = AccessToken.for_user(user)
        token.set_exp(lifetime=timedelta(seconds=-1))
        with pytest.raises(ConnectionRefused):
            await of(asked(drf(JWTAuthentication)), token=str(token)).connect()

    async def test_no_token_is_nobody(self):
        async with of(asked(drf(JWTAuthentication))) as client:
            assert client.connection.user.is_anonymous

    @pytest.mark.parametrize("wrong", [TokenAuthentication(), "Token", dict])
    def test_takes_classes_only(self, wrong):
        with pytest.raises(TypeError, match="authentication class"):
            drf(wrong)


class TestWhatIsAsked:
    async def test_the_first_user_counts(self, user, another):
        async with of(asked(lambda _: None, lambda _: user, lambda _: another)) as client:
            assert client.connection.user == user

    async def test_the_setting_is_asked_by_dotted_path(self):
        path = "tests.project.websockets.tokens.by_name_soon"
        ws = WebSocket("/asked", add_to_handlers=False)
        with override_settings(TORNADO_WEBSOCKETS={"AUTHENTICATE": ["session", path]}):
            async with of(ws, token="bot=jo") as client:
                assert str(client.connection.user) == "jo"

    async def test_authorize_sees_the_user(self, user):
        seen = []
        ws = asked(lambda _: user, authorize=lambda socket: seen.append(socket.user) or True)
        async with of(ws):
            assert seen == [user]

    async def test_an_inactive_user_is_refused(self, user):
        user.is_active = False
        with pytest.raises(ConnectionRefused):
            await of(asked(lambda _: user)).connect()

    async def test_what_is_no_user_is_refused(self, caplog):
        with pytest.raises(ConnectionRefused):
            await of(asked(lambda _: True)).connect()
        assert "Expected a user, or None" in caplog.text

    @pytest.mark.parametrize("error", [AuthenticationFailed, PermissionDenied, partial(Refused, "unknown")])
    async def test_a_refusal_says_why_in_the_log_and_hides_the_token(self, caplog, error):
        def refuse(socket):
            raise error(f"nobody has {socket.token}")

        with pytest.raises(ConnectionRefused):
            await of(asked(refuse), token="bot=jo").connect()
        assert "nobody has <token>" in caplog.text
        assert "Traceback" not in caplog.text

    async def test_that_of_authorize_hides_the_token_too(self, user, caplog):
        def refuse(socket):
            raise Refused("unknown", f"nobody has {socket.token}")

        with pytest.raises(ConnectionRefused):
            await of(asked(lambda _: user, authorize=refuse), token="bot=jo").connect()
        assert "unknown: nobody has <token>" in caplog.text

    async def test_it_has_a_limited_time(self, caplog):
        async def authenticate(socket):
            await asyncio.Event().wait()

        with override_settings(TORNADO_WEBSOCKETS={"AUTHORIZE_TIMEOUT": 0.1}), pytest.raises(ConnectionRefused):
            await of(asked(authenticate)).connect()
        assert "authenticate did not answer within 0.1 s" in caplog.text

    @pytest.mark.parametrize("wrong", ["session", [1], {"session"}, len])
    def test_takes_lists_only(self, wrong):
        with pytest.raises(TypeError, match="Expected the authenticate of '/asked' as a list"):
            WebSocket("/asked", add_to_handlers=False, authenticate=wrong)

    @pytest.mark.parametrize("wrong", [1, None, "no"])
    def test_is_asked_again_by_a_bool_only(self, wrong):
        with pytest.raises(TypeError, match="Expected recheck as a bool"):
            WebSocket("/asked", add_to_handlers=False, recheck=wrong)


class TestTheTestClients:
    async def test_a_user_that_is_given_is_asked_for_nothing(self, user):
        async with of(asked(lambda _: None), user=user) as client:
            assert client.connection.user == user

    def test_plain_ones_have_tokens_too(self, user):
        with SyncClient(
            "/asked", websocket=asked(lambda socket: user if socket.token else None), token="a/b"
        ) as client:
            assert client.connection.user == user

    async def test_subprotocols(self):
        ws = asked(subprotocols=["v2.chat"])
        async with of(ws, subprotocols=["v1.chat", "v2.chat"]) as client:
            assert client.connection.subprotocol == "v2.chat"


class TestLookingAgain:
    @OFTEN
    async def test_a_deactivated_user_of_a_token_is_closed(self, user, key):
        async with serving(("/ws/asked", WebSocketHandler, {"websocket": asked(lambda _: user)})) as server:
            client = await server.connect("/ws/asked")
            await sync_to_async(User.objects.filter(pk=user.pk).update)(is_active=False)
            assert await client.closed() == (4401, "Logged out.")

    @OFTEN
    async def test_the_token_is_asked_for_again_with_recheck_only(self, user):
        times = {True: 0, False: 0}

        def asking(is_rechecked):
            def authenticate(socket):
                times[is_rechecked] += 1
                return user if times[is_rechecked] < 3 else None

            return asked(authenticate, recheck=is_rechecked)

        async with serving(("/ws/asked", WebSocketHandler, {"websocket": asking(True)})) as server:
            client = await server.connect("/ws/asked")
            assert await client.closed() == (4401, "Logged out.")
        async with serving(("/ws/asked", WebSocketHandler, {"websocket": asking(False)})) as server:
            await server.connect("/ws/asked")
            entry = next(iter(logins.of(user)))
            await until(lambda: entry.has_been_seen)
            assert times[False] == 1

    @OFTEN
    async def test_nobody_stays_for_as_long_as_strangers_knock(self, user):
        is_over, knocking, known = threading.Event(), [], {SECRET}

        def authenticate(socket):
            if socket.token != SECRET:
                knocking.append(socket)
                is_over.wait(10)
            return user if socket.token in known else None

        async with serving(("/ws/asked", WebSocketHandler, {"websocket": asked(authenticate, recheck=True)})) as server:
            client = await server.connect("/ws/asked", {"Authorization": f"Bearer {SECRET}"})
            connect = partial(server.connect, "/ws/asked", {"Authorization": "Bearer guessed"})
            knocks = [asyncio.create_task(connect()) for _ in range(2 * MOST_THREADS)]
            await until(lambda: len(knocking) == MOST_THREADS)
            known.clear()
            assert await client.closed() == (4401, "Logged out.")
            assert len(knocking) == MOST_THREADS
            is_over.set()
            outcomes = await asyncio.gather(*knocks, return_exceptions=True)
        assert [outcome.status for outcome in outcomes] == [403] * len(knocks)

    @OFTEN
    @pytest.mark.parametrize("authenticate", [["session"], ["session", lambda _: None]], ids=["alone", "and another"])
    async def test_the_user_of_a_middleware_is_read_again_and_nobody_asked(self, user, authenticate):
        client, entry = await looked_at(asked(*authenticate, recheck=True), user=user, offer=Offer("abc"))
        await look(entry)
        assert not client.connection.closed
        await sync_to_async(User.objects.filter(pk=user.pk).update)(is_active=False)
        await until(lambda: Close(4401, "Logged out.") in client.transport.sent)
        await client.leave()

    @OFTEN
    @pytest.mark.parametrize(("last", "stays"), [("jo", True), ("al", False)])
    @pytest.mark.parametrize("kind", [Robot, Secretive, Claims])
    async def test_a_user_without_a_key_is_the_same_by_what_it_has(self, kind, last, stays):
        names = ["jo", "jo", last]
        client, entry = await looked_at(asked(lambda _: kind(names.pop(0)), recheck=True))
        client.socket.user.seen = True
        names.append(names[-1])
        await look(entry)
        await look(entry)
        assert client.connection.closed is not stays
        await client.leave()

    @OFTEN
    async def test_one_who_does_not_say_to_be_authenticated_is_asked_for_again(self):
        users = [Robot("jo")]
        client, _ = await looked_at(asked(lambda _: users.pop() if users else None, recheck=True))
        await until(lambda: Close(4401, "Logged out.") in client.transport.sent)
        await client.leave()

    @OFTEN
    async def test_who_goes_by_another_name_stays(self, user, another):
        def authorize(socket):
            socket.user = another
            return True

        ws = asked(lambda _: user, authorize=authorize, recheck=True)
        client, entry = await looked_at(ws)
        await look(entry)
        assert not client.connection.closed
        await client.leave()

    @OFTEN
    async def test_who_becomes_nobody_is_not_looked_at(self, user):
        def authorize(socket):
            socket.user = None
            return True

        ws = asked(lambda _: user, authorize=authorize)
        client = MemoryClient(endpoint_of(ws), path="/asked")
        assert await endpoint_of(ws).is_authorized(client.connection)
        await client.connect()
        assert client.connection not in logins._entries
        await client.leave()

    @OFTEN
    @pytest.mark.parametrize("kind", [Device, Slotted, Secretive, Claims])
    async def test_one_whose_attributes_a_handler_sets_stays(self, kind):
        client, entry = await looked_at(asked(lambda _: kind("a"), recheck=True))
        client.socket.user.seen = True
        await look(entry)
        assert not client.connection.closed
        await client.leave()

    @OFTEN
    async def test_an_outage_of_what_is_asked_closes_nobody(self, user, caplog):
        answers = [user]

        def authenticate(socket):
            if answers:
                return answers.pop()
            raise OSError(f"no answer for {socket.token}")

        ws = asked(authenticate, recheck=True)
        async with serving(("/ws/asked", WebSocketHandler, {"websocket": ws})) as server:
            client = await server.connect("/ws/asked", {"Authorization": f"Bearer {SECRET}"})
            await until(lambda: "authenticate raised OSError" in caplog.text)
            assert not client.is_told
        assert SECRET not in caplog.text
        logins._outage.forget()


async def looked_at(ws, **options):
    """A client that has connected, and its login, which was looked at once."""
    client = MemoryClient(endpoint_of(ws), path="/asked", **options)
    assert await endpoint_of(ws).is_authorized(client.connection)
    await client.connect()
    [entry] = logins.of(client.socket.user)
    await until(lambda: entry.has_been_seen)
    return client, entry


async def look(entry):
    """Wait until it was looked at once more, or closed."""
    timer = entry.timer
    await until(lambda: entry.connection.closed or entry.timer is not timer)


class Middleware:
    """Of an application of old, which reads the token by itself."""

    def __init__(self, application, user):
        self._application = application
        self._user = user

    async def __call__(self, scope, receive, send):
        await self._application({**scope, "user": self._user}, receive, send)


async def test_the_user_of_a_middleware_that_has_read_the_token_counts(user):
    headers = [(b"authorization", b"Bearer abc")]
    client = WebsocketCommunicator(Middleware(application, user), "/ws/tokens/cookies", headers=headers)
    assert (await client.connect(5))[0]
    await client.send_json_to({"event": "who", "id": 1})
    assert (await client.receive_json_from(5))["data"]["user"] == user.username
    await client.disconnect(timeout=5)


@pytest.mark.parametrize(("token", "is_accepted"), [("bot=jo", True), ("wrong", False)])
async def test_an_asgi_module_written_by_hand_asks_the_same(token, is_accepted):
    headers = [
        (b"authorization", f"Bearer {token}".encode()),
        (b"host", b"testserver"),
        (b"origin", b"http://testserver"),
    ]
    client = WebsocketCommunicator(by_hand, "/ws/tokens/bots", headers=headers)
    assert (await client.connect(5))[0] is is_accepted
    await client.disconnect(timeout=5)


class TestSecrecy:
    """The token of the test is nowhere."""

    @pytest.fixture
    def everything(self):
        """What any logger of ours, of asyncio or of asgiref writes, at any level, with local variables."""
        written = io.StringIO()

        class Talkative(logging.Formatter):
            def formatException(self, ei):  # noqa: N802 logging's name
                found = traceback.TracebackException(*ei, capture_locals=True)
                return "".join(found.format())

        handler = logging.StreamHandler(written)
        handler.setFormatter(Talkative("%(levelname)s %(message)s"))
        names = ["tornado_websockets", "channels_bridge", "asyncio", "asgiref", "tornado"]
        loggers = [logging.getLogger(name) for name in names]
        levels = [each.level for each in loggers]
        for each in loggers:
            each.addHandler(handler)
            each.setLevel(1)
        yield written
        for each, level in zip(loggers, levels, strict=True):
            each.removeHandler(handler)
            each.setLevel(level)

    @pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {SECRET}"}, {}])
    async def test_no_log_shows_it(self, everything, user, headers):
        def authenticate(socket):
            raise ValueError(f"{socket.token} {socket.headers} {socket!r}")

        def fail(socket):
            raise ValueError(socket)

        refusing, failing = asked(authenticate), asked(lambda _: user)
        failing.on(fail)
        offered = None if headers else ["bearer", SECRET]
        async with serving(("/ws/asked", WebSocketHandler, {"websocket": refusing})) as server:
            with pytest.raises(Exception, match="refused"):
                await server.connect("/ws/asked", headers, subprotocols=offered)
        async with serving(("/ws/asked", WebSocketHandler, {"websocket": failing})) as server:
            client = await server.connect("/ws/asked", headers, subprotocols=offered)
            await client.emit("fail", id=1)
            assert (await client.receive())["error"]["code"] == "handler_error"
        assert "ValueError" in everything.getvalue()
        assert SECRET not in everything.getvalue()

    @pytest.mark.parametrize("asgi", [application, by_hand], ids=["application", "by_hand"])
    async def test_no_log_of_an_asgi_application_shows_it(self, everything, asgi):
        headers = [(b"sec-websocket-protocol", f"bearer, {SECRET}".encode()), (b"host", b"testserver")]
        headers += [(b"authorization", f"Bearer {SECRET}".encode()), (b"origin", b"http://testserver")]
        client = WebsocketCommunicator(asgi, "/ws/tokens/bots-or-cookies", headers=headers)
        assert (await client.connect(5))[0] is False
        assert "accepts its token" in everything.getvalue()
        assert SECRET not in everything.getvalue()

    async def test_no_repr_shows_it(self, user):
        headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"sessionid={SECRET}"}
        async with of(asked(lambda _: user), headers=headers) as client:
            socket = client.connection
            assert socket.token == SECRET
            shown = [repr(socket), repr(socket.headers), repr(connection_of(socket).offer), repr(socket.query)]
            assert SECRET not in str(shown)
