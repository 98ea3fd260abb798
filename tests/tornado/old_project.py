"""A project of 2017: its settings are those of the old documentation, its WebSocket is made in a view."""

import os
from pathlib import Path

from tests.support.process import ROOT, free_port

MANAGE = """
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "old.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""

SETTINGS = """
import os

import tornado.web

import tornado_websockets

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = "old"
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = ["django.contrib.staticfiles", "tornado_websockets", "old"]
ROOT_URLCONF = "old.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
STATIC_ROOT = os.path.join(BASE_DIR, "static")

TORNADO = {
    "port": %(port)d,
    "handlers": [
        (r"%%s(.*)" %% STATIC_URL, tornado.web.StaticFileHandler, {"path": STATIC_ROOT}),
        tornado_websockets.django_app(),
    ],
    "settings": {
        "debug": True,
    },
}
"""

URLS = """
from django.urls import re_path

from old import views

urlpatterns = [re_path(r"^$", views.index), re_path(r"^page$", views.page)]
"""

VIEWS = """
from django.http import HttpResponse
from django.shortcuts import render

from tornado_websockets.websocket import WebSocket

ws = WebSocket("/old")
VERSION = 1


@ws.on
def greet(socket, data):
    ws.emit("greeted", {"message": "Hello", "version": VERSION})


def index(request):
    return HttpResponse("the old page")


def page(request):
    return render(request, "page.html")
"""

ASGI = """
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "old.settings")
django_asgi_app = get_asgi_application()

from channels_bridge.asgi import websocket_application

application = ProtocolTypeRouter({"http": django_asgi_app, "websocket": websocket_application()})
"""


def write_old_project(directory: Path) -> dict[str, str]:
    """Put it into ``directory``; returns the variables of a process that serves it."""
    texts = {
        "manage.py": MANAGE,
        "old/__init__.py": "",
        "old/settings.py": SETTINGS % {"port": free_port()},
        "old/urls.py": URLS,
        "old/views.py": VIEWS,
        "old/asgi.py": ASGI,
        "old/templates/page.html": "an old template",
        "static/hello.txt": "an old file",
    }
    for name, text in texts.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = os.pathsep.join([str(directory), str(ROOT)])
    return {"DJANGO_SETTINGS_MODULE": "old.settings", "PYTHONPATH": found, "PYTHONDEVMODE": "1"}
