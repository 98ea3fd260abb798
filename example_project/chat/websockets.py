"""The chat's WebSocket: who is here, what they say, and what was said before."""

from chat.events import Joining, Paging, Said, Saying, Welcome
from chat.history import Page, read_page
from chat.models import Message
from chat.people import Person, identify, list_people, require_person
from chat.rules import clean_name, clean_text
from tornado_websockets import Socket
from tornado_websockets.exceptions import Refused
from tornado_websockets.websocket import WebSocket

# region shown
chat = WebSocket("/chat", sends={"welcome": Welcome, "joined": Person, "left": Person, "typing": Person})
chat.follow(Message, data=("id", "person", "name", "text", "at"))  # wherever it is saved or deleted
# endregion


@chat.on
async def open(socket: Socket) -> None:
    page = await read_page()
    socket.emit("welcome", {"people": list_people(chat), **page})


@chat.on
async def join(socket: Socket, data: Joining) -> Person:
    if "person" in socket.state:
        raise Refused("already_joined", f"You are here as {socket.state['name']}.")
    person: Person = {"person": identify(socket, data.secret), "name": clean_name(data.name)}
    socket.state.update(person)
    socket.broadcast("joined", {**person})
    return person


# region shown
@chat.on
def say(socket: Socket, data: Saying) -> Said:
    speaker = require_person(socket)
    message = Message.objects.create(**speaker, text=clean_text(data.text))
    return {"id": message.pk}


# endregion


@chat.on
async def typing(socket: Socket) -> None:
    if "person" in socket.state:
        socket.broadcast("typing", {**require_person(socket)})


@chat.on
async def history(data: Paging) -> Page:
    return await read_page(data.before)


@chat.on
async def close(socket: Socket) -> None:
    if "person" in socket.state:
        person = require_person(socket)
        if all(other["person"] != person["person"] for other in list_people(chat, but=socket)):
            chat.emit("left", {**person})
