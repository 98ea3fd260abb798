"""Handlers written as they were in 2016."""

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

habits = WebSocket("/habits")
rooms = WebSocket("/habits/<slug:room>")

pool = ThreadPoolExecutor(2)


def _logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(socket: Any, data: Data) -> Any:
        socket.emit("logged", {"keys": sorted(data)})
        return function(data)

    return wrapper


def _passing(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@habits.on
@_logged
def decorated(data: Data) -> Data:
    return data


@habits.on
@_passing
def passed(socket: Any, data: Data) -> Data:
    return {"path": socket.path, **data}


@habits.on
def remember(socket: Any, data: Data) -> None:
    socket.nickname = data["name"]
    socket.user = data["name"]


@habits.on
def recall(socket: Any) -> Data:
    return {"nickname": socket.nickname, "user": socket.user}


def _emit_from(start: str, emit: Callable[[], Any]) -> None:
    if start == "thread":
        threading.Thread(target=emit).start()
    elif start == "timer":
        threading.Timer(0.01, emit).start()
    elif start == "late thread":
        threading.Thread(target=lambda: (threading.Event().wait(0.1), emit())).start()
    elif start == "pool":
        pool.submit(emit)
    else:
        ThreadPoolExecutor(1).submit(emit)


@habits.on
def emit_from(data: Data) -> None:
    _emit_from(data["start"], lambda: habits.emit("said", data["start"]))


@habits.on
async def emit_from_executor() -> None:
    asyncio.get_running_loop().run_in_executor(None, habits.emit, "said", "executor")


@habits.on
def emit_from_executor_of_tornado() -> None:
    from tornado.ioloop import IOLoop

    IOLoop.current().run_in_executor(None, habits.emit, "said", "executor")


@habits.on
async def emit_from_callback() -> None:
    asyncio.get_running_loop().call_later(0.01, habits.emit, "said", "callback")


@rooms.on
def emit_from_room(data: Data) -> None:
    _emit_from(data["start"], lambda: rooms.emit("said", data["start"]))


@rooms.on
def introduce(socket: Any, data: Data) -> None:
    socket.nickname = data["name"]


@rooms.on
def close(socket: Any) -> None:
    if hasattr(socket, "nickname"):
        rooms.emit("left", socket.nickname)


@habits.on
def ask_of_itself(socket: Any) -> Data:
    return {"is_it": socket.websocket is habits, "path": socket.websocket.path}
