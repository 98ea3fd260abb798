"""The ASGI application of a project that has no ``asgi.py`` of its own: its pages, and its WebSockets.

It is made when this module is imported: ``ASGI_APPLICATION = "channels_bridge.serve.application"``, or
``DJANGO_SETTINGS_MODULE=project.settings daphne channels_bridge.serve:application``.

What is there by then, all of Django, is spared by the garbage collector from now on: it stays anyway, and walking
through it is a tenth of what a client costs that comes and goes.
"""

import os

from channels.routing import ProtocolTypeRouter
from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler

from tornado_websockets.garbage import spare_what_is_there

from .asgi import lifespan, websocket_application


def _make() -> ProtocolTypeRouter:
    if not settings.configured and not os.environ.get(ENVIRONMENT_VARIABLE):
        raise ImproperlyConfigured(
            f"channels_bridge.serve serves the project whose settings {ENVIRONMENT_VARIABLE} names, which is not set. "
            f"Write {ENVIRONMENT_VARIABLE}=project.settings before the command."
        )
    # Set up already, by manage.py: logging must not be configured a second time.
    pages = ASGIHandler() if apps.ready else get_asgi_application()
    return ProtocolTypeRouter({"http": pages, "websocket": websocket_application(), "lifespan": lifespan})


application = _make()
spare_what_is_there()
