"""Three processes behind nginx are restarted one after the other, and no page is without a connection for long."""

import asyncio
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.asgi import Server
from tests.support.deployment import nginx_site
from tests.support.nginx import Nginx
from tests.support.process import PLAIN_PYTHON, free_port
from tests.support.waiting import until

from .conftest import Report
from .scale import amount

#: Seconds for which a page may be without a connection. It holds in the short form as well: nobody is to wait longer.
LONGEST = 3.0

PAGES = amount(150, 3_000)

#: Pages that connect at a time, to begin with.
GROUP = 50


class Page:
    """A page with a client that comes back as the browser's does: some time within what the server asked for.

    :param url: that it connects to.

    :ivar longest: seconds for which it was without a connection.
    :ivar words: code and reason of each close.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: ClientConnection | None = None
        self.longest = 0.0
        self.words: list[tuple[int | None, str | None]] = []

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def live(self) -> None:
        """Be connected, and come back, until this is cancelled."""
        since = time.monotonic()
        is_first = True
        while True:
            try:
                connection = await connect(self._url, compression=None, ping_interval=None, proxy=None)
            except (OSError, InvalidHandshake):
                await asyncio.sleep(random.uniform(0, 1))
                continue
            if not is_first:
                self.longest = max(self.longest, time.monotonic() - since)
            is_first, self._connection = False, connection
            try:
                await connection.recv()
            except ConnectionClosed:
                since = time.monotonic()
                self._connection = None
                self.words.append((connection.close_code, connection.close_reason))
                await asyncio.sleep(random.uniform(0, _retry_of(connection.close_reason)))
            finally:
                connection.transport.abort()


def _retry_of(reason: str | None) -> float:
    """Seconds over which a page spreads its return; without word of the server, one."""
    found = re.fullmatch(r"retry=(\d+)", reason or "")
    return int(found[1]) / 1000 if found else 1.0


@pytest.fixture
def ports() -> list[int]:
    return [free_port() for _ in range(3)]


@pytest.fixture
def start(tmp_path: Path, database: Path) -> Iterator[Callable[[int], Server]]:
    """Starts the process of a port, in the form of production."""
    running: dict[int, Server] = {}

    def start(port: int) -> Server:
        log = tmp_path / f"{port}-{time.monotonic_ns()}.log"
        variables = {"TEST_DATABASE": str(database), "PYTHONDEVMODE": ""}
        arguments = ("--port", str(port), "--no-access-log")
        server = Server("uvicorn", log, arguments=arguments, variables=variables, python=PLAIN_PYTHON)
        running[port] = server
        return server

    yield start
    for server in running.values():
        server.kill()


@pytest.fixture
def nginx(nginx_program: str, ports: list[int], tmp_path: Path) -> Iterator[Nginx]:
    nginx = Nginx(nginx_program, tmp_path, nginx_site(ports, tmp_path))
    yield nginx
    nginx.stop()


@pytest.mark.timeout(300)
async def test_no_page_is_disconnected_for_long_while_three_processes_are_restarted(
    nginx: Nginx, ports: list[int], start: Callable[[int], Server], report: Report
) -> None:
    servers = [start(port) for port in ports]
    pages = [Page(f"ws://127.0.0.1:{nginx.port}/ws/wire") for _ in range(PAGES)]
    async with asyncio.TaskGroup() as group:
        lives = []
        for first in range(0, PAGES, GROUP):
            lives += [group.create_task(page.live()) for page in pages[first : first + GROUP]]
            await until(lambda first=first: all(page.is_connected for page in pages[: first + GROUP]), pause=0.02)
        for server, port in zip(servers, ports, strict=True):
            await asyncio.to_thread(server.stop)
            server.log.check()
            await asyncio.to_thread(start, port)
        await until(lambda: all(page.is_connected for page in pages), pause=0.02)
        for life in lives:
            life.cancel()
    words = {word for page in pages for word in page.words}
    told = sum(len(page.words) for page in pages)
    longest = max(page.longest for page in pages)
    report(f"{PAGES} pages, told {told} times; disconnected for {longest:.2f} s at most")
    assert words == {(1012, "retry=1000")}
    assert told >= PAGES
    assert longest <= LONGEST
