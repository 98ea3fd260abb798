"""What the progress bar's engines draw, in a real browser; no server is needed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import chromium

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all tests

CLIENT = Path(__file__).resolve().parents[2] / "tornado_websockets" / "static" / "tornado_websockets"

ENGINES = ["EngineHtml5", "EngineBootstrap", "EngineJob"]

# A client that never connects; events are handed to it as its connection would.
SCRIPT = """
const tws = new TornadoWebSocket("/chat", { host: "localhost", port: 1, auto_connect: false });
const container = document.getElementById("container");
function draw(engine, options, at = container) {
  window.progress = new ModuleProgressBar("foo").set_engine(new ModuleProgressBar[engine](at, options));
  tws.bind(progress);
}
function tell(event, data) {
  tws._deliver(`module_progressbar_foo_${event}`, data);
}
"""

INIT = {"indeterminate": False, "min": 10, "max": 30, "current": 10}


class Bar:
    """A page with one container; draw a bar there, tell it events, look at it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bar = page.get_by_role("progressbar")
        self.label = page.locator(".progressbar-label")

    async def draw(self, engine: str, **options: Any) -> None:
        await self.page.evaluate("([engine, options]) => draw(engine, options)", [engine, options])

    async def tell(self, event: str, **data: Any) -> None:
        await self.page.evaluate("([event, data]) => tell(event, data)", [event, data])

    async def aria(self) -> list[str | None]:
        """Minimum, maximum, value and its text, as told to assistive technology."""
        names = ("valuemin", "valuemax", "valuenow", "valuetext")
        return [await self.bar.get_attribute(f"aria-{name}") for name in names]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def bar(browser: Browser) -> AsyncIterator[Bar]:
    page = await browser.new_page()
    await page.set_content("<!doctype html><h1 id=title>Import</h1><div id=container></div>")
    for script in ("tornadowebsocket.js", "modules/progress_bar.js"):
        await page.add_script_tag(path=CLIENT / script)
    await page.add_script_tag(content=SCRIPT)
    yield Bar(page)
    await page.close()


@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_is_drawn_before_the_server_tells_where_it_stands(bar: Bar, engine: str) -> None:
    await bar.draw(engine)
    await expect(bar.page.locator("#container")).to_be_empty()


@pytest.mark.parametrize("engine", ENGINES)
async def test_progress_is_told_to_everybody(bar: Bar, engine: str) -> None:
    await bar.draw(engine)
    await bar.tell("init", **INIT)
    assert await bar.aria() == ["10", "30", "10", "0%"]

    await bar.tell("update", current=15, label="Row 5 of 20")
    assert await bar.aria() == ["10", "30", "15", "Row 5 of 20, 25%"]
    await expect(bar.label).to_have_text("Row 5 of 20")
    await expect(bar.page.get_by_text("25%", exact=True)).to_be_visible()
    await expect(bar.bar).to_have_accessible_name("Progress")


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_indeterminate_bar_has_no_value(bar: Bar, engine: str) -> None:
    await bar.draw(engine)
    await bar.tell("init", indeterminate=True, min=0, max=0, current=0)
    assert await bar.aria() == [None, None, None, None]

    await bar.tell("update", label="Working")
    assert await bar.aria() == [None, None, None, "Working"]
    await bar.tell("done")
    assert await bar.aria() == ["0", "0", "0", "Working, 100%"]


@pytest.mark.parametrize("engine", ENGINES)
async def test_markup_is_shown_as_text(bar: Bar, engine: str) -> None:
    markup = "<img src=x onerror=alert(1)>"
    await bar.draw(engine, progression_format="{{label}}")
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15, label=markup)

    await expect(bar.label).to_have_text(markup)
    await expect(bar.page.locator("img")).to_have_count(0)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("{{progress}} %", "25 %"),
        ("{{ current }}/{{max}}", "15/30"),
        ("{current} of {max}, from {min}", "15 of 30, from 10"),
        ("{{unknown}} {unknown}", "{{unknown}} {unknown}"),
    ],
)
async def test_a_format_is_filled_in(bar: Bar, pattern: str, text: str) -> None:
    await bar.draw("EngineHtml5", progression_format=pattern)
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15)
    await expect(bar.page.locator(".progressbar-progression")).to_have_text(text)


async def test_a_format_may_be_a_function(bar: Bar) -> None:
    await bar.page.evaluate(
        "draw('EngineHtml5', { progression_format: ({ current, max }) => `${max - current} left` })"
    )
    await bar.tell("init", **INIT)
    assert (await bar.aria())[3] == "20 left"


@pytest.mark.parametrize("engine", ENGINES[:2])
async def test_options_say_what_is_shown_and_where(bar: Bar, engine: str) -> None:
    await bar.draw(engine, label_position="bottom", label_classes=["progressbar-label", "small"])
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15, label="Row")
    await expect(bar.page.locator(".progressbar > :last-child")).to_have_class("progressbar-label small")

    await bar.draw(engine, label_visible=False, progression_visible=False, aria_labelledby="title")
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15, label="Row")
    await expect(bar.page.locator("#container")).to_have_text("")
    await expect(bar.bar).to_have_accessible_name("Import")


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_container_holds_one_bar(bar: Bar, engine: str) -> None:
    for _ in range(2):
        await bar.draw(engine)
        await bar.tell("init", **INIT)
        await bar.tell("init", **INIT)
    await expect(bar.bar).to_have_count(1)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_container_has_to_be_there(bar: Bar, engine: str) -> None:
    with pytest.raises(Exception, match="Expected an element to draw the progress in, got null"):
        await bar.page.evaluate("engine => draw(engine, {}, document.querySelector('#missing'))", engine)


async def test_html5_draws_a_progress_element(bar: Bar) -> None:
    await bar.draw("EngineHtml5", progressbar_classes=["wide"], progression_position="left")
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15)
    element = bar.page.locator("progress.wide")
    assert await element.evaluate("element => [element.value, element.max, element.position]") == [5, 20, 0.25]
    await expect(bar.page.locator(".progressbar-row > :first-child")).to_have_text("25%")

    await bar.tell("init", indeterminate=True)
    assert await element.evaluate("element => element.position") == -1
    await bar.tell("done")
    assert await element.evaluate("element => element.position") == 1


async def test_bootstrap_draws_the_markup_of_its_versions(bar: Bar) -> None:
    await bar.draw("EngineBootstrap", progressbar_context="success", progressbar_striped=True)
    await bar.tell("init", **INIT)
    await bar.tell("update", current=15)
    filled = bar.page.locator(".progress > .progress-bar")
    contextual = "progress-bar progress-bar-success bg-success text-bg-success progress-bar-striped"
    await expect(filled).to_have_class(contextual)
    assert await filled.evaluate("element => element.style.width") == "25%"

    await bar.tell("init", indeterminate=True)
    await expect(filled).to_have_class(f"{contextual} active progress-bar-animated")
    assert await filled.evaluate("element => element.style.width") == "100%"
    await bar.tell("done")
    await expect(filled).to_have_class(contextual)


async def test_a_job_shows_its_stage_its_log_and_how_it_has_ended(bar: Bar) -> None:
    await bar.draw("EngineJob")
    stage = {"name": "parse", "index": 1, "of": 2}
    await bar.tell("init", **INIT, stage=stage, log=["<b>one</b>"], run="r1", outcome=None)
    await expect(bar.page.locator(".progressbar-stage")).to_have_text("1/2 parse")
    first = await bar.page.locator(".progressbar-log li").element_handle()
    await bar.tell("log", line="two")
    await expect(bar.page.get_by_role("log").get_by_role("listitem")).to_have_text(["<b>one</b>", "two"])
    assert first is not None
    assert await first.evaluate("item => item.isConnected")
    await expect(bar.page.get_by_role("button", name="Cancel")).to_be_enabled()

    await bar.tell("failed")
    await expect(bar.page.get_by_role("status")).to_have_text("Failed")
    await expect(bar.page.get_by_role("button")).to_be_hidden()
    await bar.tell("init", **INIT, run="r2", outcome=None, log=[])
    await expect(bar.page.get_by_role("status")).to_have_text("")
    await expect(bar.page.get_by_role("listitem")).to_have_count(0)
    await bar.tell("done")
    await expect(bar.page.get_by_role("status")).to_have_text("Done")


async def test_a_job_is_cancelled_by_its_button(bar: Bar) -> None:
    await bar.draw("EngineJob", cancel_text="Stop", outcome_texts={"cancelled": "Stopped"}, log_visible=False)
    await bar.page.evaluate("""() => {
      window.asked = [];
      progress.request = (...given) => (asked.push(given), new Promise(() => {}));
    }""")
    await bar.tell("init", **INIT, run="r1", outcome=None)
    await bar.page.get_by_role("button", name="Stop").click()
    assert await bar.page.evaluate("asked") == [["cancel", {"run": "r1"}]]
    await bar.tell("update", current=15)
    await expect(bar.page.get_by_role("button", name="Stop")).to_be_disabled()
    await bar.tell("cancelled")
    await expect(bar.page.get_by_role("status")).to_have_text("Stopped")


async def test_a_job_says_why_it_was_not_cancelled_until_somebody_clicks_again_or_it_ends(bar: Bar) -> None:
    await bar.draw("EngineJob", refusal_texts={"forbidden": "Ada alone may"})
    await bar.page.evaluate("""() => {
      progress.request = () => new Promise((resolve, reject) => {
        window.refuse = (code, text) => reject(new TornadoWebSocket.RequestError("cancel", code, text));
      });
    }""")
    await bar.tell("init", **INIT, run="r1", outcome=None)
    button, status = bar.page.get_by_role("button"), bar.page.get_by_role("status")
    for code, text in (
        ("forbidden", "Ada alone may"),
        ("unavailable", "It cannot be cancelled now, try again"),
        ("timeout", "No answer, try again"),
        ("busy", "Not now."),
    ):
        await button.click()
        await expect(status).to_have_text("")
        await bar.page.evaluate("code => refuse(code, 'Not now.')", code)
        await bar.tell("update", current=15)
        await expect(status).to_have_text(text)
        await expect(button).to_be_enabled()
    await bar.tell("init", **INIT, run="r2", outcome=None)
    await expect(status).to_have_text("")
    await button.click()
    await bar.tell("done")
    await bar.page.evaluate("refuse('forbidden', '')")
    await bar.tell("failed")  # by a server that has lost sight of it
    await expect(status).to_have_text("Done")
