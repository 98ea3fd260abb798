"""Who is who on the chat's page: names may repeat, people do not."""

import re

import pytest
from playwright.async_api import expect

from tests.example.chat_server import ChatServer
from tests.example.conftest import Arrive
from tests.example.crowd import crowd
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests


async def test_two_people_of_one_name_are_told_apart(arrive: Arrive) -> None:
    ana, other = await arrive(), await arrive()
    await ana.join("Ana")
    await other.join("ana")

    await ana.say("I am Ana")
    await expect(other.texts).to_have_text(["I am Ana"])

    await expect(ana.page.locator(".own")).to_have_count(1)
    await expect(other.page.locator(".own")).to_have_count(0)
    signs = other.page.locator("#people .sign")
    await expect(signs).to_have_text([re.compile(r"^ #[0-9a-f]{4}$")] * 2)
    await expect(signs.first).to_be_visible()
    assert len(set(await signs.all_text_contents())) == 2


async def test_one_who_has_a_name_alone_needs_no_sign(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await expect(ana.people).to_have_text(["Ana"])
    await expect(ana.page.locator("#people .sign")).to_be_hidden()


async def test_a_reloaded_page_is_the_same_person(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("Before")
    await expect(ana.texts).to_have_text(["Before"])

    await ana.reload()
    await ana.join("Ana")

    await expect(ana.page.locator(".own")).to_have_count(1)


async def test_a_duplicated_tab_is_somebody_else(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("Mine")
    await expect(ana.texts).to_have_text(["Mine"])

    # Like a duplicated tab, a window that is opened so gets a copy of this one's storage.
    async with ana.page.expect_popup() as opened:
        await ana.page.evaluate("void window.open(location.href)")
    twin = Visitor(await opened.value)
    await expect(twin.status).to_have_text("Connected")
    await twin.join("Ben")

    await expect(twin.people).to_have_text(["Ana", "Ben"])
    await expect(twin.page.locator(".own")).to_have_count(0)


async def test_those_who_come_and_go_are_one_note(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")
    async with crowd(chat_server, ["Ben", "Cem", "Dana", "Eli", "Fay"]):
        await expect(ana.notes).to_have_text([re.compile(r"^\w+, \w+,? and 3 others joined$")])
    await expect(ana.notes).to_have_text([re.compile(r"^\w+, \w+,? and 3 others came and went$")])


async def test_what_is_said_begins_a_new_note(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")
    async with crowd(chat_server, ["Ben"]):
        await expect(ana.notes).to_have_text(["Ben joined"])
        await ana.say("Hello Ben")
        await expect(ana.texts).to_have_text(["Hello Ben"])
    await expect(ana.notes).to_have_text(["Ben joined", "Ben left"])


async def test_who_is_back_at_once_is_no_news(arrive: Arrive) -> None:
    ana, ben = await arrive(), await arrive()
    await ben.join("Ben")
    await expect(ana.people).to_have_text(["Ben"])
    await ana.join("Ana")
    await ana.say("Hello")
    await expect(ben.texts).to_have_text(["Hello"])

    await ben.reload()
    await expect(ana.notes).to_have_text(["Ben joined", "Ben left"])
    await ben.join("Ben")

    await expect(ana.people).to_have_text(["Ana", "Ben"])
    await expect(ana.notes).to_have_text(["Ben joined"])
