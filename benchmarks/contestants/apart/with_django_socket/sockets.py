"""The chat, without a look for a session that no client has."""

from typing import Any

from django_socket import ws


@ws("ws/say", group="chat", auth=False)
async def say(sock: Any) -> None:
    """Broadcast what comes in, as it is."""
    async for message in sock:
        await sock.broadcast(message.text)


@ws("ws/echo", auth=False)
async def echo(sock: Any) -> None:
    """Answer."""
    async for message in sock.iter_json():
        await sock.send_json({"event": "echoed", "data": message["data"]})
