"""Handlers that use the database."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import DatabaseError, connection

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

people = WebSocket("/people")


@people.on
def create(data: Data) -> Data:
    user = User.objects.create_user(data["name"])
    return {"name": User.objects.get(pk=user.pk).username}


@people.on
async def acreate(data: Data) -> Data:
    user = await User.objects.acreate(username=data["name"])
    return {"name": (await User.objects.aget(pk=user.pk)).username}


@people.on
def is_connected() -> bool:
    """Whether this thread still has the database connection of the handler before."""
    return connection.connection is not None


@people.on
def count() -> int:
    return User.objects.count()


@people.on
def spoil() -> str:
    """Break this thread's connection, as a database does that restarts."""
    connection.ensure_connection()
    connection.connection.close()
    try:
        User.objects.count()
    except DatabaseError:
        return "broken"
    return "whole"


@people.on
async def spoil_shared_thread() -> str:
    """The same in the thread that the async ORM uses."""
    return await sync_to_async(spoil)()


@people.on
async def acount_if_possible() -> str | int:
    try:
        return await User.objects.acount()
    except DatabaseError:
        return "broken"


#: Of many WebSockets each has a thread of its own.
shelves = [WebSocket(f"/shelf/{number}") for number in range(40)]
for shelf in shelves:
    shelf.on(count)
