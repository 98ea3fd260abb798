"""Handlers that raise whatever can be raised."""

import asyncio
from typing import NoReturn

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .notes import note

#: What must stay between the handler and the log.
SECRET = "a secret"

#: By name. The last two would end more than a call, if they came out of the main thread.
ERRORS = {
    error.__name__: error
    for error in (Exception, RecursionError, asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit)
}


def fail(error: str) -> NoReturn:
    if error == "RecursionError":
        fail(error)
    raise ERRORS[error](SECRET)


class Failing:
    """Its handlers raise what they are asked to."""

    ws = WebSocket("/failing/<slug:key>")

    @ws.on
    def raises(self, data: Data) -> None:
        fail(data["error"])

    @ws.on
    async def araises(self, data: Data) -> None:
        fail(data["error"])

    @ws.on
    def close(self, key: str) -> None:
        note(key, "close")


class FailingEnds:
    """Its ``open`` and ``close`` handlers raise what the path says."""

    ws = WebSocket("/failing-ends/<slug:key>/<slug:error>")

    @ws.on
    def open(self, key: str, error: str) -> None:
        note(key, "open")
        fail(error)

    @ws.on
    def close(self, key: str, error: str) -> None:
        note(key, "close")
        fail(error)


class AsyncFailingEnds:
    """The same, on the event loop."""

    ws = WebSocket("/async-failing-ends/<slug:key>/<slug:error>")

    @ws.on
    async def open(self, key: str, error: str) -> None:
        note(key, "open")
        fail(error)

    @ws.on
    async def close(self, key: str, error: str) -> None:
        note(key, "close")
        fail(error)
