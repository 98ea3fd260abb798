"""The tag that writes the browser client's script."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import path, set_script_prefix

from tornado_websockets import websocket
from tornado_websockets.core.recovery.position import position_from_text
from tornado_websockets.core.registry import Registry
from tornado_websockets.websocket import WebSocket, endpoint_of

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SOURCE = "{% load tornado_websockets %}{% websocket_client nonce=nonce %}"
PLAIN = '<script src="/static/tornado_websockets/tornadowebsocket.js"></script>'


def view(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(render())


urlpatterns = [path("page", view)]


def render(source: str = SOURCE, **context: object) -> str:
    return Template(source).render(Context(context))


def page(script_name: str) -> str:
    """The page, as a WSGI server gives it that serves the site at ``script_name``."""
    environ = RequestFactory().get("/page", SCRIPT_NAME=script_name).environ
    response = WSGIHandler()(environ, lambda *_: None)
    return b"".join(response).decode()


async def asgi_page(root_path: str) -> str:
    scope = AsyncRequestFactory().get(f"{root_path}/page").scope | {"root_path": root_path}
    communicator = ApplicationCommunicator(ASGIHandler(), scope)
    await communicator.send_input({"type": "http.request"})
    await communicator.receive_output()
    body: bytes = (await communicator.receive_output())["body"]
    await communicator.wait()
    return body.decode()


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    with override_settings(TEMPLATES=TEMPLATES, STATIC_URL="/static/", ROOT_URLCONF=__name__):
        yield
    set_script_prefix("/")


def test_it_loads_the_classic_script() -> None:
    assert render("{% load tornado_websockets %}{% websocket_client %}") == PLAIN


def test_at_the_root_there_is_no_prefix() -> None:
    assert page("") == PLAIN


@pytest.mark.parametrize("given", ["/app", "/app/"])
def test_the_prefix_of_the_request_is_told(given: str) -> None:
    assert 'data-prefix="/app" ' in page(given)


async def test_the_prefix_of_an_asgi_request_is_told() -> None:
    assert 'data-prefix="/app" ' in await asgi_page("/app")


def test_the_setting_is_told_where_there_is_no_request() -> None:
    rendered = []
    with override_settings(FORCE_SCRIPT_NAME="/a/b"):
        thread = threading.Thread(target=lambda: rendered.append(render()))
        thread.start()
        thread.join()
    assert 'data-prefix="/a/b" ' in rendered[0]


def test_a_relative_url_of_static_files_follows_the_prefix() -> None:
    with override_settings(STATIC_URL="assets/"):
        html = page("/app")
    assert 'src="/app/assets/tornado_websockets/tornadowebsocket.js"' in html


def test_a_nonce_is_written() -> None:
    assert render(nonce="r4nd0m") == PLAIN.replace("src", 'nonce="r4nd0m" src')


@pytest.mark.parametrize("nonce", ["", None])
def test_no_nonce_is_none(nonce: str | None) -> None:
    assert render(nonce=nonce) == PLAIN


def test_a_nonce_that_is_made_when_it_is_written() -> None:
    class Lazy:
        def __bool__(self) -> bool:
            return False

        def __str__(self) -> str:
            return "made"

    assert 'nonce="made"' in render(nonce=Lazy())


def test_what_is_written_is_escaped() -> None:
    set_script_prefix('/"><b>/')
    html = render(nonce='"><i>')
    assert "<b>" not in html
    assert "<i>" not in html


STORAGES = {
    "django.contrib.staticfiles.storage.StaticFilesStorage": r"tornadowebsocket\.js",
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage": r"tornadowebsocket\.[0-9a-f]{12}\.js",
    "whitenoise.storage.CompressedStaticFilesStorage": r"tornadowebsocket\.js",
    "whitenoise.storage.CompressedManifestStaticFilesStorage": r"tornadowebsocket\.[0-9a-f]{12}\.js",
}


@pytest.mark.parametrize("backend", STORAGES)
def test_the_script_is_named_as_its_storage_has_it(backend: str, tmp_path: Path) -> None:
    with override_settings(
        INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.staticfiles"],
        STORAGES={"staticfiles": {"BACKEND": backend}},
        STATIC_ROOT=str(tmp_path),
        WHITENOISE_KEEP_ONLY_HASHED_FILES=True,
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        html = render()

    found = re.fullmatch(rf'<script src="/static/(tornado_websockets/{STORAGES[backend]})"></script>', html)
    assert found
    assert (tmp_path / found[1]).exists()


class TestPosition:
    def test_is_where_the_path_stands(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ws = WebSocket("/position/<slug:room>", history=5, add_to_handlers=False)
        registry = Registry[WebSocket]()
        registry.add(endpoint_of(ws).pattern, ws)
        monkeypatch.setattr(websocket, "registry", registry)
        ws.publish("said", room="lobby")
        source = '{% load tornado_websockets %}{% websocket_position "/position/lobby" %}'
        position = position_from_text(render(source))
        assert position == position_from_text(ws.position(room="lobby"))
        assert sorted(position.values()) == [0, 1]

    def test_of_an_unknown_path_is_an_error(self) -> None:
        with pytest.raises(LookupError, match="'/position-of-nothing'"):
            render('{% load tornado_websockets %}{% websocket_position "/position-of-nothing" %}')
