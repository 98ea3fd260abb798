"""The live page in a real browser."""

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.browser.chromium import chromium, collect_errors
from tests.support.asgi import Server
from tests.support.transports import Servers

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all tests

PHONE = {"width": 360, "height": 740}

#: Pixels by which a page, or something in it that is shown, is wider than the window.
TOO_WIDE = """() => Math.max(document.documentElement.scrollWidth,
  ...[...document.querySelectorAll("main *")].map((each) => each.getBoundingClientRect().right)) - innerWidth"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def server(servers: Servers) -> AsyncIterator[Server]:
    async with servers.get("uvicorn").visit() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, server: Server, key: str) -> AsyncIterator[Page]:
    """The page, of somebody who may do everything; in the end its console may have said nothing."""
    url = f"http://127.0.0.1:{server.port}"
    cookies = (await server.request(f"/accounts/log-in-staff/page-{key}")).cookies
    context = await browser.new_context(viewport=PHONE, color_scheme="dark")
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = await context.new_page()
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    errors = collect_errors(page)
    await page.goto(f"{url}/websockets/")
    yield page
    await context.close()
    assert errors == []


async def test_what_is_shown_is_text_on_a_phone_too_and_a_click_disconnects(
    page: Page, server: Server, key: str
) -> None:
    word = f"<img src=x onerror=alert(1)>{key}"
    client = await server.connect(f"/mirror/{quote(word)}")
    await page.get_by_label("Find a path, user, address or id").fill(key)
    row = page.locator("#connections tbody tr", has_text=f"/mirror/{word}")
    await expect(row).to_be_visible()
    await expect(page.locator("#status")).to_have_text("Live")
    assert await page.evaluate(TOO_WIDE) <= 0
    await row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"Disconnect nobody in particular from /mirror/{word}?")
    await dialog.get_by_role("button", name="Disconnect").click()
    assert (await client.closed())[0] == 4403
    await expect(row).to_have_count(0)
    assert await page.locator("main img").count() == 0


async def test_events_of_any_name_are_tried_out_by_form_and_as_json(page: Page) -> None:
    await page.get_by_role("tab", name="Try it").click()
    await page.get_by_label("Path", exact=True).select_option("/types")
    await page.get_by_role("button", name="Connect").click()
    await expect(page.locator("#try-status")).to_have_text("Connected")
    await page.get_by_label("Event", exact=True).select_option("order_dataclass")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#try-fields [role=alert]:not(:empty)")).not_to_have_count(0)
    assert await page.evaluate(TOO_WIDE) <= 0
    await page.get_by_label("Event", exact=True).select_option("another one")
    await page.get_by_label("Its name").fill("<b>nothing</b>")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#reply")).to_contain_text("unknown_event")
    await expect(page.locator("#frames [data-direction=sent]").first).to_contain_text("<b>nothing</b>")
    assert await page.locator("#frames b").count() == 0


async def test_what_is_refused_of_an_item_stands_beside_it_also_when_another_one_was_removed(page: Page) -> None:
    await page.get_by_role("tab", name="Try it").click()
    await page.get_by_label("Path", exact=True).select_option("/types")
    await page.get_by_role("button", name="Connect").click()
    await page.get_by_label("Event", exact=True).select_option("order_dataclass")
    items = page.locator("#try-fields .item")
    for _ in range(2):
        await page.get_by_role("button", name="Add one").click()
    await items.first.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Add one").click()
    await expect(items.locator("legend")).to_have_text(["Number 1", "Number 2"])
    for number, price in enumerate(["1.5", "2"]):
        price_field = items.nth(number).get_by_role("spinbutton")
        await price_field.evaluate("(element, price) => { element.step = 'any'; element.value = price }", price)
    await page.get_by_role("button", name="Send").click()
    await expect(items.first.locator("[role=alert]:not(:empty)")).to_have_count(1)
    await expect(items.nth(1).locator("[role=alert]:not(:empty)")).to_have_count(0)


async def test_a_look_that_fails_is_taken_again(page: Page) -> None:
    looks: list[str] = []

    def meet(tab: WebSocketRoute) -> None:
        server = tab.connect_to_server()

        def fail_first(text: str | bytes) -> None:
            frame = json.loads(text)
            looks.append(frame["event"])
            if looks.count("look") > 1 or frame["event"] != "look":
                server.send(text)
            else:
                error = {"code": "handler_error", "message": "The database is away."}
                tab.send(json.dumps({"event": "reply", "id": frame["id"], "error": error}))

        tab.on_message(fail_first)

    await page.route_web_socket("**/ws/tornado_websockets/live", meet)
    await page.clock.install()
    await page.reload()
    await expect(page.locator("#status")).to_have_text("The database is away.")
    await page.clock.run_for(5_000)
    await expect(page.locator("#status")).to_have_text("Live")


#: Which of two WebSockets the page takes for idle, where a process has clients of the first, and so many paths in all.
IDLE = """async (total) => {
  const { idle } = await import(new URL("assets/looking.mjs", location).href);
  const processes = [{ paths: [["/room/1", "/room/<int:number>", 1]], paths_total: total }];
  return idle(processes, ["/room/<int:number>", "/quiet"]).map(({ path }) => path);
}"""


async def test_idle_is_what_nobody_is_at_where_all_paths_are_told_of(page: Page) -> None:
    assert await page.evaluate(IDLE, 1) == ["/quiet"]
    assert await page.evaluate(IDLE, 2) == []
