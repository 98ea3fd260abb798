"""The second form of `asgi.py`: routing entries for a project that composes its own middleware.

`project.asgi` takes `websocket_application()`, which brings host and origin check, session, user and
a quiet refusal of unknown paths. One who wants other middleware around the WebSockets, or routes to
other consumers beside them, takes this list instead:

    AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
"""

from channels_bridge.routing import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
