"""The chat's page in a real browser, against real servers."""

import pytest
from playwright.async_api import Browser, expect

from tests.example.chat_server import SERVERS, ChatServer, manage
from tests.example.conftest import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
# Each message, and how a screen reader is told to take it.
NOTE_HOW_MESSAGES_COME = """
  window.came = [];
  new MutationObserver((records) => {
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      const text = node.parentElement?.id === "messages" && node.querySelector?.(".text")?.textContent;
      if (text) came.push([text, document.getElementById("log").ariaLive]);
    }
  }).observe(document, { childList: true, subtree: true });
"""

on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)


@on_every_server
async def test_two_pages_exchange_messages(arrive: Arrive) -> None:
    ana, ben = await arrive(), await arrive()
    await ana.join("Ana")
    await ben.join("Ben")

    await ana.say("Hello Ben")
    await expect(ben.texts).to_have_text(["Hello Ben"])
    await ben.say("Hello Ana")

    for page in (ana, ben):
        await expect(page.texts).to_have_text(["Hello Ben", "Hello Ana"])
    await expect(ana.page.locator(".own")).to_contain_text(["Hello Ben"])
    await expect(ben.page.locator(".own")).to_contain_text(["Hello Ana"])


@on_every_server
async def test_joins_and_leaves_are_seen(arrive: Arrive) -> None:
    ana, ben = await arrive(), await arrive()
    await ana.join("Ana")
    await expect(ben.people).to_have_text(["Ana"])

    await ben.join("Ben")
    await expect(ana.notes).to_have_text(["Ben joined"])
    await expect(ana.people).to_have_text(["Ana", "Ben"])

    await ben.leave()
    await expect(ana.notes).to_have_text(["Ben came and went"])
    await expect(ana.people).to_have_text(["Ana"])


async def test_others_see_who_is_typing(arrive: Arrive) -> None:
    ana, ben = await arrive(), await arrive()
    await ana.join("Ana")
    await ben.join("Ben")

    await ana.page.get_by_label("Your message").press_sequentially("Wait")

    await expect(ben.page.locator("#typing")).to_have_text("Ana is typing…")
    await ben.page.get_by_label("Your message").press_sequentially("I do")
    await expect(ana.page.locator("#typing")).to_contain_text("Ben")
    assert await ana.page.locator("#typing").text_content() == "Ben is typing…"

    await ana.page.keyboard.press("Enter")
    await expect(ben.page.locator("#typing")).to_be_empty()


@on_every_server
async def test_both_pages_come_back_after_a_restart(arrive: Arrive, chat_server: ChatServer) -> None:
    ana, ben = await arrive(), await arrive()
    await ana.join("Ana")
    await ben.join("Ben")

    await chat_server.stop()
    for page in (ana, ben):
        await expect(page.status).to_have_text("Reconnecting")
    await chat_server.start()

    for page in (ana, ben):
        await expect(page.status).to_have_text("Connected", timeout=15_000)
        await expect(page.people).to_have_text(["Ana", "Ben"])
    await ana.say("Hello again")
    for page in (ana, ben):
        await expect(page.texts).to_have_text(["Hello again"])


async def test_history_survives_a_restart_and_pages_come_back(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("Before")
    await expect(ana.texts).to_have_text(["Before"])

    await chat_server.stop()
    await expect(ana.status).to_have_text("Reconnecting")
    await chat_server.start()
    await expect(ana.status).to_have_text("Connected", timeout=15_000)

    ben = await arrive()
    await ben.join("Ben")
    await expect(ben.texts).to_have_text(["Before"])
    await expect(ben.people).to_have_text(["Ana", "Ben"])
    await ana.say("After")
    for page in (ana, ben):
        await expect(page.texts).to_have_text(["Before", "After"])


async def test_what_was_said_offline_is_given_back(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await chat_server.stop()
    await expect(ana.status).to_have_text("Reconnecting")

    await ana.say("Is anybody there?")

    await expect(ana.page.get_by_role("alert")).to_contain_text("no connection")
    await expect(ana.page.get_by_label("Your message")).to_have_value("Is anybody there?")
    await chat_server.start()
    await expect(ana.page.get_by_role("alert")).to_be_hidden(timeout=15_000)


async def test_a_blank_name_is_refused_with_a_reason(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.page.get_by_label("Your name").fill("   ")
    await visitor.page.get_by_role("button", name="Join the chat").click()

    await expect(visitor.page.get_by_role("alert")).to_have_text("A name is needed.")
    await expect(visitor.page.get_by_label("Your message")).to_be_hidden()


async def test_markup_is_shown_as_text(arrive: Arrive) -> None:
    markup = "</script><img src=x onerror=alert(1)>"
    ana = await arrive()
    await ana.join("<b>Ana</b>")

    await ana.say(markup)

    await expect(ana.texts).to_have_text([markup])
    await expect(ana.people).to_have_text(["<b>Ana</b>"])
    await expect(ana.page.locator("#messages img, #messages b b")).to_have_count(0)


async def test_earlier_messages_come_when_asked_for(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.join("Ana")
    for number in range(60):
        await ana.say(f"Number {number}")
    await expect(ana.texts).to_have_count(60)

    ben = await arrive()
    await ben.join("Ben")
    await expect(ben.texts).to_have_text([f"Number {number}" for number in range(10, 60)])
    await ben.page.get_by_role("button", name="Show earlier messages").click()

    await expect(ben.texts).to_have_text([f"Number {number}" for number in range(60)])
    await expect(ben.page.get_by_role("button", name="Show earlier messages")).to_be_hidden()


async def test_a_screen_reader_announces_news_only(arrive: Arrive, browser: Browser, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("Before")
    await expect(ana.texts).to_have_text(["Before"])

    page = await browser.new_page()
    await page.add_init_script(NOTE_HOW_MESSAGES_COME)
    await page.goto(chat_server.url)
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator("#log")).to_have_attribute("aria-live", "polite")
    await ana.say("News")
    await expect(page.locator(".message")).to_have_count(2)

    assert await page.evaluate("came") == [["Before", "off"], ["News", "polite"]]
    await page.close()


async def test_what_is_deleted_or_changed_in_the_admin_is_so_on_pages(
    arrive: Arrive, browser: Browser, chat_server: ChatServer
) -> None:
    await manage(
        chat_server.database,
        *("createsuperuser", "--noinput", "--username", "boss", "--email", "boss@example.com"),
        DJANGO_SUPERUSER_PASSWORD="a long one",
    )
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("Rude")
    await ana.say("Polite")
    await expect(ana.texts).to_have_text(["Rude", "Polite"])

    context = await browser.new_context()
    boss = await context.new_page()
    await boss.goto(f"{chat_server.url}admin/chat/message/1/delete/")
    await boss.get_by_label("Username").fill("boss")
    await boss.get_by_label("Password").fill("a long one")
    await boss.keyboard.press("Enter")
    await boss.locator("#content input[type=submit]").click()

    await expect(ana.texts).to_have_text(["Polite"])

    await boss.goto(f"{chat_server.url}admin/chat/message/2/change/")
    await boss.locator("#id_text").fill("Kind")
    await boss.locator("input[name=_save]").click()

    await expect(ana.texts).to_have_text(["Kind"])
    await context.close()
