"""The panel of each page: the code that is at work, and the frames that go over this tab's WebSocket."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, WebSocket, expect

from tests.example.chat_server import EXAMPLE_PROJECT, ChatServer
from tests.example.conftest import Arrive, ComeIn

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

PAGES = {"": "chat", "import/": "weather", "counter/": "counter", "assistant/": "assistant"}
MOST_LINES = 14


def read_lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text().splitlines()]


@pytest.mark.parametrize("path", PAGES)
async def test_the_code_that_is_shown_is_the_code_that_runs(arrive: Arrive, path: str) -> None:
    await compare_code((await arrive(path)).page, PAGES[path])


async def test_so_it_is_on_the_page_of_who_has_a_name(come_in: ComeIn) -> None:
    await compare_code((await come_in("Ana")).page, "notes")


async def compare_code(page: Page, app: str) -> None:
    files = [f"{app}/websockets.py", f"{app}/static/{app}/{app}.js"]
    await expect(page.locator(".how h3 code")).to_have_text(files)

    for file, code in zip(files, await page.locator(".how pre").all_text_contents(), strict=True):
        lines = [line.strip() for line in code.splitlines() if line.strip()]
        source = iter(read_lines(EXAMPLE_PROJECT / file))
        assert all(line in source for line in lines)  # in this order
        assert 4 <= len(lines) <= MOST_LINES
        assert "region" not in code


async def test_the_script_that_is_served_has_what_is_shown(arrive: Arrive, chat_server: ChatServer) -> None:
    visitor = await arrive("counter/")
    code = await visitor.page.locator(".how pre").last.text_content()
    served = await visitor.page.request.get(f"{chat_server.url}static/counter/counter.js")
    assert code is not None
    assert code in await served.text()


async def test_the_frames_are_those_of_the_wire(browser: Browser, chat_server: ChatServer) -> None:
    frames: list[tuple[str, str]] = []

    def watch(websocket: WebSocket) -> None:
        websocket.on("framesent", lambda payload: frames.append(("sent", str(payload))))
        websocket.on("framereceived", lambda payload: frames.append(("received", str(payload))))

    page = await browser.new_page()
    page.on("websocket", watch)
    await page.goto(f"{chat_server.url}counter/")
    await page.get_by_role("button", name="Press").click()
    await expect(page.locator("#frames li.sent")).to_have_text([re.compile('"press"'), re.compile('"tws.hello"')])
    await expect(page.locator("#frames")).to_contain_text('"pressed"')

    shown = [line async for line in read_frames(page)]
    # What comes while the page sends is older to the network than to the page.
    for way in ("sent", "received"):
        on_page, on_wire = ([text or "" for other, text in each if other == way] for each in (shown, frames))
        assert len(on_page) <= len(on_wire)
        for part, frame in zip(on_page, on_wire, strict=False):
            assert part == frame or frame.startswith(part.split(" … and ")[0])  # a long one is shown in part
    assert len(shown) >= 3
    await page.close()


async def read_frames(page: Page) -> AsyncIterator[tuple[str | None, str | None]]:
    """The frames that the panel shows, the first one first."""
    for item in reversed(await page.locator("#frames li").all()):
        yield await item.get_attribute("class"), await item.locator("code").text_content()


async def test_a_long_frame_is_shown_in_part(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.join("Ana")
    await ana.say("x" * 1000)
    sent = ana.page.locator("#frames .sent code", has_text='"say"')
    await expect(sent).to_have_text(re.compile(r'^\{"event":"say".{150,200} … and \d+ characters$'))


async def test_the_panel_waits_to_be_opened_where_room_is_scarce(arrive: Arrive) -> None:
    ana = await arrive()
    await ana.page.set_viewport_size({"width": 390, "height": 844})
    await expect(ana.page.locator(".how pre").first).to_be_hidden()

    await ana.page.get_by_text("How this is done").click()
    await expect(ana.page.locator(".how pre").first).to_be_visible()

    await ana.page.set_viewport_size({"width": 1280, "height": 800})
    await expect(ana.page.locator(".how pre").first).to_be_visible()
