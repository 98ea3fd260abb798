"""Clients that behave, while others do not."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from tests.support.asgi import Server
from tests.support.sockets import SocketClient

#: Seconds between one client's answer and its next question.
PAUSE = 0.02


async def _ask(client: SocketClient, delays: list[float]) -> None:
    while True:
        started = time.monotonic()
        await client.request("swallow")
        delays.append(time.monotonic() - started)
        await asyncio.sleep(PAUSE)


@contextlib.asynccontextmanager
async def bystanders(server: Server, path: str, count: int = 5) -> AsyncIterator[list[float]]:
    """How long they wait for their answers, in seconds; at the end all of them must have been answered."""
    clients = [await server.connect(path) for _ in range(count)]
    delays: list[float] = []
    asking = [asyncio.create_task(_ask(client, delays)) for client in clients]
    try:
        yield delays
        assert not any(task.done() for task in asking)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
    for client in clients:
        await client.settle()
        await client.close()
