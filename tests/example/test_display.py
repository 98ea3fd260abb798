"""The pages on windows of all kinds, and in colours that the reader has chosen."""

import pytest
from playwright.async_api import Page, expect

from tests.example.conftest import Arrive
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

PAGES = ["", "import/", "counter/", "assistant/"]
DESKTOPS = [{"width": 1280, "height": 800}, {"width": 1920, "height": 1080}]
ENLARGED = {"width": 320, "height": 256}  # a desktop of 1280 by 1024 at 400 %

# How much of the window is below the boxes of the page, and how much beside them: parts of one.
BLANK = """() => {
  const boxes = [...document.querySelectorAll("main .card")].map((it) => it.getBoundingClientRect());
  const bottom = Math.max(...boxes.map((it) => it.bottom)) / innerHeight;
  const width = (Math.max(...boxes.map((it) => it.right)) - Math.min(...boxes.map((it) => it.left))) / innerWidth;
  return Math.max(1 - bottom, 1 - width);
}"""


@pytest.mark.parametrize("path", PAGES)
async def test_a_desktop_is_used(arrive: Arrive, path: str) -> None:
    visitor = await arrive(path)
    for size in DESKTOPS:
        await visitor.page.set_viewport_size(size)
        assert await visitor.page.evaluate(BLANK) < 0.2


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_says_what_it_is(arrive: Arrive, path: str) -> None:
    visitor = await arrive(path)
    await visitor.page.set_viewport_size({"width": 390, "height": 844})
    await expect(visitor.page.get_by_role("banner")).to_contain_text("Live pages with Django: the example")
    await expect(visitor.page.locator(".intro p")).to_be_visible()
    assert len(await visitor.page.locator(".intro p").text_content() or "") > 60


@pytest.mark.parametrize("path", PAGES)
async def test_an_enlarged_page_scrolls_one_way_only(arrive: Arrive, path: str) -> None:
    visitor = await arrive(path)
    await visitor.page.set_viewport_size(ENLARGED)
    for button in await visitor.page.locator("main button:visible").all():
        await button.scroll_into_view_if_needed()
        box = await button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= ENLARGED["width"]
        assert box["y"] + box["height"] <= ENLARGED["height"]
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= ENLARGED["width"]


async def changes_the_picture(page: Page, selector: str, change: str) -> bool:
    """Whether a change of an element can be seen."""
    element = page.locator(selector)
    before = await element.screenshot()
    await element.evaluate(change)
    return await element.screenshot() != before


async def finish_an_import(visitor: Visitor) -> None:
    table = b"at,temperature,humidity,wind\n2030-01-01T00:00Z,1.5,50,2\n"
    file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": table}
    await visitor.page.get_by_label("Your file").set_input_files(file)
    await visitor.page.get_by_role("button", name="Import the file").click()
    await expect(visitor.label).to_have_text("Row 1 of 1")


async def test_progress_is_seen_in_forced_colours(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await ana.page.emulate_media(forced_colors="active")
    await finish_an_import(ana)
    assert await changes_the_picture(ana.page, "#bar progress", "(bar) => (bar.value = 0)")

    await ana.page.get_by_label("Bootstrap").check()
    filled = "#bar .progress-bar"
    await ana.page.locator(filled).evaluate(
        "(bar) => { bar.textContent = ''; bar.style.minWidth = bar.style.padding = '0' }"
    )
    assert await changes_the_picture(ana.page, "#bar .progress", "(bar) => (bar.firstElementChild.style.width = '0')")


async def test_presses_are_seen_in_forced_colours(arrive: Arrive) -> None:
    ana = await arrive("counter/")
    await ana.page.emulate_media(forced_colors="active", color_scheme="dark")
    await ana.page.get_by_role("button", name="Press").click()
    await expect(ana.page.locator("#plot .bars rect")).not_to_have_count(0)
    fill = await ana.page.locator("#plot .bars").evaluate("(bars) => getComputedStyle(bars).fill")
    system = await ana.page.evaluate(
        "() => { const it = document.createElement('p'); it.style.color = 'Highlight'; document.body.append(it);"
        " return getComputedStyle(it).color }"
    )
    assert fill == system
