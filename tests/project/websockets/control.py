"""Handlers that take their time, while the client asks for what no handler answers."""

import asyncio
import time

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

control = WebSocket("/control")


@control.on
def block(data: Data) -> Data:
    time.sleep(data["seconds"])
    return {"slept": data["seconds"]}


@control.on
async def wait(data: Data) -> Data:
    await asyncio.sleep(data["seconds"])
    return {"slept": data["seconds"]}


@control.on
def echo(data: Data) -> Data:
    return data
