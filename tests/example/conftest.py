"""The served example, and a real browser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium
from tests.browser.servers import ChatServers
from tests.example.chat_server import ChatServer, manage
from tests.example.visitor import Visitor


class Arrive(Protocol):
    """Lets one more visitor arrive, on the chat or another page."""

    async def __call__(self, path: str = "") -> Visitor: ...


class ComeIn(Protocol):
    """Lets one more guest come in, who has an account of that name, to the notes."""

    async def __call__(self, name: str) -> Visitor: ...


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("example") / "empty.sqlite3"
    asyncio.run(manage(path, "migrate", "--verbosity", "0"))
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatServers]:
    servers = ChatServers(migrated_database, tmp_path_factory.mktemp("servers"))
    yield servers
    await servers.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def chat_server(request: pytest.FixtureRequest, servers: ChatServers) -> AsyncIterator[ChatServer]:
    """daphne, or what a test asks for."""
    async with servers.visit(getattr(request, "param", "daphne")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each visitor has a context of its own."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chat_server: ChatServer, browser: Browser) -> AsyncIterator[Arrive]:
    """Let visitors arrive; in the end no page may have complained on its console."""
    visitors: list[Visitor] = []

    async def arrive(path: str = "") -> Visitor:
        visitors.append(await Visitor.arrive(browser, chat_server.url + path))
        return visitors[-1]

    yield arrive
    await see_off(visitors)


@pytest_asyncio.fixture(loop_scope="session")
async def come_in(chat_server: ChatServer, browser: Browser) -> AsyncIterator[ComeIn]:
    """Let guests come in; in the end no page may have complained on its console."""
    guests: list[Visitor] = []

    async def come_in(name: str) -> Visitor:
        guests.append(await Visitor.come_in(browser, chat_server.url, name))
        return guests[-1]

    yield come_in
    await see_off(guests)


async def see_off(visitors: list[Visitor]) -> None:
    for visitor in visitors:
        await visitor.leave()
    assert [visitor.errors for visitor in visitors] == [[] for _ in visitors]
