"""A page in the manner of django-tornado-websockets, with today's scripts; test_old_scripts has those of then."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import Pages
from tests.example.chat_server import SERVERS, ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
on_every_server = pytest.mark.parametrize("server", sorted(SERVERS), indirect=True)


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Text").fill(text)
    await page.keyboard.press("Enter")


@on_every_server
async def test_two_old_pages_exchange_messages(pages: Pages) -> None:
    ana, ben = await pages.old(), await pages.old()
    await say(ana, "Hello")
    await expect(ben.locator("#said li")).to_have_text(["Hello"])
    await say(ben, "<b>Hello</b>")
    for page in (ana, ben):
        await expect(page.locator("#said li")).to_have_text(["Hello", "<b>Hello</b>"])


@on_every_server
async def test_old_pages_come_back_and_what_they_said_meanwhile_arrives_once(pages: Pages, server: ChatServer) -> None:
    ana, ben = await pages.old(), await pages.old()
    await server.stop()
    for page in (ana, ben):
        await page.locator("#welcome").evaluate("element => (element.textContent = '')")
    for text in ("One", "Two"):
        await say(ana, text)
    await say(ben, "Three")
    await server.start()

    for page in (ana, ben):
        await expect(page.locator("#welcome")).to_have_text("Hello Ana", timeout=15_000)
    await say(ana, "After")

    # A page hears at least itself; who came back later may have missed the other.
    for page, own in ((ana, {"One", "Two"}), (ben, {"Three"})):
        await expect(page.locator("#said li", has_text="After")).to_have_count(1)
        said = await page.locator("#said li").all_text_contents()
        assert own <= set(said)
        assert len(said) == len(set(said))


@on_every_server
async def test_both_engines_show_progress_while_it_is_made(pages: Pages) -> None:
    ana, ben = await pages.old(), await pages.old()
    await ben.evaluate("void foo.on('update', () => ws.emit('saw'))")
    await ana.evaluate("ws.emit('work', { watched: true })")

    for page in (ana, ben):
        await expect(page.locator("#ended")).to_have_text("done")
        assert await page.evaluate("seen") == [1, 2, 3, 4, 5]
        await expect(page.locator("#html5 progress")).to_have_attribute("aria-valuetext", "Step 5, 100 %")
        await expect(page.locator("#bootstrap .progress-bar-success.progress-bar-striped")).to_have_count(1)
        await expect(page.locator("#bootstrap .progressbar-label")).to_have_text("<i>Step 5</i>")


async def test_who_comes_later_sees_how_far_it_is(pages: Pages) -> None:
    ana = await pages.old()
    await ana.get_by_role("button", name="Work").click()
    await expect(ana.locator("#ended")).to_have_text("done")

    ben = await pages.old()

    await expect(ben.locator("#html5 progress")).to_have_attribute("aria-valuenow", "5")
