"""Several servers on one Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .asgi import Server
from .process import PYTHON
from .redis import RedisServer
from .sockets import SocketClient
from .transports import Servers


class Cluster(NamedTuple):
    """Two servers, and the environment that they share with any other program."""

    here: Server
    there: Server
    variables: Mapping[str, str]

    async def connect(self, path: str, each: int = 1) -> tuple[list[SocketClient], list[SocketClient]]:
        """Clients of both."""
        here, there = [[await server.connect(path) for _ in range(each)] for server in (self.here, self.there)]
        return here, there


@contextlib.contextmanager
def servers_on(
    redis: RedisServer, database: Path, directory: Path, python: Sequence[str] = PYTHON
) -> Iterator[Servers]:
    """Servers that are stopped before their Redis is."""
    servers = Servers(directory, {"TEST_DATABASE": str(database), "TEST_REDIS": redis.url}, python)
    try:
        yield servers
    finally:
        servers.stop()


@contextlib.asynccontextmanager
async def two_of(
    servers: Servers, layer: str, redis: RedisServer, kind: str = "daphne", **variables: str
) -> AsyncIterator[Cluster]:
    """Two servers of that kind, for a test.

    :param variables: of their environment.
    """
    shared = {"TEST_LAYER": layer, **variables}
    starts = (asyncio.to_thread(servers.get, kind, number=number, **shared) for number in (1, 2))
    first, second = await asyncio.gather(*starts)
    async with first.visit() as here, second.visit() as there:
        yield Cluster(here, there, {"TEST_REDIS": redis.url, **shared})


async def numbers(client: SocketClient, count: int) -> list[int]:
    """What the next frames count."""
    return [(await client.receive())["data"]["n"] for _ in range(count)]
