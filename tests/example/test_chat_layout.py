"""Nothing of the chat's page is out of reach, whatever the window and however many people."""

import pytest
from playwright.async_api import Locator, expect

from tests.example.chat_server import ChatServer
from tests.example.conftest import Arrive
from tests.example.crowd import crowd, emit

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
ENLARGED = {"width": 320, "height": 256}  # a desktop of 1280 by 1024 at 400 %

# How much of an element is cut off by those around it, none of which lets anybody scroll there.
CUT = """(element) => {
  let cut = 0;
  const { top, bottom } = element.getBoundingClientRect();
  for (let box = element.parentElement; box !== document.documentElement; box = box.parentElement) {
    if (getComputedStyle(box).overflowY === "visible") continue;
    const around = box.getBoundingClientRect();
    cut = Math.max(cut, bottom - around.bottom, around.top - top);
  }
  return cut;
}"""


async def is_in_view(element: Locator, size: dict[str, int]) -> bool:
    box = await element.bounding_box()
    assert box is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


async def test_a_long_talk_scrolls_in_its_box_alone(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.page.set_viewport_size(DESKTOP)
    await ana.join("Ana")
    for number in range(60):
        await ana.say(f"Number {number}")
    await expect(ana.texts).to_have_count(60)

    for box in ("#room", ".talk", "html"):
        assert await ana.page.locator(box).evaluate("(it) => it.scrollHeight - it.clientHeight") == 0


async def test_a_crowd_leaves_the_way_in_where_it_is(arrive: Arrive, chat_server: ChatServer) -> None:
    async with crowd(chat_server, [f"{number:032}" for number in range(100)]):
        ana = await arrive()
        await expect(ana.page.locator("#count")).to_have_text("100")
        for size in (PHONE, DESKTOP):
            await ana.page.set_viewport_size(size)
            assert await is_in_view(ana.page.get_by_role("button", name="Join the chat"), size)

        await ana.join("Ana")
        await expect(ana.page.locator("#count")).to_have_text("101")
        for size in (PHONE, DESKTOP):
            await ana.page.set_viewport_size(size)
            assert await is_in_view(ana.page.get_by_role("button", name="Send"), size)


async def test_what_is_cut_off_in_a_small_window_can_be_scrolled_to(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.page.set_viewport_size(ENLARGED)
    await ana.join("Ana")
    await ana.say("Hello")
    await expect(ana.texts).to_have_text(["Hello"])

    for box in ("#room", ".people", ".talk", ".foot"):
        assert await ana.page.locator(box).evaluate("(it) => it.scrollHeight - it.clientHeight") <= 0
    for element in (ana.page.get_by_role("button", name="Send"), ana.page.get_by_label("Your message")):
        await element.scroll_into_view_if_needed()
        assert await is_in_view(element, ENLARGED)
        assert await element.evaluate(CUT) <= 0
    assert await ana.page.evaluate("document.documentElement.scrollWidth") <= ENLARGED["width"]


async def test_all_of_who_is_typing_can_be_read(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive()
    await ana.page.set_viewport_size(PHONE)
    await ana.join("Ana")
    typing = ana.page.locator("#typing")
    async with crowd(chat_server, ["W" * 32, "M" * 32, "Cem"]) as clients:
        for client in clients[:2]:
            await emit(client, "typing")
        await expect(typing).to_contain_text("are typing…")
        assert await typing.evaluate("(it) => it.scrollWidth - it.clientWidth") <= 0
        assert await typing.evaluate(CUT) <= 0

        await emit(clients[2], "typing")
        await expect(typing).to_have_text("3 people are typing…")


async def test_the_focus_stays_when_the_button_to_the_end_goes(arrive: Arrive) -> None:
    ana, ben = await arrive(), await arrive()
    for visitor, name in ((ana, "Ana"), (ben, "Ben")):
        await visitor.join(name)
    for number in range(30):
        await ben.say(f"Number {number}")
    await expect(ana.texts).to_have_count(30)
    await ana.page.locator("#log").evaluate("(log) => (log.scrollTop = 0)")
    await ben.say("News")

    await ana.page.get_by_role("button", name="New messages").press("Enter")

    await expect(ana.page.get_by_role("button", name="New messages")).to_be_hidden()
    await expect(ana.page.get_by_role("log")).to_be_focused()
