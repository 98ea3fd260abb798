"""The counter's page in a real browser, against real servers."""

import pytest
from playwright.async_api import Locator, expect

from tests.example.chat_server import SERVERS, ChatServer
from tests.example.conftest import Arrive
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)


def button(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("button", name="Press")


async def read_total(visitor: Visitor) -> int:
    return int(await visitor.page.locator("#total").text_content() or "")


@on_every_server
async def test_everyone_sees_presses_and_their_plot(arrive: Arrive) -> None:
    ana, ben = await arrive("counter/"), await arrive("counter/")
    before = await read_total(ana)

    await button(ana).click()
    await button(ben).focus()
    await ben.page.keyboard.press("Space")

    for visitor in (ana, ben):
        await expect(visitor.page.locator("#total")).to_have_text(str(before + 2))
        await expect(visitor.page.locator("#visitors")).to_have_text("2")
        await expect(visitor.page.locator("#plot .bars rect")).not_to_have_count(0)
        await expect(visitor.page.locator("#plot-summary")).to_contain_text("In the last minute: ")


async def test_who_comes_later_sees_what_was(arrive: Arrive) -> None:
    ana = await arrive("counter/")
    await button(ana).click()
    await expect(ana.page.locator("#plot .bars rect")).not_to_have_count(0)

    ben = await arrive("counter/")

    await expect(ben.page.locator("#plot .bars rect")).not_to_have_count(0)
    assert await read_total(ben) == await read_total(ana)


async def test_presses_without_a_connection_are_counted_once(arrive: Arrive, chat_server: ChatServer) -> None:
    ana, ben = await arrive("counter/"), await arrive("counter/")
    await chat_server.stop()
    for visitor in (ana, ben):
        await expect(visitor.status).to_have_text("Reconnecting")

    for visitor in (ana, ana, ben):
        await button(visitor).click()
    await chat_server.start()

    for visitor in (ana, ben):
        await expect(visitor.status).to_have_text("Connected", timeout=15_000)
        # A server that was started again counts from the beginning.
        await expect(visitor.page.locator("#total")).to_have_text("3")
    await button(ben).click()
    for visitor in (ana, ben):
        await expect(visitor.page.locator("#total")).to_have_text("4")
