"""A steady stream of numbered broadcasts, and what the server has counted meanwhile."""

import asyncio
import time

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.metrics import snapshot
from tornado_websockets.websocket import WebSocket

steady = WebSocket("/steady/<slug:room>")
kept_steady = WebSocket("/kept-steady/<slug:room>", history=3_000)


@steady.on
async def count(data: Data) -> Data:
    """Broadcast numbers, so many a second; says how many seconds the slowest ``emit`` took."""
    return await _count(steady, data)


@kept_steady.on_event("count")
async def count_kept(data: Data) -> Data:
    return await _count(kept_steady, data)


async def _count(ws: WebSocket, data: Data) -> Data:
    start, slowest = time.monotonic(), 0.0
    for number in range(data["from"], data["to"]):
        before = time.monotonic()
        ws.emit("n", {"n": number, "at": before})
        slowest = max(slowest, time.monotonic() - before)
        pause = start + (number + 1 - data["from"]) / data["rate"] - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
    return {"slowest": slowest}


@steady.on
async def counters() -> Data:
    return snapshot()
