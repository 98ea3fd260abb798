import sys

import pytest
from django.test import override_settings

from tornado_websockets.serving.application.checks import check_asgi

SERVE = 'ASGI_APPLICATION = "channels_bridge.serve.application"'
IMPORTS = """
from channels.routing import ProtocolTypeRouter
from channels_bridge.asgi import websocket_application
from django.core.asgi import get_asgi_application

pages = get_asgi_application()
"""


@pytest.fixture
def found(tmp_path, monkeypatch):
    """What is said of a setting, where ``site_of_asgi.asgi`` has that source. It is not imported."""
    (tmp_path / "site_of_asgi").mkdir()
    (tmp_path / "site_of_asgi" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def found(source, application="site_of_asgi.asgi.application"):
        (tmp_path / "site_of_asgi" / "asgi.py").write_text(source)
        with override_settings(ASGI_APPLICATION=application):
            messages = check_asgi(None)
        assert "site_of_asgi.asgi" not in sys.modules
        return messages

    yield found
    sys.modules.pop("site_of_asgi", None)


def ids(messages):
    return [message.id.removeprefix("tornado_websockets.") for message in messages]


class TestWhatServesWebSockets:
    def test_is_no_application_of_pages_alone(self, found):
        [message] = found("from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n")
        assert (message.id, "asgi.py serves no WebSockets" in message.msg) == ("tornado_websockets.W011", True)
        assert SERVE in message.hint

    @pytest.mark.parametrize("more", ["", ', "websockets": websocket_application()', ', "ws": websocket_application()'])
    def test_is_no_router_without_them(self, found, more):
        [message] = found(IMPORTS + 'application = ProtocolTypeRouter({"http": pages' + more + "})\n")
        assert (message.id, "no entry 'websocket'" in message.msg) == ("tornado_websockets.W011", True)
        assert '"websocket": websocket_application()' in message.hint

    def test_is_called(self, found):
        [message] = found(
            IMPORTS + 'application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application})'
        )
        assert (message.id, message.hint) == ("tornado_websockets.W021", "Write: websocket_application()")

    def test_is_called_when_django_is_set_up(self, found):
        [message] = found(
            IMPORTS.replace("pages =", "sockets = websocket_application()\npages =")
            + 'application = ProtocolTypeRouter({"http": pages, "websocket": sockets})\n'
        )
        assert (message.id, "in line 6, before Django is set up" in message.msg) == ("tornado_websockets.W021", True)

    @pytest.mark.parametrize(
        "source",
        [
            IMPORTS + 'application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application()})',
            IMPORTS + 'application = ProtocolTypeRouter({"websocket": Guard(websocket_application())})',
            "from channels_bridge.serve import application\n",
            "from mysite.routing import application\n",
            IMPORTS + "from mysite import wrap\napplication = wrap(pages)\n",
            "application = (\n",
        ],
    )
    def test_or_may_serve_them_is_passed_over(self, found, source):
        assert found(source) == []


class TestThePath:
    @pytest.mark.parametrize(
        ("application", "hint"),
        [
            ("site_of_asgi.asgi:application", 'ASGI_APPLICATION = "site_of_asgi.asgi.application"'),
            ("site_of_asgi.asgi", 'ASGI_APPLICATION = "site_of_asgi.asgi.application"'),
            ("site_of_asgi", 'ASGI_APPLICATION = "site_of_asgi.application"'),
            ("site_of_asgi.asgi.aplication", 'ASGI_APPLICATION = "site_of_asgi.asgi.application"'),
            ("site_of_asgi.asgi.server", SERVE),
            ("site_of_asgi.agsi.application", SERVE),
            ("channels_bridge.serve:application", SERVE),
            ("channels_bridge.serve", SERVE),
            ("channels_bridge.asgi", SERVE),
            ("channels_bridge.asgi.application", SERVE),
            ("nowhere.at_all.application", SERVE),
            ("application", SERVE),
            ("site_of_asgi/asgi.py", SERVE),
            (".asgi.application", SERVE),
            ("", SERVE),
            (7, SERVE),
        ],
    )
    def test_that_cannot_be_imported_is_warned_of_once(self, found, application, hint):
        [message] = found("application = None\n", application)
        assert message.id == "tornado_websockets.W020"
        assert repr(str(application)) in message.msg
        assert message.hint == f"Write in the settings: {hint}"

    @pytest.mark.parametrize("application", ["math.application", "tests.project.asgi.application"])
    def test_that_can_be_or_cannot_be_read_is_passed_over(self, found, application):
        assert found("", application) == []

    @pytest.mark.parametrize("source", ["import nowhere_at_all", "raise RuntimeError('not today')", "x = ("])
    def test_of_a_package_that_fails_is_left_to_the_server(self, tmp_path, found, source):
        (tmp_path / "site_of_asgi" / "__init__.py").write_text(source)
        assert found("application = None\n") == []

    def test_of_a_folder_without_init_is_looked_at_too(self, tmp_path, found):
        (tmp_path / "site_of_asgi" / "__init__.py").unlink()
        assert found("application = None\n") == []
        [message] = found("application = None\n", "site_of_asgi.asgi")
        assert message.id == "tornado_websockets.W020"
