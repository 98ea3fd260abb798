"""python-socketio, as its documentation has it for ASGI."""

from typing import Any

import socketio

# The load client is no Engine.IO client that answers heartbeats, so there is none while it measures.
server = socketio.AsyncServer(async_mode="asgi", ping_interval=3600)
application = socketio.ASGIApp(server)


async def say(_: str, data: dict[str, Any]) -> None:
    """Broadcast."""
    await server.emit("said", data)


async def echo(client: str, data: dict[str, Any]) -> None:
    """Answer."""
    await server.emit("echoed", data, to=client)


server.on("say", say)
server.on("echo", echo)
