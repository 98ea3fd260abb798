"""A WebSocket with a history, and a value that is retained."""

import asyncio
from typing import Any

from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket

kept = WebSocket("/kept/<slug:room>", history=50, retain=("track",))


@kept.on
async def say(data: dict[str, Any]) -> None:
    kept.emit("said", data)


@kept.on
def say_in_a_thread(socket: Socket, data: dict[str, Any]) -> None:
    for number in range(data["count"]):
        kept.emit("said", {"n": number})
        socket.emit("noted", {"n": number})


@kept.on
async def play(data: dict[str, Any]) -> None:
    kept.emit("track", data)


@kept.on
async def wait(data: dict[str, Any]) -> None:
    await asyncio.sleep(data["seconds"])
