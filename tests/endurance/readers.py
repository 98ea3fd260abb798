"""Clients of several makers, each of which gives back the texts that it reads."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from websockets.asyncio.client import ClientConnection, connect

from tests.support.log import DEADLINE

#: Bytes that a line of another process may have.
_LONGEST_LINE = 1 << 24

_PAGE = """
    (url) => new Promise((resolve) => {
        const texts = [], waiting = [];
        const socket = new WebSocket(url);
        socket.onmessage = ({ data }) => waiting.length ? waiting.shift()(data) : texts.push(data);
        socket.onopen = () => resolve(socket.extensions);
        window.say = (text) => socket.send(text);
        window.next = () => texts.length ? texts.shift() : new Promise((heard) => waiting.push(heard));
    })
"""


class Reader(ABC):
    """One client.

    :ivar extensions: what it has negotiated.
    """

    extensions: str = ""

    @abstractmethod
    async def say(self, text: str) -> None:
        """Send a text."""

    @abstractmethod
    async def next(self) -> str:
        """The next text that has come."""


class WebsocketsReader(Reader):
    """One of the library ``websockets``."""

    def __init__(self, connection: ClientConnection, size: int | None) -> None:
        self._connection = connection
        self._size = size
        assert connection.response is not None
        self.extensions = connection.response.headers.get("Sec-WebSocket-Extensions", "")

    async def say(self, text: str) -> None:
        size = self._size or len(text)
        fragments = [text[start : start + size] for start in range(0, len(text), size)]
        await self._connection.send(fragments if len(fragments) > 1 else text)

    async def next(self) -> str:
        text = await self._connection.recv()
        assert isinstance(text, str)
        return text


class NodeReader(Reader):
    """One of Node's package ``ws``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout

    async def say(self, text: str) -> None:
        self._in.write(f"{text}\n".encode())
        await self._in.drain()

    async def next(self) -> str:
        return (await self._out.readline()).decode().removesuffix("\n")


class PageReader(Reader):
    """One of a browser."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def say(self, text: str) -> None:
        await self._page.evaluate("(text) => window.say(text)", text)

    async def next(self) -> str:
        return str(await self._page.evaluate("() => window.next()"))


@contextlib.asynccontextmanager
async def websockets_reader(url: str, size: int | None = None, **options: Any) -> AsyncIterator[Reader]:
    """Connect by the library.

    :param size: characters of the fragments in which it sends.
    :param options: of ``websockets.connect``.
    """
    async with connect(url, max_size=None, proxy=None, ping_interval=None, **options) as connection:
        yield WebsocketsReader(connection, size)


@contextlib.asynccontextmanager
async def node_reader(url: str, package: Path) -> AsyncIterator[Reader]:
    """Connect by Node, whose npm has fetched the package."""
    script = Path(__file__).with_name("peer.mjs")
    process = await asyncio.create_subprocess_exec(
        "node", script, package, url, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE
    )
    try:
        reader = NodeReader(process)
        async with asyncio.timeout(DEADLINE):
            reader.extensions = await reader.next()
        yield reader
    finally:
        process.terminate()
        await process.wait()


async def page_reader(url: str, page: Page) -> Reader:
    """Connect by a page, which must be of the server's own site."""
    reader = PageReader(page)
    reader.extensions = await page.evaluate(_PAGE, url)
    return reader
