"""Notes to one person, and what a moderator can do, in a real browser."""

import contextlib
import sqlite3

import pytest
from playwright.async_api import Browser, Page, expect

from tests.example.chat_server import SERVERS, ChatServer
from tests.example.conftest import ComeIn
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)

ASK_TO_KICK = """async () => {
  const { TornadoWebSocket } = await import("../static/tornado_websockets/tornadowebsocket.mjs");
  const server = new TornadoWebSocket("/bell");
  const refusal = await server.request("kick", { person: 1, reason: "No." }).catch((error) => error);
  server.close();
  return refusal.code;
}"""


async def write(page: Page, name: str, text: str) -> None:
    """Write a note, with the keyboard alone."""
    await page.get_by_label("To", exact=True).focus()
    await page.keyboard.type(name)  # which chooses the one who is called so
    await page.keyboard.press("Tab")
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(page.locator("#sent")).to_have_text(f"{name} has your note.")


async def appoint(guest: Visitor, name: str, server: ChatServer) -> None:
    """Make a moderator of a guest."""
    with contextlib.closing(sqlite3.connect(server.database)) as connection, connection:
        connection.execute("UPDATE auth_user SET is_staff = 1 WHERE username = ?", [name])
    await guest.reload()


async def test_a_bell_rings_on_any_page_and_counts_what_came_meanwhile(
    come_in: ComeIn, chat_server: ChatServer
) -> None:
    ana, ben = await come_in("Ana"), await come_in("Ben")
    await expect(ben.page.locator("#recipient")).to_contain_text("Ana · here")
    await ana.page.goto(f"{chat_server.url}counter/")
    await expect(ana.status).to_have_text("Connected")
    await expect(ana.bell).to_have_accessible_name("Notes for you: 0")

    await write(ben.page, "Ana", "Lunch?")
    await expect(ana.page.locator("#rung")).to_have_text("Ben: Lunch?")
    await expect(ana.bell).to_have_accessible_name("Notes for you: 1")
    await expect(ben.bell).to_have_accessible_name("Notes for you: 0")

    await ana.page.goto("about:blank")
    await write(ben.page, "Ana", "<b>Now</b>")
    await ana.page.goto(f"{chat_server.url}list/")
    await expect(ana.bell).to_have_accessible_name("Notes for you: 2")

    tab = await ana.page.context.new_page()
    await tab.goto(f"{chat_server.url}notes/")
    await expect(tab.locator("#notes li.new span:first-of-type")).to_have_text(["<b>Now</b>", "Lunch?"])
    await expect(tab.locator("#status")).to_have_text("Connected")
    await tab.get_by_role("button", name="Mark all as read").press("Enter")
    await expect(tab.locator("#notes")).to_be_focused()
    await expect(tab.locator("#notes li.new")).to_have_count(0)
    await expect(ana.bell).to_have_accessible_name("Notes for you: 0")


@on_every_server
async def test_who_is_kicked_is_told_why_and_stays_away_until_he_wants(
    come_in: ComeIn, chat_server: ChatServer
) -> None:
    ana, grace = await come_in("Ana"), await come_in("Grace")
    await appoint(grace, "Grace", chat_server)
    await expect(ana.page.get_by_role("heading", name="Moderation")).to_have_count(0)
    assert await ana.page.evaluate(ASK_TO_KICK) == "forbidden"
    await ana.page.goto(chat_server.url)
    await expect(ana.status).to_have_text("Connected")
    await ana.join("Ana")

    await grace.page.get_by_label("Disconnect", exact=True).focus()
    await grace.page.keyboard.type("Ana")
    await grace.page.keyboard.press("Tab")
    await grace.page.keyboard.type("Be nice, “Ana”.")
    await grace.page.keyboard.press("Enter")

    await expect(grace.page.locator("#kick-done")).to_have_text("Ana is disconnected.")
    notice = ana.page.get_by_role("alertdialog", name="You were disconnected")
    await expect(notice).to_have_accessible_description("Be nice, “Ana”.")
    await expect(ana.status).to_have_text("Disconnected")  # which is not "Reconnecting"
    await expect(grace.status).to_have_text("Connected")

    await expect(ana.page.get_by_role("button", name="Come back")).to_be_focused()
    await ana.page.keyboard.press("Enter")
    await expect(ana.status).to_have_text("Connected")
    await expect(notice).to_be_hidden()


async def test_without_scripts_a_note_is_posted_and_rings(
    come_in: ComeIn, browser: Browser, chat_server: ChatServer
) -> None:
    ana = await come_in("Ana")
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{chat_server.url}notes/")
    for name in ("ana", "Ben"):
        await page.get_by_label("Your name").fill(name)
        await page.keyboard.press("Enter")
        if name == "ana":
            await expect(page.locator(".hint")).to_contain_text("Somebody has that name already.")
    await page.get_by_label("To", exact=True).select_option("Ana")
    await page.get_by_label("Note", exact=True).fill("From a view")
    await page.keyboard.press("Enter")
    await expect(ana.page.locator("#rung")).to_have_text("Ben: From a view")
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("button", name="Come in")).to_be_visible()
    await page.context.close()
