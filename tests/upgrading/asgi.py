"""What an ASGI server is given for the application of 2016, whose static files it serves as ``runserver`` does."""

from channels.routing import ProtocolTypeRouter
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

pages = ASGIStaticFilesHandler(get_asgi_application())

from channels_bridge.asgi import websocket_application  # noqa: E402 it needs Django

application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application()})
