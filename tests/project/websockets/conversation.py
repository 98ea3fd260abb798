"""Handlers that answer in parts, and handlers that ask their client."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection, transaction

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

conversation = WebSocket("/conversation")

door = WebSocket("/conversation-door")

#: By key: how many steps a generator has taken, and whether it is closed.
steps: dict[str, dict[str, Any]] = {}


@conversation.on
async def count(data: Data) -> AsyncIterator[Data]:
    for number in range(data["to"]):
        yield {"n": number}


@conversation.on
def count_plainly(data: Data) -> Iterator[Data]:
    for number in range(data["to"]):
        yield {"n": number}


@conversation.on
async def flow(data: Data) -> AsyncIterator[str]:
    """Yield texts for ever."""
    note = steps[data["key"]] = {"steps": 0, "is_closed": False}
    try:
        while True:
            note["steps"] += 1
            yield "x" * data["size"]
            await asyncio.sleep(data.get("pause", 0))
    finally:
        note["is_closed"] = True


@conversation.on
def flow_plainly(data: Data) -> Iterator[str]:
    """The same in a thread."""
    note = steps[data["key"]] = {"steps": 0, "is_closed": False, "thread": threading.get_ident()}
    try:
        while True:
            note["steps"] += 1
            yield "x" * data["size"]
            time.sleep(data.get("pause", 0))
    finally:
        note["is_closed"] = note["thread"] == threading.get_ident()


@conversation.on
async def look(data: Data) -> Any:
    return steps.get(data["key"])


@conversation.on
def count_users() -> Iterator[dict[str, bool]]:
    """Count in a transaction that stays open between two parts."""
    with transaction.atomic():
        while True:
            User.objects.count()
            yield look_at_connection()
            time.sleep(0.01)


@conversation.on
def look_at_connection() -> dict[str, bool]:
    return {"is_used": connection.connection is not None, "is_in_transaction": connection.in_atomic_block}


@conversation.on
async def confirm(socket: Socket, data: Data) -> Any:
    return await socket.ask("sure", data)


@conversation.on
def confirm_plainly(socket: Socket, data: Data) -> Any:
    return async_to_sync(socket.ask)("sure", data)


@conversation.on
def confirm_in_parts(socket: Socket) -> Iterator[Any]:
    yield "asking"
    yield async_to_sync(socket.ask)("sure")


@conversation.on
async def confirm_until_gone(socket: Socket, data: Data) -> None:
    note = steps[data["key"]] = {"is_told": False}
    try:
        await socket.ask("sure", timeout=60)
    except Exception as error:
        note["is_told"] = type(error).__name__


@door.on
async def open(socket: Socket) -> None:  # noqa: A001 the name of the event
    socket.emit("welcome", {"name": await socket.ask("name")})


@conversation.on
async def rest(data: Data) -> None:
    await asyncio.sleep(data["seconds"])
