"""Three processes behind nginx are restarted one after the other, and no page is without a connection for long."""

import asyncio
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.deployment import nginx_site
from tests.support.nginx import Nginx
from tests.support.peer import CLOSE, PING, PONG, Peer, frame, peer
from tests.support.process import PLAIN_PYTHON, free_port
from tests.support.waiting import until

from .conftest import Report
from .scale import amount

#: Seconds for which a page may be without a connection. It holds in the short form as well: nobody is to wait longer.
LONGEST = 3.0

PAGES = amount(300, 3_000)

#: Pages that connect at a time, to begin with.
GROUP = 50


class Page:
    """A page with a client that comes back as the browser's does: some time within what the server asked for.

    It costs less than the servers do, which it shall not keep waiting.

    :param port: that it connects to.

    :ivar longest: seconds for which it was without a connection.
    :ivar words: code and reason of each close.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._since: float | None = None  # when its last connection ended
        self.is_connected = False
        self.longest = 0.0
        self.words: list[tuple[int, str]] = []

    async def live(self) -> None:
        """Be connected, and come back, until this is cancelled."""
        while True:
            try:
                async with peer(self._port, "/wire") as connection:
                    if self._since is not None:
                        self.longest = max(self.longest, time.monotonic() - self._since)
                    self.is_connected = True
                    word = await _word(connection)
            except (OSError, EOFError, Refused):
                await asyncio.sleep(random.uniform(0, 1))
                continue
            self._since, self.is_connected = time.monotonic(), False
            self.words.append(word)
            await asyncio.sleep(random.uniform(0, _retry_of(word[1])))


async def _word(connection: Peer) -> tuple[int, str]:
    """What the server closes with; pings are answered until then."""
    while (received := await connection.receive(within=600)) is not None:
        if received.opcode == PING:
            await connection.send(frame(received.payload, PONG))
        elif received.opcode == CLOSE:
            return int.from_bytes(received.payload[:2], "big"), received.payload[2:].decode()
    return 1006, ""


def _retry_of(reason: str) -> float:
    """Seconds over which a page spreads its return; without word of the server, one."""
    found = re.fullmatch(r"retry=(\d+)", reason)
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
    pages = [Page(nginx.port) for _ in range(PAGES)]
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
