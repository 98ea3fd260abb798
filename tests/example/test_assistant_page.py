"""The assistant's page in a real browser, against real servers."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.example.chat_server import SERVERS
from tests.example.conftest import Arrive
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)

END = re.compile(r"(had this|came with|waiting for it)\. $")


def button(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("button", name=name, exact=True)


async def ask(visitor: Visitor, question: str) -> Locator:
    """Ask, and wait for the first word."""
    answer = visitor.page.locator("#talk .answer").nth(await visitor.page.locator("#talk .answer").count())
    await visitor.page.get_by_label("Your question").fill(question)
    await visitor.page.keyboard.press("Enter")
    await expect(answer).not_to_be_empty()
    return answer


async def test_an_answer_comes_word_by_word_to_its_end(arrive: Arrive) -> None:
    ana = await arrive("assistant/")
    answer = await ask(ana, "Why?")
    begun = await answer.text_content() or ""
    assert not END.search(begun)
    await expect(answer).to_have_text(re.compile(r"question 1 of our talk"))
    await expect(answer).not_to_have_attribute("aria-busy", "true", timeout=15_000)
    whole = await answer.text_content() or ""
    assert whole.startswith(begun)
    assert END.search(whole)


@on_every_server
async def test_an_answer_can_be_stopped_and_another_be_asked_for(arrive: Arrive) -> None:
    ana = await arrive("assistant/")
    answer = await ask(ana, "Why?")
    await button(ana, "Stop").click()
    await expect(answer).not_to_have_attribute("aria-busy", "true")
    stopped = await answer.text_content() or ""
    assert not END.search(stopped)

    other = await ask(ana, "And now?")
    await expect(other).to_contain_text("question 2 of our talk")
    assert await answer.text_content() == stopped
    await button(ana, "Stop").click()


@on_every_server
async def test_it_asks_before_it_forgets(arrive: Arrive) -> None:
    ana = await arrive("assistant/")
    await ask(ana, "Why?")
    await button(ana, "Stop").click()

    await button(ana, "Forget all").click()
    await expect(ana.page.get_by_role("dialog")).to_contain_text("Forget all that you have asked?")
    await button(ana, "Keep").click()
    await expect(ana.page.locator("#talk li")).to_have_count(1)

    await button(ana, "Forget all").click()
    await button(ana, "Forget").click()
    await expect(ana.page.locator("#talk li")).to_have_count(0)
    await expect(await ask(ana, "Why?")).to_contain_text("question 1 of our talk")


async def test_escape_keeps_all(arrive: Arrive) -> None:
    ana = await arrive("assistant/")
    await ask(ana, "Why?")
    await button(ana, "Stop").click()
    await button(ana, "Forget all").click()
    await expect(ana.page.get_by_role("dialog")).to_be_visible()
    await ana.page.keyboard.press("Escape")
    await expect(ana.page.get_by_role("dialog")).to_be_hidden()
    await expect(ana.page.locator("#talk li")).to_have_count(1)
