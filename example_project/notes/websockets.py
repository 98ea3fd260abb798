"""A bell for each person, that rings on every page of theirs, and a moderator's word that ends them all."""

from typing import Annotated, Any

from django.contrib.auth.models import User

from assistant.websockets import assistant
from chat.websockets import chat
from counter.websockets import counter
from notes.forms import KickForm, NoteForm
from notes.models import Note, NoteData, Unread, count_unread
from shopping.websockets import shopping
from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket
from weather.websockets import imports

KICKED = 4403


def is_known(socket: Socket) -> bool:
    return bool(socket.user.is_authenticated)


def is_moderator(socket: Socket) -> bool:
    return bool(socket.user.is_staff)


def introduce(socket: Socket) -> dict[str, Any]:
    """What others see of somebody who is here."""
    return {"name": socket.user.get_username()}


# region shown
bell = WebSocket("/bell", authorize=is_known, presence=introduce, sends={"note": NoteData, "unread": Unread})
# endregion


# region shown
def send(sender: User, recipient: User, text: str) -> None:  # in a view, too
    note = Note.objects.create(sender=sender, recipient=recipient, text=text)
    bell.to(user=recipient).publish("note", {**note.to_data()}, fail_silently=True)


# endregion
everywhere = [assistant, bell, chat, counter, imports, shopping]


@bell.on
def open(socket: Socket) -> None:
    socket.emit("unread", {"count": count_unread(socket.user.pk)})


@bell.on
def write(socket: Socket, data: Annotated[dict[str, Any], NoteForm]) -> None:
    send(socket.user, **data)


@bell.on
def read(socket: Socket) -> None:
    """All is read: in every tab, and on every device."""
    Note.objects.filter(recipient=socket.user.pk, is_read=False).update(is_read=True)
    bell.to(user=socket.user).emit("unread", {"count": 0})


# region shown
@bell.on_event("kick", allow=is_moderator)
def kick(data: Annotated[dict[str, Any], KickForm]) -> None:
    for each in everywhere:
        each.to(user=data["person"]).disconnect(KICKED, data["reason"])


# endregion
