"""Comings and goings, noted under a key that is part of the path."""

import asyncio
import threading
import time
from collections import defaultdict

from tornado.websocket import WebSocketClosedError

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note

#: Let the handlers go that wait under a key.
released: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
threads_released: defaultdict[str, threading.Event] = defaultdict(threading.Event)


class Life:
    """A whole life, with several ways to end it."""

    ws = WebSocket("/life/<slug:key>", concurrency=8)

    @ws.on
    def open(self, socket: Socket, key: str) -> None:
        note(key, f"open {socket in Life.ws.handlers} {socket.closed}")

    @ws.on
    def close(self, socket: Socket, key: str) -> None:
        note(key, f"close {socket in Life.ws.handlers} {socket.closed}")

    @ws.on
    def note_it(self, key: str, data: Data) -> None:
        note(key, data["text"])

    @ws.on
    def leave(self, socket: Socket, data: Data) -> None:
        socket.emit("leaving")
        socket.close(data.get("code"), data.get("reason"))

    @ws.on
    async def aleave(self, socket: Socket, data: Data) -> None:
        await socket.emit("leaving")
        await socket.close(data.get("code"), data.get("reason"))

    @ws.on
    def leave_twice(self, socket: Socket) -> None:
        socket.close(4001)
        socket.close(4002)

    @ws.on
    def leave_badly(self, socket: Socket, data: Data) -> str:
        try:
            socket.close(data.get("code"), data.get("reason"))
        except ValueError:
            return "ValueError"
        return "closed"

    @ws.on
    async def wait(self, socket: Socket, key: str) -> None:
        socket.emit("waiting")
        await released[key].wait()
        note(key, "waited")

    @ws.on
    def wait_in_thread(self, socket: Socket, key: str) -> None:
        socket.emit("waiting")
        threads_released[key].wait(20)
        note(key, "waited")

    @ws.on
    async def release(self, data: Data) -> None:
        released[data["key"]].set()
        threads_released[data["key"]].set()


class Endless:
    """Its handler speaks to the client until that has gone."""

    ws = WebSocket("/endless/<slug:key>")

    @ws.on
    async def stream(self, socket: Socket, key: str) -> None:
        try:
            while True:
                await socket.emit("news")
                await asyncio.sleep(0.05)
        except WebSocketClosedError:
            note(key, f"stream ends {socket.closed}")

    @ws.on
    def stream_in_thread(self, socket: Socket, key: str) -> None:
        try:
            while True:
                socket.emit("news")
                time.sleep(0.05)
        except WebSocketClosedError:
            note(key, f"stream ends {socket.closed}")

    @ws.on
    async def note_it(self, key: str) -> None:
        note(key, "noted")

    @ws.on
    async def close(self, key: str) -> None:
        note(key, "close")


class SlowDoor:
    """Its ``open`` handler runs until the client has gone."""

    ws = WebSocket("/slow-door/<slug:key>")

    @ws.on
    async def open(self, socket: Socket, key: str) -> None:
        note(key, "opening")
        await released[key].wait()
        note(key, "open")

    @ws.on
    def note_it(self, key: str) -> None:
        note(key, "noted")

    @ws.on
    def close(self, key: str) -> None:
        note(key, "close")


class FailingDoor:
    """Its handlers raise."""

    ws = WebSocket("/failing-door/<slug:key>")

    @ws.on
    def open(self, key: str) -> None:
        note(key, "open")
        raise ValueError("in open")

    @ws.on
    def close(self, key: str) -> None:
        note(key, "close")
        raise ValueError("in close")


class Late:
    """Speaks to clients that have gone."""

    ws = WebSocket("/late/<slug:key>")

    @ws.on
    def close(self, socket: Socket, key: str) -> None:
        _speak(socket, key)

    @ws.on
    def leave_and_speak(self, socket: Socket, key: str) -> None:
        socket.close()
        _speak(socket, key)

    @ws.on
    def remember(self, socket: Socket) -> None:
        remembered.append(socket)

    @ws.on
    def speak_to_remembered(self, key: str) -> None:
        _speak(remembered.pop(), key)


#: Sockets that are held for longer than their handler runs.
remembered: list[Socket] = []


def _speak(socket: Socket, key: str) -> None:
    try:
        socket.emit("news")
    except WebSocketClosedError as error:
        note(key, f"{type(error).__name__} {error}")
    else:
        note(key, "spoken")
