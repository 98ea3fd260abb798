"""The chat that is measured, written with this package; imported at start-up, as every app's ``websockets`` is."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.contestants.reporting import report
from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket

from .loop import LoopWatch

ws = WebSocket("/chat")
slow_ws = WebSocket("/slow", concurrency=10)
kept_ws = WebSocket("/kept", history=100)

# What else is registered, where that is the question; the last has as many before it.
for number in range(int(os.environ.get("BENCHMARK_PATHS", "0"))):
    WebSocket(f"/other/{number}")
for number in range(int(os.environ.get("BENCHMARK_PATTERNS", "0"))):
    WebSocket(f"/other/{number}/<slug:room>")
WebSocket("/room/<slug:room>")


@ws.on
async def say(data: dict[str, Any]) -> None:
    """Broadcast."""
    ws.emit("said", data)


@ws.on
async def echo(socket: Socket, data: dict[str, Any]) -> None:
    """Answer."""
    socket.emit("echoed", data)


@dataclass
class Line:
    """Five fields, which pydantic validates."""

    room: str
    text: str
    number: int
    ratio: float
    is_new: bool


class LineStruct(msgspec.Struct):
    """The same, which msgspec validates."""

    room: str
    text: str
    number: int
    ratio: float
    is_new: bool


@ws.on
async def echo_fields(socket: Socket, data: dict[str, Any]) -> None:
    """Answer with every field."""
    line = {
        "room": data["room"],
        "text": data["text"],
        "number": data["number"],
        "ratio": data["ratio"],
        "is_new": data["is_new"],
    }
    socket.emit("echoed", line)


def _fields(line: Any) -> dict[str, Any]:
    return {
        "room": line.room,
        "text": line.text,
        "number": line.number,
        "ratio": line.ratio,
        "is_new": line.is_new,
    }


@ws.on
async def echo_dataclass(socket: Socket, data: Line) -> None:
    """Answer with every field of what pydantic has made."""
    socket.emit("echoed", _fields(data))


@ws.on
async def echo_struct(socket: Socket, data: LineStruct) -> None:
    """Answer with every field of what msgspec has made."""
    socket.emit("echoed", _fields(data))


@ws.on
def echo_sync(socket: Socket, data: dict[str, Any]) -> None:
    """Answer from a worker thread."""
    socket.emit("echoed", data)


@ws.on
async def parts(data: dict[str, Any]) -> AsyncIterator[str]:
    """Answer in parts of 50 bytes."""
    for number in range(data["count"]):
        yield f"part {number:05} of what a model has to say, and so on"


class Counted:
    """A text that reports how many times it has been rendered."""

    def __init__(self) -> None:
        self.text = ""
        self._times = 0

    def __str__(self) -> str:
        self._times += 1
        report("renders", self._times)
        return self.text


_counted = Counted()


@ws.on
async def fragment(data: dict[str, Any]) -> None:
    """Broadcast a piece of HTML."""
    _counted.text = data["text"]
    ws.emit_html("#lines", "line.html", {"line": _counted})


@kept_ws.on_event("say")
async def say_and_keep(data: dict[str, Any]) -> None:
    """Broadcast what is kept for a while."""
    kept_ws.emit("said", data)


@ws.on
def emit_many(data: dict[str, Any]) -> None:
    """Broadcast many times from a worker thread, and report what each took of it."""
    start = time.thread_time()
    for _ in range(data["count"]):
        ws.emit("said", data)
    report("microseconds", (time.thread_time() - start) / data["count"] * 1e6)


@ws.on
async def watch_loop() -> None:
    """Report from now on for how long the event loop is held."""
    LoopWatch().start()


@slow_ws.on
def slow(socket: Socket, data: dict[str, Any]) -> None:
    """Answer after a while, as if the database took long."""
    time.sleep(data["seconds"])
    socket.emit("echoed", {})
