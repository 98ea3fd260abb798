"""Sending from a handler, from what it starts, and from elsewhere."""

import asyncio
import contextlib
import contextvars
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction

from tornado_websockets import Socket
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.exceptions import EmitHandlerError, PublishError
from tornado_websockets.websocket import WebSocket

from .places import room

news = WebSocket("/news")
_tasks: set[asyncio.Task[None]] = set()


def outcome(call: Callable[[], Any]) -> str:
    """``sent``, or the name of the error."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "sent"


@news.on
async def take_away(socket: Any) -> None:
    await socket.emit_html("#mine", None, swap="delete")
    await news.emit_html("#everybody's", None, swap="delete")


@news.on
async def goes_as_it_is(socket: Any) -> bool:
    """Whether what is sent is out at once, without a detour that each client costs anew."""
    connection: Any = connection_of(socket)
    return connection.transport.send(json.dumps({"event": "on its way", "data": {}})) is None


@news.on
async def from_task() -> None:
    """Send from a task that goes on when the handler has ended."""
    ended = asyncio.Event()

    async def work() -> None:
        await ended.wait()
        news.emit("from a task")

    task = asyncio.create_task(work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    asyncio.get_running_loop().call_soon(ended.set)


@news.on
async def from_thread() -> None:
    await sync_to_async(news.emit, thread_sensitive=False)("from a thread")


@news.on
async def from_sensitive_thread() -> None:
    await sync_to_async(news.emit)("from the shared thread")


@news.on
async def from_gathered(socket: Socket) -> None:
    async def work(number: int) -> None:
        await asyncio.sleep(0)
        await news.emit("gathered", {"n": number})

    await asyncio.gather(*(work(number) for number in range(3)))


@news.on
def tell(data: Data) -> None:
    news.emit("told", data)


_hanging = asyncio.Event()


@news.on
async def hang(socket: Socket) -> None:
    """Run on until somebody lets go, whatever becomes of the client."""
    _hanging.clear()
    socket.emit("hanging")
    await _hanging.wait()


@news.on
async def let_go() -> None:
    _hanging.set()


#: Sockets that pages may use.
remembered: list[Socket] = []


@news.on
def remember(socket: Socket) -> None:
    remembered[:] = [socket]


@news.on
def publish_in_thread() -> None:
    thread = threading.Thread(target=lambda: news.publish("published", {"from": "a thread"}))
    thread.start()
    thread.join()


@news.on
def to_everyone_elsewhere() -> None:
    """A handler of one WebSocket sends to the clients of another."""
    elsewhere.emit("from next door")


@news.on
def emit_in_some_room() -> str:
    return outcome(lambda: room.emit("lost"))


elsewhere = WebSocket("/elsewhere")


@elsewhere.on
def nothing() -> None:
    pass


@news.on
def wrong_types(socket: Socket) -> Data:
    values: list[Any] = [1, [1], 1.5, b"x", True, ("a", 1), ()]
    calls: dict[str, Callable[..., Any]] = {
        "socket.emit": socket.emit,
        "ws.emit": news.emit,
        "socket.broadcast": socket.broadcast,
        "ws.publish": news.publish,
    }
    return {
        name: {
            "data": [outcome(lambda call=call, value=value: call("x", value)) for value in values],  # type: ignore[misc]
            "event": [outcome(lambda call=call, value=value: call(value)) for value in (None, 1, b"x")],  # type: ignore[misc]
        }
        for name, call in calls.items()
    }


@news.on
def with_stranger() -> Data:
    """What is said first, where more than one thing is wrong."""
    with _stranger():
        return {
            "in a handler": outcome(lambda: news.emit("x")),
            "wrong type": outcome(lambda: news.emit("x", [1])),  # type: ignore[arg-type]
            "publish": outcome(lambda: news.publish("x")),
            "outside": _outside(lambda: news.emit("x")),
            "outside, wrong type": _outside(lambda: news.emit("x", [1])),  # type: ignore[arg-type]
        }


@contextlib.contextmanager
def _stranger() -> Iterator[None]:
    news.handlers.append("no connection")
    try:
        yield
    finally:
        news.handlers.remove("no connection")


def _outside(call: Callable[[], Any]) -> str:
    """The outcome in a thread that knows nothing of the handler, whatever this Python passes on to threads."""
    outcomes: list[str] = []
    thread = threading.Thread(target=contextvars.Context().run, args=(lambda: outcomes.append(outcome(call)),))
    thread.start()
    thread.join()
    return outcomes[0]


@news.on
def publish_in_transaction() -> None:
    with transaction.atomic():
        news.publish("later")
        with transaction.atomic():
            news.publish("later still")
        news.publish("now", on_commit=False)


@news.on
def publish_and_roll_back() -> None:
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        news.publish("never")
        raise ZeroDivisionError


@news.on
async def awaited(socket: Socket) -> None:
    await socket.emit("1")
    await news.emit("2")
    await socket.broadcast("3")
    await news.publish("4")
    await news.apublish("5")
    await socket.emit_warning("6")


@news.on
async def not_awaited(socket: Socket) -> None:
    socket.emit("1")
    news.emit("2")
    socket.broadcast("3")
    news.publish("4")
    socket.emit_warning("6")


@news.on
def publish() -> str:
    """What becomes of publishing from a handler."""
    try:
        news.publish("published", {"from": "a handler"})
    except PublishError as error:
        return f"PublishError {type(error.__cause__).__name__}"
    return "published"


@news.on
async def publish_and_await() -> str:
    try:
        await news.apublish("published", {"from": "an async handler"})
    except PublishError:
        return "PublishError"
    return "published"


def emit_outside() -> str:
    """What ``emit`` says where no handler runs."""
    try:
        news.emit("from nowhere")
    except EmitHandlerError as error:
        return str(error)
    return "sent"
