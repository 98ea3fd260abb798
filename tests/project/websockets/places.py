"""Rooms, and what a socket knows of itself."""

import asyncio
import datetime as dt
import os

from django.urls import register_converter

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note


class DayConverter:
    """A converter of a user's own."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


register_converter(DayConverter, "day")

room = WebSocket("/room/<slug:room>")
other_room = WebSocket("/other-room/<slug:room>")


@room.on
def say(data: Data) -> None:
    room.emit("said", data)


@room.on
def pid() -> int:
    return os.getpid()


@room.on
async def asay(data: Data) -> None:
    room.emit("said", data)


@room.on
def tell_others(socket: Socket, data: Data) -> None:
    socket.broadcast("told", data)


@room.on
def say_next_door(data: Data) -> None:
    room.publish("said", {"through": "the wall"}, room=data["room"])


@room.on
async def asay_next_door(data: Data) -> None:
    await room.apublish("said", {"through": "the wall"}, room=data["room"])


@room.on
def try_publish(data: Data) -> str:
    """What becomes of publishing with these parameters."""
    try:
        room.publish("tried", **data["parameters"])
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "published"


diary = WebSocket("/diary/<day:day>/<int:page>")


@diary.on
def types(day: dt.date, page: int) -> Data:
    return {"day": type(day).__name__, "page": type(page).__name__, "sum": page + day.year}


@diary.on
def publish_here(day: dt.date) -> None:
    diary.publish("page", {"of": day}, day=day, page=2)


class Mirror:
    """Tells a client what its socket knows."""

    ws = WebSocket("/mirror/<str:word>")

    @ws.on
    def open(self, socket: Socket) -> None:
        socket.state["visits"] = 0

    @ws.on
    def look(self, socket: Socket) -> Data:
        socket.state["visits"] += 1
        return {
            "id": socket.id,
            "path": socket.path,
            "kwargs": dict(socket.kwargs),
            "query_string": socket.query_string,
            "header": socket.headers["x-test"],
            "header in capitals": socket.headers["X-TEST"],
            "header names": [name for name in socket.headers if "test" in name.lower()],
            "user": str(socket.user),
            "session": list(socket.session.keys()),
            "state": socket.state,
            "closed": socket.closed,
        }

    @ws.on
    def where(self, socket: Socket) -> str:
        return socket.path

    @ws.on
    def claim(self, socket: Socket, data: Data) -> None:
        for name in data["names"]:
            setattr(socket, name, "the application's")

    @ws.on
    def claimed(self, socket: Socket, data: Data) -> Data:
        Mirror.ws.to(connection=socket).emit("to_you", {"user": str(socket.user)})
        return {name: getattr(socket, name) for name in data["names"]}

    @ws.on
    async def in_session(self, socket: Socket) -> Data:
        return {"word": await asyncio.to_thread(socket.session.get, "word")}


def _is_welcome(socket: Socket) -> bool:
    return bool(socket.headers.get("x-password") == socket.kwargs["word"])


async def _is_welcome_async(socket: Socket) -> bool:
    await asyncio.sleep(0)
    return _is_welcome(socket)


def _breaks(socket: Socket) -> bool:
    raise ValueError("in authorize")


guarded = WebSocket("/guarded/<str:word>", authorize=_is_welcome)
aguarded = WebSocket("/aguarded/<str:word>", authorize=_is_welcome_async)
broken_guard = WebSocket("/broken-guard", authorize=_breaks)
for ws in (guarded, aguarded, broken_guard):

    @ws.on
    def echo(socket: Socket, data: Data) -> None:
        socket.emit("echo", data)


class NotedGuard:
    """Notes whom it was asked about, and who came in."""

    @staticmethod
    def is_welcome(socket: Socket) -> bool:
        note(socket.kwargs["key"], "asked")
        return bool(socket.headers.get("x-password") == socket.kwargs["key"])

    ws = WebSocket("/noted-guard/<slug:key>", authorize=is_welcome)

    @ws.on
    def open(self, key: str) -> None:
        note(key, "open")


hidden = WebSocket("/hidden", add_to_handlers=False)
