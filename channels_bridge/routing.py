"""The registry, as the routing entries that Channels' ``URLRouter`` takes."""

from django.urls import URLPattern, path

from tornado_websockets.core.registry import PREFIX
from tornado_websockets.discovery import discover
from tornado_websockets.websocket import WebSocket, registry

#: One entry per WebSocket, those with parameters last. It is the same list all the time: a WebSocket made later
#: shows up in it, and so in the routers that were given it.
websocket_urlpatterns: list[URLPattern] = []


def route_for(websocket: WebSocket) -> URLPattern:
    """The entry of one WebSocket."""
    route: URLPattern = path(f"{PREFIX}{websocket.path}".removeprefix("/"), websocket.consumer.as_asgi())
    return route


def _update() -> None:
    websocket_urlpatterns[:] = [websocket.route for websocket in registry]


registry.listen(_update)
discover()  # for asgi.py, where importing this module is the one sign that this process is going to serve
