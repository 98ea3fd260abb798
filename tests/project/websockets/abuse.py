"""A project as in the README, for clients that abuse it: a chat, rooms, doors that somebody watches."""

import asyncio
import time
from urllib.parse import parse_qs

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note

PAGE = "y" * 900_000

#: A handler's loop: so many messages, or so many of that size, more than may wait for one client.
MANY = 100
CHUNK = "x" * 90_000

chat = WebSocket("/abuse/chat")

_tasks: set[asyncio.Task[None]] = set()


@chat.on
async def say(data: Data) -> None:
    chat.emit("said", data)


@chat.on
async def say_awaited(data: Data) -> None:
    await chat.emit("said", data)


@chat.on
def say_sync(data: Data) -> None:
    chat.emit("said", data)


@chat.on
async def tell_others(socket: Socket, data: Data) -> None:
    socket.broadcast("said", data)


@chat.on
async def say_often(data: Data) -> None:
    for _ in range(MANY):
        chat.emit("said", data)


@chat.on
def say_often_sync(data: Data) -> None:
    for _ in range(MANY):
        chat.emit("said", data)


@chat.on
async def pour(socket: Socket, data: Data) -> None:
    for _ in range(data.get("count", MANY)):
        socket.emit("poured", {"x": CHUNK})


@chat.on
async def pour_awaited(socket: Socket, data: Data) -> None:
    for _ in range(data.get("count", MANY)):
        await socket.emit("poured", {"x": CHUNK})


@chat.on
def pour_sync(socket: Socket, data: Data) -> None:
    for _ in range(data.get("count", MANY)):
        socket.emit("poured", {"x": CHUNK})


@chat.on
async def keep_saying(socket: Socket, data: Data) -> None:
    """Start a task that says it until the client has gone, or goes on with the one it has."""
    if socket.state.setdefault("says", data) is data:
        task = asyncio.create_task(_keep_saying(socket, data))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


async def _keep_saying(socket: Socket, data: Data) -> None:
    while not socket.closed:
        chat.emit("said", data)
        await asyncio.sleep(0)


@chat.on
async def page() -> Data:
    return {"x": PAGE}


@chat.on
async def ask() -> None:
    """Answer at once."""


rooms = WebSocket("/abuse/room/<slug:room>")


@rooms.on
async def tell(data: Data) -> None:
    rooms.emit("told", data)


@rooms.on
def tell_often_sync(socket: Socket, data: Data) -> None:
    for _ in range(2_000):
        socket.broadcast("told", data)


def _seconds(socket: Socket) -> float:
    return float(parse_qs(socket.query_string)["seconds"][0])


async def _wait(socket: Socket) -> bool:
    await asyncio.sleep(_seconds(socket))
    return True


def _wait_sync(socket: Socket) -> bool:
    time.sleep(_seconds(socket))
    return True


def _is_welcome(socket: Socket) -> bool:
    return True


other = WebSocket("/abuse/other")
quick = WebSocket("/abuse/quick", authorize=_is_welcome)
waiting = WebSocket("/abuse/waiting", authorize=_wait)
waiting_sync = WebSocket("/abuse/waiting-sync", authorize=_wait_sync)
for ws in (other, quick, waiting, waiting_sync):
    ws.on(ask)

    @ws.on
    async def swallow(data: Data) -> None:
        """Take what was sent, and do nothing."""

    @ws.on
    async def number(socket: Socket, data: Data) -> None:
        socket.emit("number", data)


costly = WebSocket("/abuse/costly")


@costly.on
async def burn(socket: Socket, data: Data) -> None:
    """Hold the event loop for so many seconds, before the first ``await``."""
    end = time.monotonic() + data["seconds"]
    while time.monotonic() < end:
        pass
    await asyncio.sleep(0)
    socket.emit("burnt")


threaded = WebSocket("/abuse/threaded")


@threaded.on_event("ask")
def ask_in_a_thread() -> None:
    """Answer, by way of a thread."""


def _introduce(socket: Socket) -> Data:
    return {"says": socket.query_string}


async def _introduce_async(socket: Socket) -> Data:
    return _introduce(socket)


party = WebSocket("/abuse/party", presence=_introduce, history=100)
party_async = WebSocket("/abuse/party-async", presence=_introduce_async, history=100)


class Doors:
    """Tells everybody of each who comes and goes, but of those who say that they only listen."""

    ws = WebSocket("/abuse/doors")

    @ws.on
    async def open(self, socket: Socket) -> None:
        if socket.query_string != "listens":
            socket.broadcast("came", {"who": socket.id})

    @ws.on
    async def close(self, socket: Socket) -> None:
        if socket.query_string != "listens":
            Doors.ws.emit("went", {"who": socket.id})


class Lingering:
    """Takes its time to see somebody off."""

    ws = WebSocket("/abuse/lingering")

    @ws.on
    async def close(self) -> None:
        await asyncio.sleep(3)


class Worker:
    """Notes when it begins what, by the clock that all processes share."""

    ws = WebSocket("/abuse/worker/<slug:key>")

    @ws.on
    def slow(self, key: str) -> None:
        _note_time(key, "slow")
        time.sleep(0.05)

    @ws.on
    async def aslow(self, key: str) -> None:
        _note_time(key, "aslow")
        await asyncio.sleep(0.05)

    @ws.on
    async def long(self, key: str) -> None:
        await asyncio.sleep(8)
        _note_time(key, "long")

    @ws.on
    def close(self, key: str) -> None:
        _note_time(key, "close")


def _note_time(key: str, what: str) -> None:
    note(key, f"{what} {time.monotonic():.3f}")
