"""What the tests of endurance need: handlers that take long, and what the process holds."""

import asyncio
import gc
import time

from tornado_websockets import Socket
from tornado_websockets.core.counters import counters
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note


class Shift:
    """Its handlers work for as long as they are asked to; one at a time, those that block."""

    ws = WebSocket("/shift/<slug:key>")

    @ws.on
    async def awork(self, socket: Socket, data: Data) -> None:
        socket.emit("working")
        await asyncio.sleep(data["seconds"])

    @ws.on
    def work(self, socket: Socket, data: Data) -> None:
        socket.emit("working")
        time.sleep(data["seconds"])

    @ws.on
    async def shout(self, data: Data) -> None:
        for _ in range(data["count"]):
            await Shift.ws.emit("shouted", {"text": "x" * data["size"]})

    @ws.on
    def close(self, key: str) -> None:
        note(key, "close")


class Clinger:
    """Its ``close`` handler does not end."""

    ws = WebSocket("/clinger/<slug:key>")

    @ws.on
    async def close(self, key: str) -> None:
        note(key, "close")
        await asyncio.Event().wait()


class Passage:
    """Many come and go, and some ask what is left of them."""

    ws = WebSocket("/passage")

    @ws.on
    def open(self, socket: Socket) -> None:
        socket.state["since"] = time.monotonic()

    @ws.on
    def close(self, socket: Socket) -> None:
        socket.state.clear()

    @ws.on
    async def echo(self, socket: Socket, data: Data) -> None:
        socket.emit("echo", data)

    @ws.on
    async def heap(self) -> dict[str, int]:
        """How many objects the garbage collector walks through, and how many it passes over."""
        return {"walked": len(gc.get_objects()), "passed": gc.get_freeze_count()}

    @ws.on
    async def census(self) -> dict[str, int]:
        """What the event loop holds, garbage excluded."""
        gc.collect()
        return {
            "connections": counters.connections,
            "handlers": len(Passage.ws.handlers),
            "tasks": len(asyncio.all_tasks()),
        }
