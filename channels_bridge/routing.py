"""The registry, as the routing entries that Channels' ``URLRouter`` takes."""

from collections.abc import Iterator

from django.urls import URLPattern, path

from tornado_websockets.core.registry import PREFIX
from tornado_websockets.discovery import discover
from tornado_websockets.websocket import WebSocket, registry


class _Routes(list[URLPattern]):
    """Whoever first looks at the list is going to serve: then all WebSockets of the project have to be known."""

    def __iter__(self) -> Iterator[URLPattern]:
        discover()
        return super().__iter__()

    def __len__(self) -> int:
        discover()
        return super().__len__()


#: One entry per WebSocket, those with parameters last. It is the same list all the time: a WebSocket made later
#: shows up in it, and so in the routers that were given it.
websocket_urlpatterns: list[URLPattern] = _Routes()


def route_for(websocket: WebSocket) -> URLPattern:
    """The entry of one WebSocket."""
    route: URLPattern = path(f"{PREFIX}{websocket.path}".removeprefix("/"), websocket.consumer.as_asgi())
    return route


def _enlist(websocket: WebSocket, place: int, is_second: bool) -> None:
    websocket_urlpatterns[place : place + is_second] = [websocket.route]


registry.listen(_enlist)
discover()  # here, too: importing this module is what an asgi.py does
