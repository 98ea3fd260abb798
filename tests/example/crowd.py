"""Many people on the chat at once, who are no browsers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect

from tests.example.chat_server import ChatServer


@asynccontextmanager
async def crowd(server: ChatServer, names: list[str]) -> AsyncIterator[list[ClientConnection]]:
    """Have everybody of `names` join; they hear what is said, and leave together in the end."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(server.websocket_url, compression=None)) for _ in names]
        joined = [asyncio.Event() for _ in names]
        listeners = [asyncio.create_task(_listen(*pair)) for pair in zip(clients, joined, strict=True)]
        for client, name, event in zip(clients, names, joined, strict=True):
            await client.send(json.dumps({"event": "join", "data": {"name": name}, "id": 1}))
            await event.wait()
        yield clients
    await asyncio.gather(*listeners)


async def emit(client: ClientConnection, event: str, **data: object) -> None:
    await client.send(json.dumps({"event": event, "data": data}))


async def _listen(client: ClientConnection, joined: asyncio.Event) -> None:
    async for text in client:
        if '"reply"' in str(text):
            joined.set()
