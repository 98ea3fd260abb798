"""The chat's WebSocket: who is here, what they say, and what was said before."""

from typing import Any

from chat.history import Page, read_page
from chat.models import Message
from chat.people import Person, identify, list_people, require_person
from chat.rules import clean_name, clean_text
from tornado_websockets import Socket
from tornado_websockets.exceptions import Refused
from tornado_websockets.websocket import WebSocket

Data = dict[str, Any]

# region shown
chat = WebSocket("/chat")
chat.follow(Message, data=("id", "person", "name", "text", "at"))  # wherever it is saved or deleted
# endregion


@chat.on
async def open(socket: Socket) -> None:
    page = await read_page()
    socket.emit("welcome", {"people": list_people(chat), **page})


@chat.on
async def join(socket: Socket, data: Data) -> Person:
    if "person" in socket.state:
        raise Refused("already_joined", f"You are here as {socket.state['name']}.")
    person: Person = {"person": identify(socket, data.get("secret")), "name": clean_name(data.get("name"))}
    socket.state.update(person)
    socket.broadcast("joined", {**person})
    return person


# region shown
@chat.on
def say(socket: Socket, data: Data) -> Data:
    speaker = require_person(socket)
    text = clean_text(data.get("text"))
    message = Message.objects.create(**speaker, text=text)
    return {"id": message.pk}


# endregion


@chat.on
async def typing(socket: Socket) -> None:
    if "person" in socket.state:
        socket.broadcast("typing", {**require_person(socket)})


@chat.on
async def history(data: Data) -> Page:
    before = data.get("before")
    if type(before) is not int:  # True would be one for isinstance
        raise Refused("bad_page", "Expected 'before' to be the id of a message.")
    return await read_page(before)


@chat.on
async def close(socket: Socket) -> None:
    if "person" in socket.state:
        person = require_person(socket)
        if all(other["person"] != person["person"] for other in list_people(chat, but=socket)):
            chat.emit("left", {**person})
