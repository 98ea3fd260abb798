import pytest
from django.test import override_settings

from tests.support.scripts import run_script
from tornado_websockets.serving.discovery import discover
from tornado_websockets.websocket import registry

VIEWS = """
from tornado_websockets.websocket import WebSocket
from shop.models import Order

from_a_view = WebSocket("/from-a-view")
"""


@pytest.fixture
def project(tmp_path):
    """A project whose app defines one WebSocket in ``websockets``, and one in ``views``."""
    app = tmp_path / "shop"
    app.mkdir()
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text("from django.db import models\n\n\nclass Order(models.Model):\n    pass\n")
    (app / "views.py").write_text(VIEWS)
    (app / "urls.py").write_text("from . import views\n\nurlpatterns = []\n")
    (app / "websockets.py").write_text(VIEWS.replace("view", "module"))
    return tmp_path


SETTINGS = """
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["tornado_websockets", "channels_bridge", "shop"],
        ROOT_URLCONF="shop.urls",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
"""


def paths(project, script):
    """The paths that are served in the end."""
    report = """
    from tornado_websockets.websocket import registry

    print(sorted(websocket.path for websocket in registry))
    """
    return run_script(SETTINGS + script + report, directory=project)


def test_websockets_modules_of_apps_are_found_at_start_up(project):
    assert paths(project, "    django.setup()\n") == "['/from-a-module']\n"


def test_views_are_found_by_a_process_that_serves(project):
    script = """
    django.setup()
    from channels.routing import URLRouter
    from channels_bridge.routing import websocket_urlpatterns
    URLRouter(websocket_urlpatterns)
    """
    assert paths(project, script) == "['/from-a-module', '/from-a-view']\n"


def test_views_are_found_though_the_routing_is_imported_before_django_is_set_up(project):
    script = """
    from channels_bridge.routing import websocket_urlpatterns
    assert websocket_urlpatterns == []
    django.setup()
    assert len(websocket_urlpatterns) == 2
    """
    assert paths(project, script) == "['/from-a-module', '/from-a-view']\n"


def test_an_error_in_a_websockets_module_is_not_hidden(project):
    (project / "shop" / "websockets.py").write_text("import no_such_module\n")
    script = """
    try:
        django.setup()
    except ModuleNotFoundError as error:
        print(error.name)
    """
    assert paths(project, script) == "no_such_module\n[]\n"


def test_looking_before_django_is_set_up_finds_nothing(project):
    script = """
    from tornado_websockets.serving.discovery import discover
    discover()
    """
    assert paths(project, script) == "[]\n"


@override_settings(ROOT_URLCONF=None)
def test_a_project_without_urls_has_no_views_to_look_in():
    before = list(registry)
    discover()
    assert list(registry) == before


@override_settings(ROOT_URLCONF="tests.project.no_such_urls")
def test_an_error_in_the_urls_is_not_hidden():
    with pytest.raises(ModuleNotFoundError, match="no_such_urls"):
        discover()
