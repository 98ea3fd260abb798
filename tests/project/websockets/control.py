"""Handlers that take their time, while the client asks for what no handler answers."""

import asyncio
import time

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

control = WebSocket("/control")


@control.on
def block(socket: Socket, data: Data) -> Data:
    socket.emit("begun")
    time.sleep(data["seconds"])
    return {"slept": data["seconds"]}


@control.on
async def wait(socket: Socket, data: Data) -> Data:
    socket.emit("begun")
    await asyncio.sleep(data["seconds"])
    return {"slept": data["seconds"]}


@control.on
def echo(data: Data) -> Data:
    return data


@control.on
async def close_later(socket: Socket, data: Data) -> None:
    asyncio.get_running_loop().call_later(data["seconds"], socket.close, 4001, "later")
