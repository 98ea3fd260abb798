"""What a server holds for its clients, as one of them is told."""

import asyncio

from tests.support.asgi import Server
from tests.support.sockets import SocketClient

from .measures import descriptors, threads

Holdings = dict[str, int]


async def holdings(server: Server, witness: SocketClient) -> Holdings:
    """What the server holds, but for memory."""
    counted: Holdings = await witness.request("census")
    return counted | {"threads": threads(server.pid), "descriptors": descriptors(server.pid)}


async def settle(server: Server, witness: SocketClient) -> Holdings:
    """What it holds once that changes no more."""
    last: list[Holdings] = []
    async with asyncio.timeout(30):
        while len(last) < 5 or any(before != last[-1] for before in last[-5:]):
            await asyncio.sleep(0.05)
            last.append(await holdings(server, witness))
    return last[-1]
