"""Handlers that take their time, and much to send."""

import asyncio
import threading
import time

from tests.project.websockets.notes import note
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

work = WebSocket("/work/<slug:key>")
_never = threading.Event()
_tasks: set[asyncio.Task[None]] = set()


@work.on
def open(key: str) -> None:  # noqa: A001 the name of the event
    note(key, "open")


@work.on
def close(key: str) -> None:
    note(key, "close")


@work.on
def rest(key: str, data: Data) -> None:
    note(key, "began")
    time.sleep(data["seconds"])
    note(key, "ended")


@work.on
async def arest(key: str, data: Data) -> None:
    note(key, "began")
    await asyncio.sleep(data["seconds"])
    note(key, "ended")


@work.on
def hang(key: str) -> None:
    note(key, "began")
    _never.wait()


@work.on
async def ahang(key: str) -> None:
    note(key, "began")
    await asyncio.Event().wait()


async def _wait(key: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        note(key, "cancelled")


@work.on
async def start_task(key: str) -> None:
    _tasks.add(asyncio.create_task(_wait(key)))


wide = WebSocket("/wide/<slug:key>")


@wide.on  # type: ignore[no-redef]
async def close(key: str) -> None:  # noqa: F811
    note(key, "close")


@wide.on
async def pour(data: Data) -> None:
    """Broadcast much, as fast as it goes."""
    for number in range(data["count"]):
        await wide.emit("much", {"n": number, "x": "x" * data["size"]})


@wide.on
async def doze(data: Data) -> None:
    await asyncio.sleep(data.get("seconds", 0))


@wide.on
async def ping(data: Data) -> Data:
    return data


farewell = WebSocket("/farewell/<slug:key>")


@farewell.on  # type: ignore[no-redef]
def close() -> None:  # noqa: F811
    farewell.emit("left")
