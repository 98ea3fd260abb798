"""What is found in settings, and in asgi.py."""

import pytest

from tests.upgrading.expected import found_in

USE = {"views.py": "from tornado_websockets.websocket import WebSocket\n"}
ASGI = "ASGI_APPLICATION = 'project.asgi.application'\n"


def rules(root, **files: str) -> list[tuple[str, int, str]]:
    return sorted(found_in(root, USE | {f"{name}.py": text for name, text in files.items()}))


@pytest.mark.parametrize(
    ("text", "has_app"),
    [
        ("INSTALLED_APPS = ['chat']", False),
        ("INSTALLED_APPS = ('chat',)\nLOGGING = {'loggers': {'tornado_websockets': {}}}", False),
        ("INSTALLED_APPS = ['tornado_websockets']", True),
        ("INSTALLED_APPS = ['chat']\nINSTALLED_APPS += ['tornado_websockets']", True),
        ("INSTALLED_APPS = ['chat']\nINSTALLED_APPS.append('tornado_websockets')", True),
        ("OURS = ('tornado_websockets',)\nINSTALLED_APPS = ('chat',) + OURS", True),
        ("INSTALLED_APPS = [*find_apps()]", True),
        ("INSTALLED_APPS: list = ['tornado_websockets']", True),
        ("if True:\n    INSTALLED_APPS = ['tornado_websockets']", True),
    ],
)
def test_the_app_among_the_installed_ones(tmp_path, text, has_app):
    assert rules(tmp_path, settings=ASGI + text) == ([] if has_app else [("settings.py", 2, "no-app")])


def test_settings_in_several_files_are_seen_together(tmp_path):
    base = "INSTALLED_APPS = ['chat']\n"
    live = f"from base import *\nINSTALLED_APPS += ['tornado_websockets']\n{ASGI}"
    assert rules(tmp_path, base=base, live=live) == []


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("tornado_websockets.django_app()", None),
        ("tornado_websockets.django_app", "django-app-uncalled"),
        ("app", "django-app-uncalled"),
        ("app()", None),
        ("(r'/static/(.*)', StaticFileHandler, {})", "tornado-handlers"),
    ],
)
def test_handlers_of_tornado(tmp_path, entry, rule):
    imports = "import tornado_websockets\nfrom tornado_websockets import django_app as app\n"
    text = f"{imports}TORNADO = {{'handlers': [{entry}]}}"
    assert rules(tmp_path, settings=text) == ([("settings.py", 3, rule)] if rule else [])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("TORNADO = {'port': 8000, 'address': '', 'handlers': [], 'settings': {'debug': True}, 'ssl': None}", None),
        ("TORNADO = dict(port=8000)", None),
        ("TORNADO = {}", None),
        ("TORNADO = {'prot': 8000}", "tornado-key"),
        ("TORNADO = dict(prot=8000)", "tornado-key"),
        ("TORNADO = {'settings': {'websocket_max_message_size': 1}}", "large-message"),
        ("TORNADO = make()", None),
    ],
)
def test_keys_of_tornado(tmp_path, text, rule):
    assert rules(tmp_path, settings=text) == ([("settings.py", 1, rule)] if rule else [])


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("from django.core.asgi import get_asgi_application\napplication = get_asgi_application()", True),
        ("from channels_bridge.asgi import websocket_application\napplication = websocket_application()", False),
        ("application = 1\nfrom channels_bridge.routing import websocket_urlpatterns", False),
        ("def serve(): pass", False),
    ],
)
def test_an_asgi_py_that_serves_no_websockets(tmp_path, text, is_found):
    assert rules(tmp_path, asgi=text) == ([("asgi.py", 1, "asgi-without-websockets")] if is_found else [])


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("HANDLERS = [app]\nTORNADO = {'handlers': HANDLERS}", 2, "django-app-uncalled"),
        ("TORNADO = {}\nTORNADO['handlers'] = [app]", 3, "django-app-uncalled"),
        ("TORNADO = {'handlers': []}\nTORNADO['handlers'].append(app)", 3, "django-app-uncalled"),
        ("TORNADO = {'handlers': []}\nTORNADO['handlers'] += [app]", 3, "django-app-uncalled"),
        ("TORNADO = {'handlers': []}\nTORNADO['handlers'].extend([('/x', X)])", 3, "tornado-handlers"),
        ("OURS = [('/x', X)]\nTORNADO = {'handlers': OURS + [app()]}", 2, "tornado-handlers"),
        ("TORNADO = {}\nTORNADO['log'] = 1", 3, "tornado-key"),
        ("TORNADO = {}\nTORNADO.update({'log': 1})", 3, "tornado-key"),
        ("TORNADO = {}\nTORNADO.update(log=1)", 3, "tornado-key"),
        ("TORNADO = {}\nTORNADO['port'] = 1\nTORNADO.update(other)", None, None),
    ],
)
def test_what_is_put_into_tornado_piece_by_piece(tmp_path, text, line, rule):
    text = f"from tornado_websockets import django_app as app\n{text}"
    assert rules(tmp_path, settings=text) == ([("settings.py", line, rule)] if rule else [])
