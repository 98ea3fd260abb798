"""A served chat and a real browser."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.example.chat_server import ChatServer, manage
from tests.example.visitor import Visitor

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Arrive = Callable[[], Awaitable[Visitor]]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("example") / "empty.sqlite3"
    asyncio.run(manage(path, "migrate", "--verbosity", "0"))
    return path


@pytest.fixture
async def chat_server(migrated_database: Path, tmp_path: Path) -> AsyncIterator[ChatServer]:
    """A server with a database of its own, whose log must be clean in the end."""
    server = ChatServer(Path(shutil.copy(migrated_database, tmp_path / "chat.sqlite3")))
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
    assert not server.trouble, "\n".join(server.log)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium of this machine; without one the test is skipped, in CI it fails."""
    path = shutil.which("chromium")
    if path is None:
        reason = "Expected a program 'chromium' on the PATH; it drives the example's page."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def arrive(chat_server: ChatServer, browser: Browser) -> AsyncIterator[Arrive]:
    """Let one more visitor arrive; in the end no page may have complained on its console."""
    visitors: list[Visitor] = []

    async def arrive() -> Visitor:
        visitors.append(await Visitor.arrive(browser, chat_server.url))
        return visitors[-1]

    yield arrive
    assert [visitor.errors for visitor in visitors] == [[] for _ in visitors]
