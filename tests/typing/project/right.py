"""What applications write; a type checker has nothing to say of it, and knows what comes back."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from channels_bridge.asgi import websocket_application
from channels_bridge.routing import websocket_urlpatterns
from tornado_websockets import Socket, django_app
from tornado_websockets.exceptions import PublishError, Refused, RequestRefused
from tornado_websockets.modules import Module, ProgressBar
from tornado_websockets.signals import connected
from tornado_websockets.store import Store
from tornado_websockets.testing import Client, SyncClient
from tornado_websockets.websocket import WebSocket


def is_staff(socket: Socket) -> bool:
    return bool(socket.user.is_staff)


async def is_known(socket: Socket) -> bool:
    return socket.token is not None


chat = WebSocket("/chat", history=100, retain=("topic",), presence="count", authorize=is_staff)
rooms = WebSocket("/room/<slug:room>", authorize=is_known, subprotocols=["v2"], sends={"said": dict[str, str]})


@chat.on
def open(socket: Socket) -> None:
    socket.state["name"] = socket.user.get_username() or "guest"
    socket.emit("hello", {"id": socket.id})


@chat.on
async def say(socket: Socket, data: dict[str, Any]) -> dict[str, int]:
    if len(data["text"]) > 100:
        raise Refused("too_long", "That is too much.", most=100)
    await socket.broadcast("said", data)
    chat.emit("said", data)
    return {"length": len(data["text"])}


@chat.on_event("chat:edit", allow=is_staff, rate="10/s")
async def edit(socket: Socket, event: str) -> str:
    answer = await socket.ask("confirm", {"event": event}, timeout=5)
    return str(answer)


@chat.on
async def count(data: dict[str, Any]) -> AsyncIterator[int]:
    for number in range(data["to"]):
        yield number


@chat.on
def lines() -> Iterator[str]:
    yield "one"


notes = Module("notes")
chat.bind(notes)
bar = ProgressBar("import", min=0, max=10)
chat.bind(bar)


@notes.on
def add(data: dict[str, Any]) -> None:
    notes.emit("added", data)
    bar.tick(label=data["text"])


def view() -> None:
    try:
        chat.publish("news", {"text": "Hello"}, fail_silently=True)
        rooms.publish("news", "Hello", using="default", room="lobby")
    except PublishError as error:
        assert_type(error.event, str)
    chat.to(user=1).disconnect()
    assert_type(chat.position(), str)
    assert_type(chat.is_present(1), bool)
    assert_type(rooms.group_name_for(room="lobby"), str)
    assert_type(chat.path, str)


async def task() -> None:
    await chat.apublish("news", {"text": "Hello"})
    await chat.to(exclude="id").apublish("news")
    assert_type(await chat.aposition(), str)


async def check() -> None:
    async with Client("/chat", token="t") as client:
        await client.emit("say", {"text": "Hello"})
        try:
            await client.request("say", {"text": "Hello"})
        except RequestRefused as refused:
            assert_type(refused.code, str)


def check_without_async() -> None:
    with SyncClient("/chat") as client:
        client.emit("say", {"text": "Hello"})
        client.receive("said", timeout=2)


def store_of(given: Store) -> Store:
    return given


connected.connect(lambda sender, socket, **kwargs: None)
application = websocket_application()
patterns = list(websocket_urlpatterns)
TORNADO = {"handlers": [django_app()]}
