"""``websockets`` with its ``broadcast``, on uvloop as uvicorn is: the floor without a framework."""

import asyncio
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

_clients: set[ServerConnection] = set()


async def handle(connection: ServerConnection) -> None:
    """Broadcast what comes in, as it is."""
    _clients.add(connection)
    try:
        async for message in connection:
            broadcast(_clients, message)
    finally:
        _clients.remove(connection)


async def main(port: int) -> None:
    """Serve for ever."""
    async with serve(handle, "127.0.0.1", port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
