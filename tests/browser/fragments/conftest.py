"""Pages with fragments, in a real browser, under a strict Content Security Policy."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from playwright.async_api import Page

from tests.browser.pages import Tab
from tests.browser.wire import WireSite

Visit = Callable[..., Awaitable[Page]]

HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
SCRIPT = '<script src="/static/tornado_websockets/fragments.js"></script>'


def make_page(body: str, script: str = SCRIPT) -> str:
    return f"{HEAD}{script}{body}"


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[WireSite]:
    site = WireSite()
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(tab: Tab, site: WireSite) -> AsyncIterator[Visit]:
    """Open a page with this body, connected."""
    async with tab.visit() as page:

        async def visit(body: str, *, script: str = SCRIPT, connections: int = 1) -> Page:
            site.pages["/"] = make_page(body, script)
            await page.goto(f"{site.url}/")
            await site.wait_for_connections(connections)
            return page

        yield visit
