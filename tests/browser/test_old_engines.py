"""Engines that pages wrote for the progress bar of 0.2, under the names of then and of today; no server is needed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

CLIENT = Path(__file__).resolve().parents[2] / "tornado_websockets" / "static" / "tornado_websockets"
SCRIPTS = {
    "today": ("tornadowebsocket.js", "modules/progress_bar.js"),
    "0.2": ("tornadowebsocket-es6.js", "modules/progress_bar-es6.js"),
}

# A client that never connects; events are handed to it as its connection would. What an engine is asked is noted.
PAGE = """
const tws = new TornadoWebSocket("/chat", { host: "localhost", port: 1, auto_connect: false });
const progress = new ModuleProgressBar();
tws.bind(progress);
const tell = (event, data) => tws._deliver(`module_progressbar_${event}`, data);
const asked = [];
const container = document.createElement("div");

class Hooks extends ModuleProgressBar.EngineInterface {
  _create_elements() { asked.push(["create"]); }
  _render_elements() { asked.push(["render", this._$container === container]); }
  _handle_value(key, value) { asked.push([key, value]); }
  _update_label(label = "") { asked.push(["label text", label]); }
  _update_progression() { asked.push(["progression", this.compute_progression()]); }
}

class Whole extends ModuleProgressBar.EngineInterface {
  render() { asked.push(["render"]); }
  on_init(data) { asked.push(["on_init", data]); }
  on_update(data) { asked.push(["on_update", data]); }
}
"""

INIT = {"indeterminate": False, "min": 0, "max": 200, "current": 0}


@pytest_asyncio.fixture(loop_scope="session", params=SCRIPTS)
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    page = await browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for script in SCRIPTS[request.param]:
        await page.add_script_tag(path=CLIENT / script)
    await page.add_script_tag(content=PAGE)
    yield page
    await page.close()
    assert errors == []


async def tell(page: Page, event: str, data: dict[str, Any]) -> Any:
    """Let the bar hear an event of the server, and return what its engine was asked since the last time."""
    return await page.evaluate("([event, data]) => { tell(event, data); return asked.splice(0) }", [event, data])


async def test_fifty_of_two_hundred_is_twenty_five(page: Page) -> None:
    await tell(page, "init", INIT)
    await tell(page, "update", {"current": 50})
    assert await page.evaluate("progress.progression") == 25
    await tell(page, "update", {"current": 1})
    assert await page.evaluate("[progress.progression, progress.percent]") == [0.5, 0]


async def test_the_five_methods_are_asked_in_turn(page: Page) -> None:
    await page.evaluate("progress.set_engine(new Hooks(container))")
    assert await page.evaluate("asked.splice(0)") == [["create"], ["render", True]]

    asked = await tell(page, "init", INIT)
    assert asked[:4] == [["min", 0], ["max", 200], ["current", 0], ["indeterminate", False]]
    assert asked[4:] == [["current", 0], ["progression", 0], ["label text", ""]]

    asked = await tell(page, "update", {"current": 50, "label": "Row"})
    assert asked == [["current", 50], ["label", "Row"], ["progression", 25], ["label text", "Row"]]


async def test_an_engine_that_overrides_all_hears_what_the_server_tells(page: Page) -> None:
    await page.evaluate("progress.set_engine(new Whole(container))")
    assert await page.evaluate("asked.splice(0)") == [["render"]]
    assert await tell(page, "init", INIT) == [["on_init", INIT]]
    assert await tell(page, "update", {"current": 1, "label": "a"}) == [["on_update", {"current": 1, "label": "a"}]]
    assert await tell(page, "done", {}) == []
    assert await page.evaluate("progress.is_done")


async def test_an_indeterminate_bar_tells_no_value(page: Page) -> None:
    await page.evaluate("progress.set_engine(new Hooks(container)); asked.splice(0)")
    asked = await tell(page, "init", {"indeterminate": True})
    assert asked[:4] == [["min", 0], ["max", 100], ["current", 0], ["indeterminate", True]]
    assert await tell(page, "update", {}) == [["progression", 0], ["label text", ""]]
    asked = await tell(page, "update", {"label": "Still"})
    assert asked == [["label", "Still"], ["progression", 0], ["label text", "Still"]]


async def test_an_engine_that_comes_late_is_told_where_the_bar_stands(page: Page) -> None:
    await tell(page, "init", INIT)
    await tell(page, "update", {"current": 50, "label": "Row"})
    await page.evaluate("progress.set_engine(new Whole(container))")
    assert await page.evaluate("asked") == [
        ["render"],
        ["on_init", INIT | {"current": 50}],
        ["on_update", {"current": 50, "label": "Row"}],
    ]


async def test_an_engine_that_overrides_little_does_no_harm(page: Page) -> None:
    await page.evaluate("progress.set_engine(new ModuleProgressBar.EngineInterface(container))")
    await tell(page, "init", INIT)
    await tell(page, "update", {"current": 50, "label": "Row"})
    assert await page.evaluate("progress.engine.values") == INIT | {"current": 50, "label": "Row"}
    assert await page.evaluate("progress.engine.format_progression('{{ progress }} %', 25)") == "25 %"


async def test_an_engine_wants_a_container(page: Page) -> None:
    with pytest.raises(Exception, match="Expected an element to draw the progress in, got null"):
        await page.evaluate("new Hooks(document.querySelector('#missing'))")
