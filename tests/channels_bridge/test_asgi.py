import json
from itertools import count

import pytest
from channels.routing import ProtocolTypeRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.test import override_settings

from channels_bridge.asgi import websocket_application
from tests.support import told_sessions
from tests.support.scripts import run_script
from tests.support.waiting import until
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.websocket import WebSocket

_numbers = count()


@pytest.fixture
def path():
    return f"/asgi/{next(_numbers)}"


@pytest.fixture
async def communicate():
    """Makes communicators, and ends them."""
    application = ProtocolTypeRouter({"websocket": websocket_application()})
    communicators = []

    def communicate(path, headers=()):
        communicator = WebsocketCommunicator(application, path, headers=list(headers))
        communicators.append(communicator)
        return communicator

    yield communicate
    for communicator in communicators:
        if not communicator.future.done():
            await communicator.disconnect()


async def is_accepted(client):
    return (await client.connect())[0]


class TestRouting:
    async def test_serves_registered_websockets(self, path, communicate):
        ws = WebSocket(path)
        assert await is_accepted(communicate(f"/ws{path}"))
        assert [socket.path for socket in ws.handlers] == [path]

    async def test_lets_each_client_in_once_by_the_door(self, path, communicate):
        WebSocket(path)
        before = hub.shard().door.came
        assert await is_accepted(communicate(f"/ws{path}"))
        assert hub.shard().door.came == before + 1

    async def test_gives_handlers_the_parameters_of_the_path(self, path, communicate):
        ws = WebSocket(f"{path}/<slug:room>/<int:page>")
        await is_accepted(communicate(f"/ws{path}/lobby/007"))
        [socket] = ws.handlers
        assert (socket.path, socket.kwargs) == (f"{path}/lobby/7", {"room": "lobby", "page": 7})

    async def test_prefers_the_exact_path(self, path, communicate):
        room, lobby = WebSocket(f"{path}/<slug:room>"), WebSocket(f"{path}/lobby")
        await is_accepted(communicate(f"/ws{path}/lobby"))
        assert (len(room.handlers), len(lobby.handlers)) == (0, 1)

    async def test_refuses_an_unknown_path_with_one_line(self, path, communicate, caplog):
        client = communicate(f"/ws{path}")
        assert not await is_accepted(client)
        await client.wait()
        [record] = caplog.records
        assert (record.name, record.levelname, record.exc_info) == ("tornado_websockets", "WARNING", None)
        assert f"'/ws{path}'" in record.getMessage()
        assert "there is no WebSocket" in record.getMessage()

    @pytest.mark.parametrize("unknown", ["/", "/ws", "/ws/", "{path}", "/ws{path}/"])
    async def test_refuses_what_only_resembles_a_path(self, path, communicate, unknown):
        WebSocket(path)
        assert not await is_accepted(communicate(unknown.format(path=path)))

    async def test_refuses_more_query_parameters_than_can_be_read(self, path, communicate, caplog):
        WebSocket(path)
        for number, is_refused in ((999, False), (1000, True)):
            client = communicate(f"/ws{path}")
            client.scope["query_string"] = b"&" * number
            assert await is_accepted(client) is not is_refused
        assert "1,001 query parameters" in caplog.text

    async def test_quotes_no_more_than_a_little_of_a_path(self, communicate, caplog):
        await is_accepted(communicate("/" + "x" * 5000))
        assert len(caplog.records[0].getMessage()) < 200

    async def test_works_below_the_path_it_is_mounted_at(self, path, communicate):
        ws = WebSocket(path)
        client = communicate(f"/app/ws{path}")
        client.scope["root_path"] = "/app"
        assert await is_accepted(client)
        assert [socket.path for socket in ws.handlers] == [path]


class TestHostsAndOrigins:
    @pytest.mark.parametrize(
        "headers",
        [
            [(b"host", b"evil.com")],
            [(b"host", b"testserver"), (b"origin", b"http://evil.com")],
            [(b"origin", b"null")],
            [(b"origin", b"http://[::1")],
            [(b"origin", b"http://testserver"), (b"origin", b"http://evil.com")],
            [(b"host", b"testserver"), (b"host", b"testserver")],
        ],
        ids=repr,
    )
    async def test_that_are_not_allowed_are_refused_with_one_line(self, path, communicate, headers, caplog):
        WebSocket(path)
        client = communicate(f"/ws{path}", headers)
        assert not await is_accepted(client)
        await client.wait()
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    @pytest.mark.parametrize(
        "headers", [[], [(b"host", b"testserver:8000"), (b"origin", b"http://testserver:8000")]], ids=repr
    )
    async def test_that_are_allowed_are_let_in(self, path, communicate, headers):
        WebSocket(path)
        assert await is_accepted(communicate(f"/ws{path}", headers))

    async def test_are_looked_at_before_the_path(self, communicate, caplog):
        await is_accepted(communicate("/nowhere", [(b"host", b"evil.com")]))
        assert "ALLOWED_HOSTS" in caplog.text

    @override_settings(ALLOWED_HOSTS=["example.com"])
    async def test_follow_the_settings(self, path, communicate):
        WebSocket(path)
        assert not await is_accepted(communicate(f"/ws{path}", [(b"host", b"testserver")]))
        assert await is_accepted(communicate(f"/ws{path}", [(b"host", b"example.com")]))


class TestSessionsAndUsers:
    async def test_are_there_where_these_apps_are_installed(self, path, communicate):
        ws = WebSocket(path)
        await is_accepted(communicate(f"/ws{path}"))
        [socket] = ws.handlers
        assert socket.user == AnonymousUser()
        assert isinstance(socket.session, SessionBase)

    async def test_come_from_the_cookie(self, path, communicate):
        from importlib import import_module

        ws = WebSocket(path)
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
            session = import_module("django.contrib.sessions.backends.signed_cookies").SessionStore()
            session["colour"] = "red"
            seen = []

            @ws.on
            def open(socket):  # noqa: A001 the name of the event
                seen.append(socket.session.get("colour"))

            client = communicate(f"/ws{path}", [(b"cookie", f"sessionid={session._get_session_key()}".encode())])
            assert await is_accepted(client)
            await until(lambda: seen)
        assert seen == ["red"]

    async def test_an_order_that_comes_while_they_are_read_is_carried_out(self, path, communicate, monkeypatch):
        ws = WebSocket(path)
        everybody = ws.to(exclude=[])
        with override_settings(SESSION_ENGINE=told_sessions.__name__):
            monkeypatch.setattr(told_sessions.SessionStore, "on_load", lambda: everybody.disconnect(4100))
            client = communicate(f"/ws{path}", [(b"cookie", b"sessionid=somebodys")])
            assert await is_accepted(client)
            assert (await client.receive_output(5))["code"] == 4100
            await client.wait()

    @pytest.mark.parametrize(
        ("apps", "expected"),
        [
            ([], [None, None]),
            (["django.contrib.sessions"], ["SessionStore", None]),
            (
                ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
                ["SessionStore", "AnonymousUser"],
            ),
        ],
        ids=["neither", "sessions", "both"],
    )
    def test_are_there_as_far_as_their_apps_are_installed(self, apps, expected):
        script = f"""
            import asyncio, json
            import django
            from django.conf import settings

            settings.configure(
                INSTALLED_APPS={[*apps, "tornado_websockets", "channels_bridge"]!r},
                ALLOWED_HOSTS=["*"],
                SECRET_KEY="x",
                DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
                SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            )
            django.setup()
            from channels.testing import WebsocketCommunicator
            from channels_bridge.asgi import websocket_application
            from tornado_websockets.websocket import WebSocket

            async def main():
                ws = WebSocket("/chat")
                client = WebsocketCommunicator(websocket_application(), "/ws/chat")
                assert (await client.connect())[0]
                [socket] = ws.handlers
                names = [None if it is None else type(it).__name__ for it in (socket.session, socket.user)]
                print(json.dumps(names))
                await client.disconnect()

            asyncio.run(main())
        """
        assert json.loads(run_script(script)) == expected


class TestOtherProtocols:
    async def test_are_refused_with_a_word_about_where_they_belong(self):
        with pytest.raises(ValueError, match=r"'lifespan'.*ProtocolTypeRouter"):
            await websocket_application()({"type": "lifespan"}, None, None)


class TestMakingIt:
    def test_needs_django_to_be_set_up(self):
        script = """
            from django.conf import settings
            from django.core.exceptions import AppRegistryNotReady

            settings.configure(INSTALLED_APPS=["tornado_websockets", "channels_bridge"])
            try:
                from channels_bridge.asgi import websocket_application
                websocket_application()
            except AppRegistryNotReady as error:
                print("refused")
        """
        assert run_script(script) == "refused\n"

    @pytest.mark.parametrize("made", ["WebSocket('/chat')", "None"])
    def test_says_that_the_app_is_not_installed_where_that_matters(self, made):
        script = f"""
            import sys

            import django
            from django.conf import settings

            settings.configure(SECRET_KEY="x")
            django.setup()
            from channels_bridge.asgi import websocket_application
            from tornado_websockets.websocket import WebSocket

            {made}
            sys.stderr = sys.stdout
            websocket_application()
        """
        assert ("tornado_websockets is not in INSTALLED_APPS" in run_script(script)) is (made != "None")

    @override_settings(ROOT_URLCONF="tests.project.no_such_urls")
    def test_finds_the_websockets_of_views(self):
        with pytest.raises(ModuleNotFoundError, match="no_such_urls"):
            websocket_application()
