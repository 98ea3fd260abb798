"""The chat."""

from typing import Any

from asgiref.sync import sync_to_async
from django_socket import Events, broadcast_sync, ws

from benchmarks.compared.projects.journal import note, slow_query

chat = Events()


@chat.on("say")
async def say(sock: Any, data: dict[str, Any]) -> None:
    """Broadcast."""
    await sock.broadcast({"type": "said", **data})


@chat.on("echo")
async def echo(sock: Any, data: dict[str, Any]) -> None:
    """Answer."""
    await sock.send({"type": "echoed", **data})


@chat.on("sleep")
async def sleep(sock: Any, data: dict[str, Any]) -> None:
    """Answer late."""
    await sync_to_async(slow_query)(data["seconds"])
    await sock.send({"type": "slept"})


@chat.on("whoami")
async def whoami(sock: Any) -> None:
    """Answer with the name."""
    await sock.send({"type": "me", "name": sock.user.get_username()})


@ws("ws/chat", group="chat")
async def handler(sock: Any) -> None:
    """Handle events until the client goes."""
    try:
        await chat.run(sock)
    finally:
        note("gone")


def publish(text: str) -> None:
    """Broadcast from outside of a handler."""
    broadcast_sync({"type": "said", "text": text}, to="chat")
