"""Chromium of this machine, driven by the tests."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from tests.support.missing import do_without

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

CONNECTION_FAILED = "WebSocket connection to"
NO_ANSWER = "Failed to load resource: net::ERR_EMPTY_RESPONSE"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser; without one the test is skipped, in CI it fails."""
    path = shutil.which("chromium")
    if path is None:
        do_without("Expected a program 'chromium' on the PATH; it shows the pages.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


def collect_errors(page: Page) -> list[str]:
    """Return a list to which is added what the console of `page` says is wrong from now on."""
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # While a server is down Chromium reports what it asks for in vain, which no page can prevent.
        if message.type in {"error", "warning"} and not message.text.startswith((CONNECTION_FAILED, NO_ANSWER)):
            errors.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors
