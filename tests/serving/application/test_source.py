import pytest

from tornado_websockets.serving.application.source import PAGES, WEBSOCKETS, Router, read_source

IMPORTS = """
import os
import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels_bridge.asgi import websocket_application
from django.core.asgi import get_asgi_application
"""
ROUTES = 'y = {"http": get_asgi_application(), "websocket": websocket_application}'


@pytest.fixture
def read(tmp_path):
    """What a source says, behind the imports of most."""

    def read(source, imports=IMPORTS):
        path = tmp_path / "asgi.py"
        path.write_bytes(source if isinstance(source, bytes) else (imports + source).encode())
        return read_source(path)

    return read


class TestNames:
    @pytest.mark.parametrize(
        "source",
        [
            "x = 1",
            "x: int = 1",
            "a, (b, *x) = c",
            "import x.y",
            "from y import z as x",
            "from .y import x",
            "def x(): pass",
            "async def x(): pass",
            "class x: pass",
            "for x in y: pass",
            "with y as x: pass",
            "try: pass\nexcept E as x: pass",
            "if a:\n    if b:\n        x = 1",
            "match y:\n    case {'a': x}: pass",
            "match y:\n    case {**x}: pass",
            "match y:\n    case [*x]: pass",
            "print(x := 1)",
            "def make():\n    global x\n    x = 1",
        ],
    )
    def test_are_found_however_they_are_bound(self, read, source):
        assert "x" in read(source, "").names

    def test_of_functions_and_classes_are_their_own(self, read):
        assert read("def f(a):\n    b = 1\nclass C:\n    d = 1\n", "").names == {"f", "C"}

    @pytest.mark.parametrize(
        "source",
        [
            "from mysite.asgi import *",
            "globals()['application'] = 1",
            "import sys\nsys.modules[__name__] = X()",
            "def __getattr__(name): return 1",
            "exec(text)",
        ],
    )
    def test_are_not_told_where_there_may_be_others(self, read, source):
        found = read(f"application = get_asgi_application()\n{source}")
        assert (found.names, found.values) == (None, {})

    @pytest.mark.parametrize("source", [b"x = (", b"\0", b"\xff = 1", b"x = " + b"-" * 100_000 + b"1"])
    def test_of_what_cannot_be_read_are_unknown(self, read, source):
        assert read(source) is None

    def test_of_no_file_are_unknown(self, tmp_path):
        assert read_source(tmp_path / "none.py") is None


class TestValues:
    @pytest.mark.parametrize(
        "source",
        [
            "x = get_asgi_application()",
            "x: object = get_asgi_application()",
            "import django.core.asgi\nx = django.core.asgi.get_asgi_application()",
            "import django.core.asgi as asgi\nx = asgi.get_asgi_application()",
            "from django.core import asgi\nmake = asgi.get_asgi_application\nx = make()",
            "y = get_asgi_application()\nx = y",
        ],
    )
    def test_are_followed(self, read, source):
        assert read(source).values["x"] == PAGES

    @pytest.mark.parametrize(
        "source",
        [
            "x = wrapped(get_asgi_application())",
            "x = get_asgi_application()\nx = Other(x)",
            "x = get_asgi_application()\nif DEBUG:\n    x = Other(x)",
            "x = get_asgi_application()\nfrom .others import x",
            "x = get_asgi_application()\ndef change():\n    global x\n    x = 1\nchange()",
            "def get_asgi_application(): ...\nx = get_asgi_application()",
            "x = get_asgi_application() if PAGES else None",
        ],
    )
    def test_are_unknown_where_anything_else_may_have_come(self, read, source):
        assert read(source).values["x"] != PAGES

    @pytest.mark.parametrize(
        "source",
        [
            'x = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": websocket_application})',
            f"{ROUTES}\nx = ProtocolTypeRouter(y)",
            f"from channels import routing as r\n{ROUTES}\nx = r.ProtocolTypeRouter(y)",
            'x = get_asgi_application()\nx = ProtocolTypeRouter({"http": x, "websocket": websocket_application})',
            f"{ROUTES}\nx = ProtocolTypeRouter(application_mapping=y)",
        ],
    )
    def test_of_a_router_are_its_routes(self, read, source):
        value = read(source).values["x"]
        assert isinstance(value, Router)
        assert value.routes == {"http": PAGES, "websocket": WEBSOCKETS}

    @pytest.mark.parametrize(
        "change",
        [
            'routes["websocket"] = websocket_application()',
            "routes.update(more)",
            "add_to(routes)",
            "for each in (routes,): add_to(each)",
            "x = ProtocolTypeRouter(routes)\nx.application_mapping['websocket'] = websocket_application()",
            "def change():\n    routes.update(more)\nchange()",
            "x = y = ProtocolTypeRouter(routes)",
            "routes |= more",
        ],
    )
    @pytest.mark.parametrize("is_before", [True, False])
    def test_of_a_router_are_unknown_where_they_may_have_been_changed(self, read, change, is_before):
        making = ["x = ProtocolTypeRouter(routes)", change][:: -1 if is_before else 1]
        value = read("\n".join(['routes = {"http": get_asgi_application()}', *making])).values["x"]
        assert not isinstance(value, Router) or value.routes is None

    @pytest.mark.parametrize("routes", ["{**more}", "{'http': 1, **more}", "{KEY: 1}", "dict(http=1)", "more"])
    def test_of_a_router_are_unknown_where_they_are_not_written_out(self, read, routes):
        value = read(f"x = ProtocolTypeRouter({routes})").values["x"]
        assert not isinstance(value, Router) or value.routes is None


class TestSettingUp:
    @pytest.mark.parametrize(
        "source",
        [
            "w = websocket_application()\nx = get_asgi_application()",
            "w = websocket_application()\ndjango.setup()",
            'os.environ.setdefault("A", "b")\nw = websocket_application()\nimport channels_bridge.serve',
            'x = ProtocolTypeRouter({"websocket": websocket_application(), "http": get_asgi_application()})',
            "x = URLRouter(websocket_application()); y = get_asgi_application()",
        ],
    )
    def test_comes_too_late(self, read, source):
        found = read(source, IMPORTS.strip().replace("\n", "; ") + "\n")
        assert found.early == (3 if "environ" in source else 2)

    @pytest.mark.parametrize(
        "source",
        [
            'x = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": websocket_application()})',
            "django.setup()\nw = websocket_application()\nx = get_asgi_application()",
            "w = websocket_application()",  # whoever imports this may have set Django up
            "import mysite.boot\nw = websocket_application()\nx = get_asgi_application()",
            "from . import boot\nw = websocket_application()\nx = get_asgi_application()",
            "prepare()\nw = websocket_application()\nx = get_asgi_application()",
            "if not ready: django.setup()\nw = websocket_application()\nx = get_asgi_application()",
            "def later():\n    return websocket_application()\nx = get_asgi_application()",
            "import channels_bridge.serve\nw = websocket_application()\nx = get_asgi_application()",
        ],
    )
    def test_does_not_or_perhaps_not(self, read, source):
        assert read(source).early is None
