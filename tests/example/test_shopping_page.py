"""The shopping list, whose page has no script of its own, in a browser; its restarts are in `test_react.py`."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import collect_errors
from tests.example.chat_server import ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests


@pytest_asyncio.fixture(loop_scope="session")
async def shoppers(browser: Browser, chat_server: ChatServer) -> AsyncIterator[list[Page]]:
    """Two pages of the list, connected; in the end neither may have complained on its console."""
    context = await browser.new_context()
    pages = [await context.new_page() for _ in range(2)]
    errors = [collect_errors(page) for page in pages]
    for page in pages:
        await page.goto(f"{chat_server.url}list/")
        await expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    yield pages
    await context.close()
    assert errors == [[], []]


async def add(page: Page, text: str) -> None:
    await page.get_by_label("Add").fill(text)
    await page.keyboard.press("Enter")


async def test_everyone_sees_what_anyone_does(shoppers: list[Page]) -> None:
    ana, ben = shoppers
    await add(ana, "Bread")
    await expect(ana.get_by_label("Add")).to_have_value("")
    await add(ben, "Milk <b>")
    for page in shoppers:
        await expect(page.locator(".item > :first-child")).to_have_text(["Bread", "Milk <b>"])

    button = ben.get_by_role("button", name="Bought Bread")
    await button.focus()
    await ben.keyboard.press("Enter")
    for page in shoppers:
        await expect(page.locator(".item s")).to_have_text(["Bread"])
        await expect(page.locator(".item > :first-child")).to_have_text(["Bread", "Milk <b>"])
    await expect(ben.get_by_role("button", name="Not yet Bread")).to_be_focused()

    await ana.get_by_role("button", name="Remove Bread").click()
    for page in shoppers:
        await expect(page.locator(".item > :first-child")).to_have_text(["Milk <b>"])


async def test_what_is_refused_is_beside_its_field(shoppers: list[Page]) -> None:
    ana, ben = shoppers
    await add(ana, "Bread")
    await expect(ben.locator(".item > :first-child")).to_have_text(["Bread"])
    await add(ben, " bread ")
    await expect(ben.locator("[data-error=text]")).to_have_text("It is on the list already.")
    await expect(ben.get_by_label("Add")).to_have_accessible_description("It is on the list already.")
    await expect(ben.get_by_label("Add")).to_have_value(" bread ")
    await expect(ben.locator(".item")).to_have_count(1)


async def test_without_scripts_the_form_is_posted(browser: Browser, chat_server: ChatServer) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{chat_server.url}list/")
    await add(page, "Bread")
    await expect(page.locator(".item > :first-child")).to_have_text(["Bread"])
    await add(page, "bread")
    await expect(page.locator(".hint").first).to_contain_text("It is on the list already.")
    await expect(page.locator("main .item button:visible")).to_have_count(0)
    await context.close()
