"""A page of React: one connection for all of its components, which render no more than there is anything to see."""

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from websockets.asyncio.client import connect

from tests.browser.chromium import collect_errors
from tests.browser.fragments.conftest import HEAD
from tests.browser.pages import PATIENCE, Tab
from tests.browser.proxy import Proxy
from tests.browser.wire import RefusedBySite, WireSite
from tests.example.chat_server import ChatServer, manage
from tests.support.missing import do_without
from tests.support.npm import CLIENT, ROOT, run
from tests.support.redis import RedisServer
from tests.support.waiting import until

GUIDE = ROOT / "docs/guides/react.md"

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and what it needs, from npm."""
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches React, and what bundles the page.")
    directory = tmp_path_factory.mktemp("react") / "page"
    shutil.copytree(Path(__file__).parent, directory, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (directory / ".npmrc").write_text("install-links=true\n")
    run("npm", "install", "--no-audit", "--no-fund", ROOT / CLIENT, directory=directory)
    return directory


@pytest.fixture(scope="module")
def bundle(program: Path) -> str:
    """What Vite makes of it, as the guide has it."""
    [config] = re.findall(r"```js\n// frontend/vite.config.js\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert "src/main.tsx" in config
    (program / "vite.config.js").write_text(config.replace("src/main.tsx", "page.jsx"))
    # StrictMode does twice what it does twice for those who develop.
    run("npx", "vite", "build", "--mode=development", directory=program, NODE_ENV="development")
    return (program.parent / "shop/static/shop/built/main.js").read_text(encoding="utf-8")


@pytest_asyncio.fixture(loop_scope="session")
async def site(bundle: str) -> AsyncIterator[WireSite]:
    site = WireSite()
    site.pages |= {
        "/": f'{HEAD}<main id="root"></main><script type="module" src="/page.js"></script>',
        "/page.js": bundle,
    }
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Tab, site: WireSite) -> AsyncIterator[Page]:
    """The page, connected."""
    async with tab.visit() as page:
        await page.goto(site.url)
        await expect(page.locator(".line")).to_have_text(["open: nothing"] * 5)
        yield page


async def test_components_share_one_connection_and_all_that_it_brings(page: Page, site: WireSite) -> None:
    await site.publish("said", {"text": "hi"})
    await expect(page.locator(".line")).to_have_text(["open: hi"] * 5)
    assert site.opened == ["/ws/room"]
    assert await page.evaluate("heard") == ["hi", "hi"]  # two components hear it

    await site.stop()
    await expect(page.locator(".line")).to_have_text(["reconnecting: hi"] * 5)
    await site.publish("said", {"text": "missed"})
    await site.start()
    await expect(page.locator(".line")).to_have_text(["open: missed"] * 5)
    assert await page.evaluate("heard") == ["hi", "hi", "missed", "missed"]


async def test_a_burst_renders_once_per_frame_and_is_heard_in_full(page: Page, site: WireSite) -> None:
    before = await page.evaluate("frames")
    for number in range(500):
        await site.publish("said", {"text": str(number)})
    await expect(page.locator(".line")).to_have_text(["open: 499"] * 5)
    rendered, frames, heard, quiet = await page.evaluate("[rendered, frames, heard, quiet]")
    assert rendered / 5 <= frames - before
    assert heard == [str(number) for number in range(500) for _ in range(2)]
    assert quiet <= 6  # what it renders has not changed since it was connected


async def test_in_a_hidden_tab_it_renders_once_a_second(page: Page, site: WireSite) -> None:
    # Browsers draw no frames of a hidden tab, and show all that are driven from outside.
    await page.evaluate("window.requestAnimationFrame = () => 0")
    times = await page.evaluate_handle(
        """() => {
          const times = [performance.now()];
          new MutationObserver(() => times.push(performance.now())).observe(
            document.querySelector(".line"), { characterData: true, subtree: true });
          return times;
        }"""
    )
    for number in range(30):
        await site.publish("said", {"text": str(number)})
        await page.wait_for_timeout(50)
    await expect(page.locator(".line")).to_have_text(["open: 29"] * 5)
    shown = await times.json_value()
    assert len(shown) > 2
    assert min(later - earlier for earlier, later in pairwise(shown)) > 900


async def test_emit_request_and_people(page: Page, site: WireSite) -> None:
    await site.wait_for_frames()
    # StrictMode runs effects twice.
    assert [frame["data"] for frame in site.frames] == [{"name": "Ana"}] * 2
    site.handlers["ask"] = lambda data: {"n": data["n"] + 1}
    await page.get_by_role("button").click()
    await expect(page.get_by_role("button")).to_have_text("Ask 2")

    def refuse(data: dict[str, object]) -> dict[str, object]:
        raise RefusedBySite(code="full", message="")

    site.handlers["ask"] = refuse
    await page.get_by_role("button").click()
    await expect(page.get_by_role("button")).to_have_text("Ask full")

    people = [{"id": number, "info": name, "connections": 1} for number, name in enumerate(["Ana", "Ben"])]
    await site.publish("presence", {"people": people})
    await expect(page.locator("#people")).to_have_text("Ana Ben")
    await site.publish("presence", {"joined": [], "left": [0], "changed": []})
    await expect(page.locator("#people")).to_have_text("Ben")


async def test_the_connection_ends_a_second_after_its_last_user(page: Page, site: WireSite) -> None:
    await page.evaluate("show(false)")
    await page.evaluate("new Promise(resolve => setTimeout(resolve, 300)).then(() => show(true))")
    await expect(page.locator(".line")).to_have_text(["open: nothing"] * 5)
    assert site.opened == ["/ws/room"]

    gone_at = await page.evaluate("(show(false), performance.now())")
    await site.wait_for_connections(0)
    assert await page.evaluate("performance.now()") - gone_at > 900

    await page.evaluate("show(true)")
    await expect(page.locator(".line")).to_have_text(["open: nothing"] * 5)
    assert site.opened == ["/ws/room"] * 2


async def test_a_server_renders_it_without_a_connection(program: Path) -> None:
    run("node", "render.mjs", directory=program)


@pytest_asyncio.fixture(loop_scope="session")
async def example(mortal_redis: RedisServer, tmp_path: Path) -> AsyncIterator[ChatServer]:
    """The example, whose shopping list has its history in Redis."""
    database = tmp_path / "database.sqlite3"
    await manage(database, "migrate", "--verbosity", "0")
    server = ChatServer(database, REDIS_URL=mortal_redis.url)
    await server.start()
    yield server
    await server.stop()
    assert not server.trouble, "\n".join(server.log)


#: Put before the page of React, where a page of the example loads another script.
ROOT_ELEMENT = """
document.body.insertAdjacentHTML("beforeend", '<main id="root" data-path="/shopping" data-event="tws.html"></main>');
"""


async def add(example: ChatServer, text: str) -> None:
    """Put something on the list, as another client does."""
    async with connect(f"ws://127.0.0.1:{example.port}/ws/shopping") as client:
        await client.send(json.dumps({"event": "add", "data": {"text": text}, "id": 1}))
        while (frame := json.loads(await client.recv()))["event"] != "reply":
            pass
        assert "error" not in frame


class TwoPages:
    """The list of the example, which has no script of its own, and the same page with one that is React.

    Their Content Security Policy, which is the example's, is stricter than ``default-src 'self'``.
    """

    def __init__(self, shopping: Page, react: Page) -> None:
        self.shopping, self.react = shopping, react
        self.errors = [collect_errors(page) for page in (shopping, react)]
        self.loaded: list[str] = []
        self.opened: list[str] = []
        shopping.on("request", lambda request: self.loaded.append(request.url))
        react.on("websocket", lambda websocket: self.opened.append(websocket.url))

    async def load(self, url: str, bundle: str) -> None:
        script = f"{ROOT_ELEMENT}{bundle}"
        await self.react.route(
            "**/fragments.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
        )
        for page in (self.shopping, self.react):
            await page.goto(url)
        await expect(self.shopping.get_by_text("Connected", exact=True)).to_be_visible()
        await expect(self.react.locator(".line")).to_have_text(["open: nothing"] * 5)

    async def show(self, *texts: str) -> None:
        """Wait until both have these, and see that they have each once."""
        await expect(self.shopping.locator(".item > :first-child")).to_have_text(texts)
        count = 2 * len(texts)  # two components hear it
        await self.react.wait_for_function("count => heard.length >= count", arg=count, timeout=PATIENCE * 2000)
        heard = [re.findall(r"<span>(.*?)</span>", html)[0] for html in await self.react.evaluate("heard")]
        assert heard == [text for text in texts for _ in range(2)]


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(example: ChatServer) -> AsyncIterator[Proxy]:
    """The network between the pages and the example."""
    proxy = Proxy(example.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def both(browser: Browser, bundle: str, proxy: Proxy) -> AsyncIterator[TwoPages]:
    """Both pages, connected; in the end neither may have complained on its console."""
    expect.set_options(timeout=PATIENCE * 2000)
    context = await browser.new_context()
    both = TwoPages(await context.new_page(), await context.new_page())
    await both.load(f"{proxy.url}list/", bundle)
    yield both
    expect.set_options(timeout=None)
    await context.close()
    assert both.errors == [[], []]


def is_stored(redis: RedisServer, text: str) -> bool:
    """Whether an event of some path has that text."""
    with redis.client() as client:
        return any(text in str(client.xrange(key)) for key in client.scan_iter(_type="stream"))


@pytest.mark.timeout(240)
async def test_pages_survive_two_restarts_of_a_server_with_a_store(
    both: TwoPages, proxy: Proxy, example: ChatServer, mortal_redis: RedisServer
) -> None:
    assert len(both.opened) == 1
    both.loaded.clear()
    await add(example, "Bread")
    await both.show("Bread")

    await example.stop()
    await example.start()
    await add(example, "Milk")  # whether they are back or not
    await both.show("Bread", "Milk")

    proxy.swallow()
    await proxy.cut()
    await add(example, "Tea")
    await until(lambda: is_stored(mortal_redis, "Tea"))  # what is under way dies with the process
    await example.kill()
    await example.start()
    await add(example, "Salt")
    proxy.resume()
    await both.show("Bread", "Milk", "Tea", "Salt")
    assert both.loaded == []

    # What is not to be had any more is read again, by the page that knows how.
    proxy.swallow()
    await proxy.cut()
    with contextlib.closing(sqlite3.connect(example.database, timeout=20)) as connection, connection:
        connection.execute("INSERT INTO shopping_item (text, is_bought) VALUES ('Rice', 0)")
    with mortal_redis.client() as client:
        client.flushall()
    proxy.resume()
    await expect(both.shopping.locator(".item > :first-child")).to_have_text(["Bread", "Milk", "Tea", "Salt", "Rice"])
    assert both.loaded == [f"{proxy.url}list/"]
