"""The ASGI application, in both forms that users write."""

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.project.settings")
django_asgi_app = get_asgi_application()

from channels_bridge.asgi import lifespan, websocket_application  # noqa: E402 as users must
from channels_bridge.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter({"http": django_asgi_app, "websocket": websocket_application(), "lifespan": lifespan})

bare = ProtocolTypeRouter({"http": django_asgi_app, "websocket": URLRouter(websocket_urlpatterns)})

by_hand = ProtocolTypeRouter(
    {
        "http": django_asgi_app,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)

#: As some keep it for their own use: it is made before a server forks its workers.
layer = get_channel_layer()


def __getattr__(name: str) -> Any:
    """The application with something around it: what that is takes a second to import."""
    if name not in ("wrapped", "traced", "monitored", "hidden"):
        raise AttributeError(name)
    from . import middlewares

    return getattr(middlewares, name)
