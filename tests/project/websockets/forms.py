"""Handlers in every form they may have, with every combination of arguments."""

import asyncio
import functools
from collections.abc import Awaitable, Generator
from typing import Any

from tornado import gen

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

forms = WebSocket("/forms/<slug:name>/<int:number>")
forms.context = "the context"


@forms.on
def nothing() -> Data:
    return {"took": []}


@forms.on
def only_data(data: Data) -> Data:
    return {"data": data}


@forms.on
def only_socket(socket: Socket) -> Data:
    return {"path": socket.path}


@forms.on
def only_self(self: str) -> Data:
    return {"self": self}


@forms.on
def only_number(number: int) -> Data:
    return {"number": number}


@forms.on
def everything(self: str, socket: Socket, data: Data, name: str, number: int) -> Data:
    return {"self": self, "path": socket.path, "data": data, "name": name, "number": number}


@forms.on
def reversed_(number: int, name: str, data: Data, socket: Socket, self: str) -> Data:
    return {"self": self, "path": socket.path, "data": data, "name": name, "number": number}


@forms.on
def by_position(data: Data, number: int, /) -> Data:
    return {"data": data, "number": number}


@forms.on
def by_keyword(*, number: int, data: Data) -> Data:
    return {"data": data, "number": number}


@forms.on
def with_default(data: Data, limit: int = 10) -> Data:
    return {"data": data, "limit": limit}


@forms.on
def the_rest(number: int, **rest: Any) -> Data:
    return {"number": number, "rest": sorted(rest), "name": rest["name"]}


@forms.on
async def async_def(data: Data) -> Data:
    await asyncio.sleep(0)
    return {"async": data}


@forms.on
@gen.coroutine
def tornado_coroutine(socket: Socket, data: Data) -> Generator[Any, Any, Data]:
    yield gen.sleep(0.001)
    socket.emit("from a coroutine", data)
    yield gen.moment
    return {"coroutine": data}


async def _later(data: Data) -> Data:
    await asyncio.sleep(0)
    return {"later": data}


@forms.on
def returns_coroutine(data: Data) -> Awaitable[Data]:
    return _later(data)


class Promise:
    """An awaitable that is neither a coroutine nor a future."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def __await__(self) -> Generator[Any, Any, Data]:
        yield from asyncio.sleep(0).__await__()
        return {"promised": self._data}


@forms.on
def returns_promise(data: Data) -> Promise:
    return Promise(data)


@forms.on
@functools.lru_cache(maxsize=1)
def cached() -> Data:
    return {"cached": True}


class Counter:
    """An object with handlers, as old applications have them: the methods take ``self`` from the context."""

    socket = WebSocket("/counter")

    def __init__(self) -> None:
        self.count = 0
        self.socket.context = self

    @socket.on
    def add(self, data: Data) -> Data:
        self.count += data.get("n", 1)
        return {"count": self.count}

    @socket.on
    async def reset(self, socket: Socket) -> None:
        self.count = 0
        socket.emit("reset", {"count": self.count})


counter = Counter()


class Greeter:
    """An object whose bound methods are handlers."""

    def __init__(self, word: str) -> None:
        self.word = word

    def greet(self, socket: Socket) -> None:
        socket.emit("greeting", {"word": self.word})


bound = WebSocket("/bound")
bound.on(Greeter("hello").greet)
