"""Handlers for clients that take too little, or send too much."""

import asyncio
import os
import signal

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note

bounds = WebSocket("/bounds/<slug:key>")

#: Lets a handler that holds a client up go on.
_released = asyncio.Event()


@bounds.on
async def tell(data: Data) -> None:
    """Send much to everyone."""
    await bounds.emit("told", {"text": "x" * data["bytes"]})


@bounds.on
async def hold(socket: Socket) -> None:
    """Take nothing more from this client."""
    _released.clear()
    socket.emit("holding")
    await _released.wait()


@bounds.on
async def release() -> None:
    _released.set()


@bounds.on
async def nap() -> None:
    """Take a little longer than it takes to send the next message."""
    await asyncio.sleep(0.02)


@bounds.on
async def swallow() -> None:
    """Take what was sent, and do nothing."""


@bounds.on
async def address(socket: Socket) -> dict[str, str | None]:
    return {"address": socket.address}


@bounds.on
def close(key: str) -> None:
    note(key, "close")


bursts = WebSocket("/burst/<slug:room>")


@bursts.on
async def burst() -> None:
    """Send more to everyone than may wait for one of them, and await none of it."""
    for number in range(300):
        bursts.emit("burst", {"n": number, "x": "y" * 50_000})


@bursts.on
async def burst_and_stop(data: Data) -> None:
    """Send more to everyone than the event loop passes on at once, and have the server stop meanwhile."""
    for number in range(data["count"]):
        bursts.emit("burst", {"n": number})
    os.kill(os.getpid(), signal.SIGTERM)
