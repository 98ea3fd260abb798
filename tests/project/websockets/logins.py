"""A place for people who have logged in, and a count of what is asked of the database."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from tornado_websockets.auth.recheck import logins
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

lounge = WebSocket("/lounge/<slug:key>", authorize=lambda socket: socket.user.is_authenticated)
queries = 0


@lounge.on
async def say(data: Data) -> None:
    lounge.emit("said", data)


@lounge.on
async def count_queries() -> int:
    return queries


@lounge.on
async def count_unseen() -> int:
    """How many have not been looked at since they connected."""
    return sum(not watched.has_been_seen for watched in logins._entries.values())


@receiver(connection_created)
def _count(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if _counting not in connection.execute_wrappers:  # they outlive what was created
        connection.execute_wrappers.append(_counting)


def _counting(execute: Callable[..., Any], *arguments: Any) -> Any:
    global queries  # noqa: PLW0603 of the process
    queries += 1
    return execute(*arguments)
