"""Pages of the old site, and what a test asks them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import collect_errors
from tests.support import waiting

# What takes half a minute where people are takes seconds here.
QUICK = {
    "connect_timeout": 1000,
    "reconnect_delay": 100,
    "reconnect_delay_max": 500,
    "ping_interval": 500,
    "ping_timeout": 500,
    "busy_timeout": 500,
}

# The times of people, where a test is about those.
DEFAULTS = dict.fromkeys(QUICK)

PATIENCE = 15  # seconds

# What Chromium reports itself while a server is in trouble, or down when it wants an icon.
TROUBLE = (
    "Failed to load resource: the server responded with a status of 503",
    "Failed to load resource: net::ERR_CONNECTION_REFUSED",
)


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE) -> None:
    """Wait until `condition` holds."""
    try:
        await waiting.until(condition, seconds, pause=0.02)
    except TimeoutError:
        raise AssertionError(f"Expected {what} within {seconds} s.") from None


class Probe:
    """A page whose client can be looked into."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def say(self, text: str) -> None:
        await self.page.evaluate("text => { ws.emit('say', { text }) }", text)

    async def happened(self) -> list[str]:
        """Return what the client has told of its connection so far."""
        happened: list[str] = await self.page.evaluate("happened")
        return happened

    async def said(self) -> list[str]:
        """Return what the server was heard to say so far."""
        said: list[str] = await self.page.evaluate("said")
        return said

    async def state(self) -> str:
        state: str = await self.page.evaluate("ws.state")
        return state

    async def wait_for_state(self, state: str, seconds: float = PATIENCE) -> None:
        async def is_reached() -> bool:
            return await self.state() == state

        await until(is_reached, f"the client to be {state}", seconds)

    async def wait_for_event(self, event: str, count: int = 1, seconds: float = PATIENCE) -> None:
        async def has_happened() -> bool:
            return (await self.happened()).count(event) >= count

        await until(has_happened, f"{event!r} {count} times", seconds)

    async def wait_for_said(self, *texts: str) -> None:
        """Wait for these; that nothing else has come is for the caller to see."""

        async def has_come() -> bool:
            return set(texts) <= set(await self.said())

        try:
            await until(has_come, f"{texts} to be said")
        except AssertionError as error:
            error.add_note(f"Heard: {await self.said()}, and of the connection: {await self.happened()}")
            raise


@asynccontextmanager
async def asleep(page: Page) -> AsyncIterator[None]:
    """Let no script of `page` run, as in a tab that a browser has frozen.

    By the debugger: Chromium freezes hidden tabs only, and shows all that are driven from outside.
    """
    session = await page.context.new_cdp_session(page)
    is_paused = asyncio.Event()
    session.on("Debugger.paused", lambda _: is_paused.set())
    await session.send("Debugger.enable")
    await session.send("Debugger.pause")
    last = asyncio.create_task(page.evaluate("0"))  # at which it pauses
    await asyncio.wait_for(is_paused.wait(), PATIENCE)
    yield
    await session.send("Debugger.resume")
    await last
    await session.detach()


class Tab:
    """A page that one test after the other has for its own."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._errors = collect_errors(page)

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Page]:
        """Let a test have the page; in the end its console may have said nothing."""
        expect.set_options(timeout=PATIENCE * 1000)
        self._errors.clear()
        yield self._page
        await self._page.goto("about:blank")
        assert [error for error in self._errors if not error.startswith(TROUBLE)] == []


class Pages:
    """Pages at `url`, each in a context of its own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.errors: list[str] = []
        self._browser = browser
        self._url = url
        self._opened: list[tuple[Page, list[str]]] = []

    async def open(self, path: str) -> Page:
        context = await self._browser.new_context()
        page = await context.new_page()
        self._opened.append((page, collect_errors(page)))
        await page.goto(self._url + path)
        return page

    async def old(self) -> Page:
        """Open the old page, and wait until it is welcome."""
        page = await self.open("old/")
        await expect(page.locator("#welcome")).to_have_text("Hello Ana")
        return page

    async def probe(self, **options: Any) -> Probe:
        """Open a page whose client has these options, and quick ones for the rest."""
        given = {name: value for name, value in (QUICK | options).items() if value is not None}
        return Probe(await self.open(f"probe/#{quote(json.dumps(given))}"))

    async def close(self) -> None:
        for page, errors in self._opened:
            await page.context.close()
            self.errors += errors
