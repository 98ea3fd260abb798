"""A program: people of one process whose clients take what they are sent at once, without servers or lines.

``python -m benchmarks.contestants.ours.people MEASUREMENT PEOPLE`` prints figures as JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import django
from django.conf import settings

from benchmarks.usage import memory_bytes
from benchmarks.workloads.people import FOR_NEWCOMER, MEMORY_OF_PERSON, PER_PERSON, PER_PUBLISH
from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.websocket import WebSocket, endpoint_of

#: Publishes of which one figure is made; those before fill the caches.
TIMES = 2_000
WARM = 200

#: How many come and go together, and how often.
WAVE = 50
WAVES = 5

#: Seconds in which people are told of each other.
GATHERED = 0.15


class Line:
    """Takes everything.

    :ivar received: characters.
    """

    def __init__(self) -> None:
        self.received = 0

    def send(self, text: str) -> None:
        self.received += len(text)

    def close(self, code: int, reason: str) -> None:
        """It is closed."""

    def abort(self, code: int) -> None:
        """It is cut."""

    def read_on(self) -> None:
        """Nothing is read."""

    def keep_line_short(self) -> None:
        """There is no line."""

    def has_left(self) -> bool:
        """It stays."""
        return False

    def cancel_handler(self) -> None:
        """None is running."""


async def accept() -> None:
    """It is accepted."""


def seen(socket: Any) -> dict[str, str]:
    """What others see of somebody."""
    return {"name": f"Person {socket.user.pk}"}


def place(*, is_seen: bool) -> WebSocket:
    """Where people meet; whose login is nobody's business here, since they have none."""
    ws = WebSocket("/people", add_to_handlers=False, presence=seen if is_seen else False)
    endpoint = endpoint_of(ws)
    endpoint.observers = [each for each in endpoint.observers if each is endpoint.presence]
    return ws


async def enter(ws: WebSocket, user: int) -> Connection:
    """A client of the user with that key."""
    person = SimpleNamespace(pk=user, is_authenticated=True)
    options: dict[str, Any] = {"path": ws.path, "kwargs": {}, "headers": {}, "limits": Limits(), "user": person}
    connection = Connection(endpoint_of(ws), Line(), **options)  # type: ignore[arg-type]
    await connection.open(accept)
    return connection


async def microseconds(times: int, once: Callable[[int], Any]) -> float:
    """CPU time of each."""
    started = time.process_time()
    for number in range(times):
        await once(number)
    return (time.process_time() - started) / times * 1e6


async def publish(people: int, *, is_for_one: bool) -> dict[str, float]:
    """To one of so many users, or to everybody, who are so many."""
    ws = place(is_seen=False)
    there = [await enter(ws, user) for user in range(people)]

    async def once(number: int) -> None:
        hearers = ws.to(user=number % people) if is_for_one else ws
        await hearers.publish("said", {"text": "hello", "number": number})

    await microseconds(WARM, once)
    figures = {PER_PUBLISH: await microseconds(TIMES, once)}
    for connection in there:
        await connection.on_closed()
    return figures


async def join(people: int, *, is_seen: bool) -> dict[str, float]:
    """Let another one come and go where there are so many."""
    ws = place(is_seen=is_seen)
    there = [await enter(ws, user) for user in range(people)]
    await asyncio.sleep(GATHERED)

    async def once(number: int) -> None:
        wave = [await enter(ws, people + WAVE * number + each) for each in range(WAVE)]
        await asyncio.sleep(GATHERED)
        for connection in wave:
            await connection.on_closed()
        await asyncio.sleep(GATHERED)

    await once(0)
    figures = {PER_PERSON: await microseconds(WAVES, once) / WAVE}
    for connection in there:
        await connection.on_closed()
    return figures


async def crowd(people: int, *, is_seen: bool) -> dict[str, float]:
    """So many at one path: what each takes, and what the next one gets."""
    ws = place(is_seen=is_seen)
    there = [await enter(ws, 0)]
    before = memory_bytes([os.getpid()])
    there += [await enter(ws, user) for user in range(1, people)]
    await asyncio.sleep(GATHERED)
    used = memory_bytes([os.getpid()]) - before
    newcomer = await enter(ws, people)
    await asyncio.sleep(GATHERED)
    figures = {MEMORY_OF_PERSON: used / people / 1024}
    if is_seen:
        figures[FOR_NEWCOMER] = cast("Line", newcomer.transport).received / people
    for connection in (*there, newcomer):
        await connection.on_closed()
    return figures


MEASUREMENTS: dict[str, Callable[[int], Any]] = {
    "publish to a user": lambda people: publish(people, is_for_one=True),
    "publish to all": lambda people: publish(people, is_for_one=False),
    "join, seen": lambda people: join(people, is_seen=True),
    "join, unseen": lambda people: join(people, is_seen=False),
    "crowd, seen": lambda people: crowd(people, is_seen=True),
    "crowd, unseen": lambda people: crowd(people, is_seen=False),
}


if __name__ == "__main__":
    urls: Any = ModuleType("urls")
    urls.urlpatterns = []
    sys.modules["urls"] = urls
    settings.configure(
        INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="urls", TORNADO_WEBSOCKETS={"PRESENCE_GRACE": 0}
    )
    django.setup()
    sys.stdout.write(json.dumps(asyncio.run(MEASUREMENTS[sys.argv[1]](int(sys.argv[2])))))
