"""This package under an ASGI server."""

import os

from django.core.asgi import get_asgi_application

from channels_bridge.asgi import websocket_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.contestants.ours.settings")
get_asgi_application()

application = websocket_application()
