"""The registry, as the routing entries that Channels' ``URLRouter`` takes."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, path

from tornado_websockets.core.registry import PREFIX
from tornado_websockets.serving.discovery import discover
from tornado_websockets.websocket import WebSocket, registry

from .transports.serving import expect_server


class _Routes(list[URLPattern]):
    """Whoever first looks at the list is going to serve: then all WebSockets of the project have to be known."""

    def __iter__(self) -> Iterator[URLPattern]:
        discover()
        expect_server()
        return super().__iter__()

    def __len__(self) -> int:
        discover()
        return super().__len__()

    def __contains__(self, route: object) -> bool:
        discover()
        return super().__contains__(route)

    def __eq__(self, other: object) -> bool:
        discover()
        return super().__eq__(other)

    __hash__ = None  # as of a list

    def __reversed__(self) -> Iterator[URLPattern]:
        discover()
        return super().__reversed__()

    def copy(self) -> list[URLPattern]:
        return [*self]

    def __getitem__(self, index: Any) -> Any:
        discover()
        return super().__getitem__(index)

    def __add__(self, other: Any) -> Any:
        return [*self, *other]

    def __radd__(self, other: Any) -> Any:
        return [*other, *self]


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
