"""A steady stream of numbered broadcasts, and what the server has counted meanwhile."""

import asyncio
import time

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.metrics import snapshot
from tornado_websockets.websocket import WebSocket

steady = WebSocket("/steady/<slug:room>")


@steady.on
async def count(data: Data) -> Data:
    """Broadcast numbers, so many a second; says how many seconds the slowest ``emit`` took."""
    start, slowest = time.monotonic(), 0.0
    for number in range(data["from"], data["to"]):
        before = time.monotonic()
        steady.emit("n", {"n": number, "at": before})
        slowest = max(slowest, time.monotonic() - before)
        pause = start + (number + 1 - data["from"]) / data["rate"] - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
    return {"slowest": slowest}


@steady.on
async def counters() -> Data:
    return snapshot()
