"""The chat."""

from typing import Any

from benchmarks.compared.projects.journal import note, slow_query
from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket

chat = WebSocket("/chat", history=100)


@chat.on
async def say(data: dict[str, Any]) -> None:
    """Broadcast."""
    chat.emit("said", data)


@chat.on
async def echo(socket: Socket, data: dict[str, Any]) -> None:
    """Answer."""
    socket.emit("echoed", data)


@chat.on
def sleep(socket: Socket, data: dict[str, Any]) -> None:
    """Answer late."""
    slow_query(data["seconds"])
    socket.emit("slept")


@chat.on
async def whoami(socket: Socket) -> None:
    """Answer with the name."""
    socket.emit("me", {"name": socket.user.get_username()})


@chat.on
def close() -> None:
    """Tell that a client has gone."""
    note("gone")


def publish(text: str) -> None:
    """Broadcast from anywhere."""
    chat.publish("said", {"text": text})
