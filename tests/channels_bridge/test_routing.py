from itertools import count

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from channels_bridge import routing
from channels_bridge.routing import route_for, websocket_urlpatterns
from tests.support.scripts import run_script
from tornado_websockets.websocket import WebSocket

_numbers = count()


@pytest.fixture
def path():
    return f"/routing/{next(_numbers)}"


def own(path):
    """The entries of this test, in order."""
    return [str(route.pattern) for route in websocket_urlpatterns if str(route.pattern).startswith(f"ws{path}")]


class TestList:
    def test_has_an_entry_for_each_websocket(self, path):
        ws = WebSocket(path)
        assert [route for route in websocket_urlpatterns if route is ws.route] == [ws.route]

    def test_is_the_same_all_the_time(self, path):
        before = websocket_urlpatterns
        WebSocket(path)
        assert routing.websocket_urlpatterns is before
        assert own(path) == [f"ws{path}"]

    def test_keeps_the_entries_it_has(self, path):
        before = list(websocket_urlpatterns)
        WebSocket(path)
        assert [route for route in websocket_urlpatterns if route in before] == before

    def test_has_no_entry_for_what_is_not_to_be_served(self, path):
        WebSocket(path, add_to_handlers=False)
        assert own(path) == []

    def test_has_entries_with_parameters_last(self, path):
        WebSocket(f"{path}/<slug:room>")
        WebSocket(f"{path}/lobby")
        assert own(path) == [f"ws{path}/lobby", f"ws{path}/<slug:room>"]

    def test_has_one_entry_for_a_path(self, path):
        WebSocket(path)
        second = WebSocket(path)
        assert own(path) == [f"ws{path}"]
        assert second.route in websocket_urlpatterns


class TestLookingForTheProject:
    """Importing the module imports nothing of the project; the first look at the list does."""

    SETTINGS = """
        import sys
        import django
        from django.conf import settings

        settings.configure(INSTALLED_APPS=["tornado_websockets", "channels_bridge"], ROOT_URLCONF="found_urls")
        django.setup()
        from channels.routing import URLRouter
        from channels_bridge import asgi, routing
        from channels_bridge.routing import websocket_urlpatterns

        assert "found_urls" not in sys.modules
    """

    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "found_urls.py").write_text(
            "from tornado_websockets.websocket import WebSocket\n\nWebSocket('/found')\nurlpatterns = []\n"
        )
        return tmp_path

    def routes(self, project, look):
        script = f"{self.SETTINGS}\n        {look}\n        print([str(route.pattern) for route in found])\n"
        return run_script(script, directory=project)

    @pytest.mark.parametrize(
        "look",
        [
            "found = URLRouter(websocket_urlpatterns).routes",
            "found = list(websocket_urlpatterns)",
            "found = [*websocket_urlpatterns]",
            "found = websocket_urlpatterns[:]",
            "found = [websocket_urlpatterns[0]]",
            "found = websocket_urlpatterns + []",
            "found = [] + websocket_urlpatterns",
            "found = [*reversed(websocket_urlpatterns)]",
            "found = websocket_urlpatterns.copy()",
            "found = [] if websocket_urlpatterns == [] else websocket_urlpatterns",
            "asgi.websocket_application(); found = websocket_urlpatterns",
        ],
    )
    def test_is_done_at_the_first_look(self, project, look):
        assert self.routes(project, look) == "['ws/found']\n"

    def test_finds_nothing_before_django_is_set_up(self, project):
        script = self.SETTINGS.replace("django.setup()", "").replace("from channels_bridge import asgi, routing", "")
        assert run_script(f"{script}\n        print(list(websocket_urlpatterns))", directory=project) == "[]\n"


class TestEntry:
    def test_leads_to_the_consumer(self, path):
        ws = WebSocket(path, False)
        match = route_for(ws).resolve(f"ws{path}")
        assert match.func.consumer_class is ws.consumer

    @pytest.mark.parametrize("other", ["", "/", "ws", "/ws{path}", "ws{path}/", "ws{path}x"])
    def test_leads_nowhere_else(self, path, other):
        assert route_for(WebSocket(path, False)).resolve(other.format(path=path)) is None

    def test_converts_parameters(self, path):
        route = route_for(WebSocket(f"{path}/<slug:room>/<int:page>", False))
        assert route.resolve(f"ws{path}/lobby/7").kwargs == {"room": "lobby", "page": 7}
        assert route.resolve(f"ws{path}/lobby/seven") is None

    def test_takes_what_is_special_in_patterns_literally(self):
        route = route_for(WebSocket("/a.b(c)*", False))
        assert route.resolve("ws/a.b(c)*")
        assert route.resolve("ws/aXb(c)*") is None


class TestInARouterOfChannels:
    @staticmethod
    async def connect(router, path):
        client = WebsocketCommunicator(router, path)
        is_accepted, _ = await client.connect()
        assert is_accepted
        return client

    async def test_serves_what_is_made_later(self, path):
        router = URLRouter(websocket_urlpatterns)
        ws = WebSocket(path)
        client = await self.connect(router, f"/ws{path}")
        assert len(ws.handlers) == 1
        await client.disconnect()

    async def test_prefers_the_exact_path(self, path):
        router = URLRouter(websocket_urlpatterns)
        room, lobby = WebSocket(f"{path}/<slug:room>"), WebSocket(f"{path}/lobby")
        clients = [await self.connect(router, f"/ws{path}/{name}") for name in ("lobby", "bar")]
        assert [socket.path for socket in lobby.handlers] == [f"{path}/lobby"]
        assert [socket.path for socket in room.handlers] == [f"{path}/bar"]
        for client in clients:
            await client.disconnect()

    async def test_can_be_mounted_elsewhere_by_hand(self, path):
        ws = WebSocket(f"{path}/<slug:room>", add_to_handlers=False)
        client = await self.connect(URLRouter([ws.route]), f"/ws{path}/lobby")
        assert [socket.kwargs for socket in ws.handlers] == [{"room": "lobby"}]
        await client.disconnect()
