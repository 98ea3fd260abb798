"""Pages with fragments, in a real browser, under a strict Content Security Policy."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import collect_errors
from tests.browser.pages import PATIENCE
from tests.browser.wire import WireSite

# What Chromium reports itself while a server is in trouble, or down when it wants an icon.
TROUBLE = (
    "Failed to load resource: the server responded with a status of 503",
    "Failed to load resource: net::ERR_CONNECTION_REFUSED",
)

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
async def visit(browser: Browser, site: WireSite) -> AsyncIterator[Visit]:
    """Open a page with this body, connected; in the end its console may have said nothing."""
    expect.set_options(timeout=PATIENCE * 1000)
    context = await browser.new_context(viewport={"width": 800, "height": 600})
    errors: list[list[str]] = []

    async def visit(body: str, *, script: str = SCRIPT, connections: int = 1) -> Page:
        site.pages["/"] = make_page(body, script)
        page = await context.new_page()
        errors.append(collect_errors(page))
        await page.goto(f"{site.url}/")
        await site.wait_for_connections(connections)
        return page

    yield visit
    await context.close()
    assert [error for of_page in errors for error in of_page if not error.startswith(TROUBLE)] == []
