"""The pages before their scripts are there, as on a slow line."""

import asyncio

import pytest
from playwright.async_api import Browser, Route, expect

from tests.example.chat_server import ChatServer
from tests.example.conftest import Arrive
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests


@pytest.mark.parametrize("path", ["", "import/", "counter/", "assistant/"])
async def test_no_button_promises_anything(browser: Browser, chat_server: ChatServer, path: str) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(chat_server.url + path)

    await expect(page.locator("main button:visible")).not_to_have_count(0)
    await expect(page.locator("main button:visible:enabled")).to_have_count(0)
    await context.close()


async def test_a_name_is_not_sent_as_a_query(browser: Browser, chat_server: ChatServer) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    asked: list[str] = []
    await page.goto(chat_server.url)
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)

    await page.get_by_label("Your name").fill("Ana")
    await page.keyboard.press("Enter")
    # What follows on the keys is answered when they have been dealt with.
    await expect(page.get_by_label("Your name")).to_have_value("Ana")

    assert asked == []
    assert page.url == chat_server.url
    await context.close()


async def test_a_name_typed_meanwhile_is_kept(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")  # which is offered again from now on
    typed = asyncio.Event()

    async def hold(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    page = await ana.page.context.new_page()
    await page.route("**/chat.js", hold)
    await page.goto(chat_server.url, wait_until="commit")
    await page.get_by_label("Your name").press_sequentially("Be")
    typed.set()

    visitor = Visitor(page)
    await expect(visitor.status).to_have_text("Connected")
    await expect(page.get_by_label("Your name")).to_have_value("Be")
    await page.keyboard.type("n")
    await expect(page.get_by_label("Your name")).to_have_value("Ben")
