"""The application that every ASGI server runs: `daphne project.asgi:application`."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from channels_bridge.asgi import lifespan, websocket_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

# First, because it sets Django up.
pages = get_asgi_application()

application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application(), "lifespan": lifespan})
