"""Pages of 0.1 and 0.2 with the scripts of then, under every storage of static files; row for row what they did."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.pages import Pages, until
from tests.browser.proxy import Proxy
from tests.example.chat_server import ChatServer, manage

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

STORAGES = {
    "plain": "django.contrib.staticfiles.storage.StaticFilesStorage",
    "manifest": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    "whitenoise": "whitenoise.storage.CompressedManifestStaticFilesStorage",  # it keeps hashed names only
}
LINES = ["0.1/", "0.2/"]


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=STORAGES)
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatServer]:
    """The old site, its static files collected."""
    directory = tmp_path_factory.mktemp(request.param)
    variables = {
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "tests.browser.old_site.settings_collected",
        "SECRET_KEY": "only for tests",
        "STATIC_ROOT": str(directory / "static"),
        "STATIC_STORAGE": STORAGES[request.param],
    }
    database = directory / "database.sqlite3"
    await manage(database, "migrate", "--verbosity", "0", **variables)
    await manage(database, "collectstatic", "--no-input", "--verbosity", "0", **variables)
    server = ChatServer(database, **variables)
    await server.start()
    yield server
    await server.stop()
    assert not server.trouble, "\n".join(server.log)


@pytest_asyncio.fixture(loop_scope="session")
async def site(browser: Browser, server: ChatServer) -> AsyncIterator[Pages]:
    """The pages, with no network in between."""
    pages = Pages(browser, server.url)
    yield pages
    await pages.close()
    assert pages.errors == []


async def wait_for(page: Page, expression: str, value: Any) -> None:
    """Wait until an expression of the page has a value."""

    async def has_value() -> bool:
        return bool(await page.evaluate(expression) == value)

    await until(has_value, f"{expression} to be {value!r}")


async def open_line(site: Pages, line: str) -> Page:
    """Open a page, and wait until all its connections are open."""
    page = await site.open(line)
    await wait_for(page, "opened", 2 if line == "0.1/" else 1)
    return page


async def test_scripts_of_0_1_are_found_and_define_their_names(site: Pages) -> None:
    page = await site.open("0.1/")
    names = ["TornadoWebSocket", "tws", "ProgressBarModule"]
    assert await page.evaluate("names => names.map(name => typeof window[name])", names) == ["function"] * 3
    assert await page.evaluate("TornadoWebSocket('/my_chat') instanceof TornadoWebSocket")


async def test_scripts_of_0_2_are_found_and_define_their_names(site: Pages) -> None:
    page = await site.open("0.2/")
    names = ["TornadoWebSocket", "ModuleProgressBar"]
    assert await page.evaluate("names => names.map(name => typeof window[name])", names) == ["function"] * 2


@pytest.mark.parametrize("line", LINES)
async def test_a_page_speaks_with_the_server_and_one_callback_hears(site: Pages, line: str) -> None:
    page = await open_line(site, line)
    await page.get_by_role("button", name="Say").click()
    await wait_for(page, "heard", ["Hello"])


@pytest.mark.parametrize("line", LINES)
async def test_what_is_no_object_arrives_as_a_message(site: Pages, line: str) -> None:
    page = await open_line(site, line)
    await page.evaluate("for (const data of [42, 0, true, false]) ws.emit('echo', data)")
    await wait_for(page, "heard", [{"message": 42}, {"message": 0}, {"message": True}, {"message": False}])


async def test_in_0_1_message_is_an_event_of_the_server(site: Pages) -> None:
    page = await open_line(site, "0.1/")
    await page.evaluate("ws.emit('shout', { text: 'Hey' }); ws.emit('echo', 1)")
    await wait_for(page, "heard", [["message", {"text": "Hey"}], {"message": 1}])


async def test_the_bar_of_0_1_has_a_websocket_of_its_own(site: Pages) -> None:
    page = await open_line(site, "0.1/")
    bar = page.get_by_role("progressbar")
    await expect(page.locator("#bar .job-label")).to_have_text("Ready")

    await page.evaluate("progress.emit('start')")
    await wait_for(page, "done", 1)
    await expect(bar).to_have_attribute("aria-valuenow", "5")
    await expect(page.locator("#bar .progressbar-row > :first-child")).to_have_text("100 %")
    await expect(page.locator("#bar .job-label")).to_have_text("Job 5")
    assert await page.evaluate("progress.websocket.path") == "/module/progress_bar/jobs"


async def test_an_engine_of_a_page_of_0_2_shows_the_progress(site: Pages) -> None:
    page = await open_line(site, "0.2/")
    await page.evaluate("ws.emit('work')")
    await wait_for(page, "done", 1)

    text = page.locator("#bar > p")
    await expect(text).to_have_text("100 %")
    await expect(text).to_have_attribute("data-max", "5")
    await expect(text).to_have_attribute("data-current", "5")
    await expect(page.locator("#bar > i")).to_have_text("Step 5")
    assert await page.evaluate("[progress.min, progress.max, progress.current, progress.progression]") == [0, 5, 5, 100]


@pytest.mark.parametrize("server", ["plain"], indirect=True)
@pytest.mark.parametrize(("line", "count"), [("0.1/", 2), ("0.2/", 1), ("today/", 1)])
async def test_a_lost_connection_stays_lost(pages: Pages, proxy: Proxy, line: str, count: int) -> None:
    page = await pages.open(line)
    await wait_for(page, "opened", count)
    made: list[str] = []
    page.on("websocket", lambda websocket: made.append(websocket.url))
    await page.clock.install()
    await proxy.cut()
    await wait_for(page, "closes", [1006] * count)

    await page.clock.run_for(60_000)  # ms
    assert await page.evaluate("[opened, closes.length]") == [count, count]
    assert made == []


async def test_modules_and_the_script_of_the_tag_share_one_class(site: Pages) -> None:
    page = await site.open("today/")
    await wait_for(page, "typeof modules", "object")
    assert await page.evaluate("modules.TornadoWebSocket === TornadoWebSocket")
    assert await page.evaluate("modules.Module === TornadoWebSocket.Module")
    assert await page.evaluate("new modules.ModuleProgressBar() instanceof TornadoWebSocket.Module")
    await wait_for(page, "ws.state", "open")
