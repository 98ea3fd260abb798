"""People who are only counted, while one of two processes is stopped."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.cluster import servers_on
from tests.support.redis import RedisServer
from tests.support.transports import Servers
from tests.support.waiting import until

from .test_processes import log_in

#: Seconds for which what is shown is looked at after a stop.
WATCHED = 3.0


@pytest.fixture(scope="module")
def counting_servers(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_on(redis, database, tmp_path_factory.mktemp("counting")) as servers:
        yield servers


Visit = Callable[[str], Awaitable[Server]]


@pytest.fixture
async def visit(counting_servers: Servers, redis: RedisServer) -> AsyncIterator[Visit]:
    """Starts a server that nobody else asks, which its test may stop."""
    options = {"STORE": redis.url, "PRESENCE_GRACE": 0.5}
    shared = {"TEST_LAYER": "core", "TEST_TORNADO_WEBSOCKETS": json.dumps(options)}
    async with AsyncExitStack() as stack:

        async def visit(kind: str) -> Server:
            server = await asyncio.to_thread(stack.enter_context, counting_servers.fresh(kind, **shared))
            return await stack.enter_async_context(server.visit())

        yield visit


class Page:
    """A client that is told how many are here, and goes elsewhere when its server sends it away.

    :ivar shown: what it was told so far.
    """

    def __init__(self, path: str, headers: Mapping[str, str]) -> None:
        self._path, self._headers = path, headers
        self.shown: list[int] = []

    async def open(self, server: Server) -> None:
        self.client = await server.connect(self._path, self._headers)

    async def listen(self) -> None:
        """Note what it is told, until the server sends it away."""
        while (frame := await self.client.receive_or_none()) is not None:
            self.shown.append(frame["data"]["count"])

    async def move(self, server: Server, pause: float) -> None:
        """Listen, and do so at another server, so many seconds after this one has sent it away."""
        await self.listen()
        await asyncio.sleep(pause)
        await self.open(server)
        await self.listen()

    async def sees(self, count: int) -> None:
        """Return when it is told this."""
        while self.shown[-1:] != [count]:
            self.shown.append((await self.client.expect("presence"))["count"])


async def open_pages(server: Server, key: str, *names: str) -> list[Page]:
    """Pages of these users; of nobody where a name is empty."""
    pages = [Page(f"/counted/{key}", await log_in(server, f"{name}-{key}") if name else {}) for name in names]
    for page in pages:
        await page.open(server)
    return pages


@pytest.mark.parametrize("pauses", [(0.0,) * 4, (0.4, 0.8, 1.2, 1.6)], ids=["at once", "one by one"])
@pytest.mark.parametrize("kind", ["daphne", "uvicorn", "tornado"])
async def test_count_each_once_who_comes_back(visit: Visit, key: str, kind: str, pauses: tuple[float, ...]) -> None:
    here, there = await asyncio.gather(visit("daphne"), visit(kind))
    staying = await open_pages(here, key, "ada", "", "")
    moving = await open_pages(there, key, "bob", "", "", "")
    pages = [*staying, *moving]
    for page in pages:
        await page.sees(7)
        page.shown.clear()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(page.listen()) for page in staying]
        tasks += [group.create_task(page.move(here, pause)) for page, pause in zip(moving, pauses, strict=True)]
        there.terminate()
        await until(lambda: all(page.shown for page in moving))
        await asyncio.sleep(WATCHED)
        for task in tasks:
            task.cancel()
    assert {number for page in pages for number in page.shown} == {7}
