"""Who is who, and who is here: names may repeat, people do not."""

from typing import Any

from django.utils.crypto import salted_hmac
from typing_extensions import TypedDict

from chat.rules import PERSON_LENGTH, clean_secret
from tornado_websockets import Socket
from tornado_websockets.exceptions import Refused
from tornado_websockets.websocket import WebSocket


class Person(TypedDict):
    """Somebody who has joined, as everyone gets to know them."""

    person: str
    name: str


def identify(socket: Socket, secret: str | None) -> str:
    """Return the id of whoever knows `secret`: the same on each connection, and of use to nobody else.

    A client that has no secret is somebody new on each connection.
    """
    known = socket.id if secret is None else clean_secret(secret)
    return salted_hmac("chat.person", known, algorithm="sha256").hexdigest()[:PERSON_LENGTH]


def require_person(socket: Socket) -> Person:
    """Return who speaks, or raise `Refused` before they have joined."""
    if "person" not in socket.state:
        raise Refused("not_joined", "Join with a name first.")
    return {"person": socket.state["person"], "name": socket.state["name"]}


def list_people(chat: WebSocket, *, but: Any = None) -> list[Person]:
    """Who is here, as far as this process knows: those who are connected to it, the socket `but` left out.

    With several processes a newcomer is told of the people on its own one, and the page adds whom it
    hears of later (`joined`, `said` and `typing` come from all processes). Who is silent on another
    process stays unseen, and who was on a process that crashed stays listed until the page connects
    again. Better than that takes a shared table with heartbeats, which a chat like this is not worth.
    """
    # Called on the event loop only, so that nobody comes or goes while we look.
    sockets: list[Any] = [other for other in chat.handlers if other is not but]
    # One whose connection was lost may be here twice, until the old one is given up.
    people = {it.state["person"]: require_person(it) for it in sockets if "person" in it.state}
    return [*people.values()]
