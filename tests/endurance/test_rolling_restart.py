"""Three processes behind nginx are restarted one after the other, and no page misses anything, or is away for long."""

import asyncio
import contextlib
import json
import os
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Page as BrowserPage

from tests.browser.chromium import chromium
from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.deployment import nginx_site
from tests.support.nginx import Nginx
from tests.support.peer import CLOSE, PING, PONG, Peer, frame, peer
from tests.support.process import PLAIN_PYTHON, ROOT, free_port
from tests.support.redis import RedisServer
from tests.support.waiting import until
from tornado_websockets.core.recovery.position import furthest

from .conftest import Report
from .counting import Sender
from .scale import amount

#: Seconds for which a page may be without a connection. The short form runs beside others, and still tells an nginx
#: that leaves a process out for ten.
LONGEST = amount(5, 3)

PAGES = amount(300, 3_000)

#: Besides these, so many are Chromium's.
IN_CHROMIUM = amount(0, 2)

#: Pages that connect at a time, to begin with.
GROUP = 50

#: Processes publish by way of so many clients, each at such a pause in seconds.
SENDERS, PAUSE = 3, amount(1, 3)

#: Notes in Chromium for how long the page was without a connection.
NOTE_LONGEST = """() => {
    let since = null;
    window.longest = 0;
    window.words = [];
    ws.on("close", ({ code, reason }) => { since = performance.now(); words.push([code, reason]); });
    ws.on("open", () => { longest = Math.max(longest, performance.now() - since) });
}"""


class Page:
    """A page with a client that comes back as the browser's does: some time within what the server asked for.

    It costs less than the servers do, which it shall not keep waiting.

    :param port: that it connects to.

    :ivar longest: seconds for which it was without a connection.
    :ivar words: code and reason of each close.
    :ivar seen: sender and number of what came, and ``None`` for each time that it was told to read its data again.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._since: float | None = None  # when its last connection ended
        self._position: dict[str, int] | None = None
        self.is_connected = False
        self.longest = 0.0
        self.words: list[tuple[int, str]] = []
        self.seen: list[tuple[str, int] | None] = []

    async def live(self) -> None:
        """Be connected, and come back, until this is cancelled."""
        while True:
            try:
                async with peer(self._port, "/numbers") as connection:
                    if self._since is not None:
                        self.longest = max(self.longest, time.monotonic() - self._since)
                    await connection.send(_text("tws.hello", {"since": self._position}))
                    word = await self._listen(connection)
            except (OSError, EOFError, Refused):
                await asyncio.sleep(random.uniform(0, 1))
                continue
            self._since, self.is_connected = time.monotonic(), False
            self.words.append(word)
            await asyncio.sleep(random.uniform(0, _retry_of(word[1])))

    async def _listen(self, connection: Peer) -> tuple[int, str]:
        """What the server closes with; pings are answered until then. It is connected once it is welcome."""
        held: list[Any] = []
        while (received := await connection.receive(within=600)) is not None:
            if received.opcode == PING:
                await connection.send(frame(received.payload, PONG))
            elif received.opcode == CLOSE:
                return int.from_bytes(received.payload[:2], "big"), received.payload[2:].decode()
            else:
                held.append(json.loads(received.payload))
            self.is_connected |= any(each["event"] == "tws.welcome" for each in held)
            if self.is_connected:
                self._take(held)
                held.clear()
        return 1006, ""

    def _take(self, frames: list[Any]) -> None:
        """Take what a welcome among these has brought, then what has come live; where it stands comes last."""
        welcome = next((each["data"] for each in frames if each["event"] == "tws.welcome"), None)
        if welcome is not None:
            if self._position is None:
                self._position = {}
            elif not welcome["recovered"]:
                self.seen.append(None)
            frames = [*welcome["events"], *frames]
        for each in frames:
            if "at" in each:
                self._hear(each)
            elif each["event"] == "tws.gap":
                self.seen.append(None)
        if welcome is not None:  # which counts what has come live, too
            self._position = furthest(self._position, welcome["at"])

    def _hear(self, event: dict[str, Any]) -> None:
        assert self._position is not None
        sender, _, number = event["at"].rpartition(".")
        if int(number) > self._position.get(sender, 0):
            self._position[sender] = int(number)
            self.seen.append((event["data"]["sender"], event["data"]["n"]))


def _text(event: str, data: dict[str, Any]) -> bytes:
    return frame(json.dumps({"event": event, "data": data}).encode())


def _retry_of(reason: str) -> float:
    """Seconds over which a page spreads its return; without word of the server, one."""
    found = re.fullmatch(r"retry=(\d+)", reason)
    return int(found[1]) / 1000 if found else 1.0


@pytest.fixture
def ports() -> list[int]:
    return [free_port() for _ in range(3)]


@pytest.fixture
def start(redis: RedisServer, tmp_path: Path, key: str) -> Iterator[Callable[[int], Server]]:
    """Starts the process of a port, in the form of production."""
    running: dict[int, Server] = {}
    variables = {
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "tests.browser.old_site.settings",
        "NAMESPACE": key,
        "PYTHONDEVMODE": "",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "example_project"))),
        "REDIS_URL": redis.url,
        "SECRET_KEY": "only for tests",
        "STORE": redis.url,
    }

    def start(port: int) -> Server:
        log = tmp_path / f"{port}-{time.monotonic_ns()}.log"
        arguments = ("--port", str(port), "--no-access-log")
        server = Server("uvicorn", log, arguments=arguments, variables=variables, python=PLAIN_PYTHON)
        running[port] = server
        return server

    yield start
    for server in running.values():
        server.kill()


@pytest.fixture
def nginx(nginx_program: str, ports: list[int], tmp_path: Path) -> Iterator[Nginx]:
    nginx = Nginx(nginx_program, tmp_path, nginx_site(ports, ROOT / "tornado_websockets/static"))
    yield nginx
    nginx.stop()


@contextlib.asynccontextmanager
async def _in_chromium(port: int) -> AsyncIterator[list[BrowserPage]]:
    """Pages of the browser's own client, where there are to be some."""
    async with contextlib.AsyncExitStack() as stack:
        pages = []
        for _ in range(IN_CHROMIUM):
            browser = await stack.enter_async_context(chromium())
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/numbers/#{quote('{}')}")
            await until(lambda page=page: page.evaluate("ws.position !== null"), 30, pause=0.1)
            await page.evaluate(NOTE_LONGEST)
            pages.append(page)
        yield pages


@pytest.mark.timeout(600)
async def test_pages_miss_nothing_and_are_not_disconnected_for_long_while_three_processes_are_restarted(
    nginx: Nginx, ports: list[int], start: Callable[[int], Server], report: Report
) -> None:
    servers = [start(port) for port in ports]
    pages = [Page(nginx.port) for _ in range(PAGES)]
    senders = [Sender(str(number), nginx.port, PAUSE) for number in range(SENDERS)]
    async with _in_chromium(nginx.port) as in_chromium, asyncio.TaskGroup() as group:
        lives = []
        for first in range(0, PAGES, GROUP):
            lives += [group.create_task(page.live()) for page in pages[first : first + GROUP]]
            await until(lambda first=first: all(page.is_connected for page in pages[: first + GROUP]), 60, pause=0.02)
        sending = [group.create_task(sender.send()) for sender in senders]
        await until(lambda: all(sender.confirmed for sender in senders), 60, pause=0.02)
        for server, port in zip(servers, ports, strict=True):
            await asyncio.to_thread(server.stop)
            server.log.check()
            await asyncio.to_thread(start, port)
        await until(lambda: all(page.is_connected for page in pages), 60, pause=0.02)
        for task in sending:
            task.cancel()
        last = {(sender.name, sender.confirmed[-1]) for sender in senders}
        await until(lambda: all(last <= set(page.seen) for page in pages), 60, pause=0.05)
        for page in in_chromium:
            seen, longest, words = await page.evaluate("[seen, longest, words]")
            own = Page(nginx.port)
            own.seen, own.longest = [each and tuple(each) for each in seen], longest / 1000
            own.words = [tuple(word) for word in words]
            pages.append(own)
        for life in lives:
            life.cancel()
    words = {word for page in pages for word in page.words}
    told = sum(len(page.words) for page in pages)
    longest = max(page.longest for page in pages)
    count = sum(len(sender.confirmed) for sender in senders)
    in_browser = [f"{page.longest:.2f} s" for page in pages[PAGES:]]
    report(f"{len(pages)} pages, told {told} times of a stop, {count} numbers; away for {longest:.2f} s at most")
    if in_browser:
        report(f"the pages in Chromium for {', '.join(in_browser)}")
    assert not [missed for page in pages for sender in senders if (missed := sender.missing(page.seen))]
    assert not [page for page in pages if None in page.seen]
    assert words == {(1012, "retry=1000")}
    assert told >= PAGES
    assert longest <= LONGEST
