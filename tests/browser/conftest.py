"""Pages in a real browser, served with a network in between that can fail."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium
from tests.browser.pages import Pages, Tab
from tests.browser.proxy import Proxy
from tests.browser.servers import ChatServers
from tests.example.chat_server import ChatServer, manage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each page has a context of its own."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    """One page for tests whose servers are each a site of its own, and which need no context of their own."""
    context = await browser.new_context(viewport={"width": 800, "height": 600})
    yield Tab(await context.new_page())
    await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatServers]:
    directory: Path = tmp_path_factory.mktemp("old_site")
    database = directory / "empty.sqlite3"
    await asyncio.wait_for(manage(database, "migrate", "--verbosity", "0"), 50)
    servers = ChatServers(database, directory, DJANGO_SETTINGS_MODULE="tests.browser.old_site.settings")
    yield servers
    await servers.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(request: pytest.FixtureRequest, servers: ChatServers) -> AsyncIterator[ChatServer]:
    """daphne, or what a test asks for."""
    async with servers.visit(getattr(request, "param", "daphne")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(server: ChatServer) -> AsyncIterator[Proxy]:
    """The network between the pages and the server."""
    proxy = Proxy(server.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser, proxy: Proxy) -> AsyncIterator[Pages]:
    """Open pages; in the end none may have complained on its console."""
    pages = Pages(browser, proxy.url)
    yield pages
    await pages.close()
    assert pages.errors == []
