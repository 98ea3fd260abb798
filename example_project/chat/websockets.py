"""The chat's WebSocket: who is here, what they say, and what was said before."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from chat.history import Page, read_page
from chat.models import Message
from chat.rules import RefusedError, clean_name, clean_text
from tornado_websockets.websocket import WebSocket

chat = WebSocket("/chat")

Data = dict[str, Any]


@chat.on
async def open(socket: Any) -> None:  # noqa: A001 an event's name is its function's
    page = await read_page()
    socket.emit("welcome", {"you": socket.id, "people": list_people(), **page})


@chat.on
async def join(socket: Any, data: Data) -> Data | None:
    if "name" in socket.state:
        socket.emit_warning(f"You are here as {socket.state['name']}.", "already_joined")
        return None
    try:
        name = clean_name(data.get("name"))
    except RefusedError as error:
        socket.emit_warning(str(error), "bad_name")
        return None
    socket.state["name"] = name
    chat.emit("joined", {"person": socket.id, "name": name})
    return {"name": name}


@chat.on
def message(socket: Any, data: Data) -> Data | None:
    if "name" not in socket.state:
        socket.emit_warning("Join with a name first.", "not_joined")
        return None
    try:
        text = clean_text(data.get("text"))
    except RefusedError as error:
        socket.emit_warning(str(error), "bad_text")
        return None
    stored = Message.objects.create(name=socket.state["name"], text=text)
    chat.emit("message", {"person": socket.id, **stored.to_data()})
    return {"id": stored.pk}


@chat.on
async def typing(socket: Any) -> None:
    if "name" in socket.state:
        socket.broadcast("typing", {"person": socket.id, "name": socket.state["name"]})


@chat.on
async def history(socket: Any, data: Data) -> Page | None:
    before = data.get("before")
    if type(before) is not int:  # True would be one for isinstance
        socket.emit_warning("Expected 'before' to be the id of a message.", "bad_page")
        return None
    return await read_page(before)


@chat.on
async def close(socket: Any) -> None:
    if "name" in socket.state:
        chat.emit("left", {"person": socket.id, "name": socket.state["name"]})


@receiver(post_delete, sender=Message)
def forget(instance: Message, **kwargs: Any) -> None:
    """Take a deleted message off every page, wherever it was deleted."""
    chat.publish("removed", {"id": instance.pk})


def list_people() -> list[Data]:
    """Who is here, as far as this process knows: those who are connected to it.

    With several processes a newcomer is told of the people on its own one, and the page adds whom it
    hears of later (`joined`, `message` and `typing` come from all processes). Who is silent on another
    process stays unseen, and who was on a process that crashed stays listed until the page connects
    again. Better than that takes a shared table with heartbeats, which a chat like this is not worth.
    """
    # Called on the event loop only, so that nobody comes or goes while we look.
    sockets: list[Any] = [*chat.handlers]
    return [{"person": it.id, "name": it.state["name"]} for it in sockets if "name" in it.state]
