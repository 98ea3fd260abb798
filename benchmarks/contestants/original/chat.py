"""The chat that is measured, written with the original package, which has no type for a socket."""

from typing import Any

from tornado_websockets.websocket import WebSocket

urlpatterns: list[object] = []

ws = WebSocket("/chat")


@ws.on
def say(data: dict[str, Any]) -> None:
    """Broadcast."""
    ws.emit("said", data)


@ws.on
def echo(socket: Any, data: dict[str, Any]) -> None:
    """Answer."""
    socket.emit("echoed", data)
