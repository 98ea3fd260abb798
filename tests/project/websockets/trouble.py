"""Handlers that fail, in usual and unusual ways."""

import asyncio
import sys

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

trouble = WebSocket("/trouble")


@trouble.on
def echo(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


@trouble.on
def fail() -> None:
    raise ValueError("a secret")


@trouble.on
async def afail() -> None:
    raise ValueError("a secret")


@trouble.on
def fail_after_emit(socket: Socket) -> None:
    socket.emit("before")
    raise ValueError("a secret")


@trouble.on
def cancelled() -> None:
    raise asyncio.CancelledError


@trouble.on
async def acancelled() -> None:
    raise asyncio.CancelledError


@trouble.on
def exits() -> None:
    sys.exit(1)


@trouble.on
async def aexits() -> None:
    sys.exit(1)


def _recurse() -> None:
    _recurse()


@trouble.on
def recurses() -> None:
    _recurse()


@trouble.on
async def arecurses() -> None:
    _recurse()


@trouble.on
def stops() -> None:
    raise StopIteration


@trouble.on
async def astops() -> None:
    raise StopIteration


@trouble.on
def misses(data: Data) -> None:
    data["missing"]
