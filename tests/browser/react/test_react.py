"""A page of React: one connection for all of its components, which render no more than there is anything to see."""

import shutil
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.fragments.conftest import HEAD
from tests.browser.pages import Tab
from tests.browser.wire import RefusedBySite, WireSite
from tests.support.missing import do_without
from tests.support.npm import CLIENT, ROOT, run

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

ESBUILD = ["npm", "exec", "--yes", "--package=esbuild@0.28.2", "--", "esbuild", "--log-level=warning"]
#: StrictMode does twice what it does twice for those who develop.
OPTIONS = ["--bundle", "--format=esm", "--jsx=automatic", '--define:process.env.NODE_ENV="development"']


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and what it needs, from npm."""
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches React, and what bundles the page.")
    directory = tmp_path_factory.mktemp("react") / "page"
    shutil.copytree(Path(__file__).parent, directory, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    run("npm", "install", "--no-audit", "--no-fund", "--install-links", ROOT / CLIENT, directory=directory)
    return directory


@pytest.fixture(scope="module")
def bundle(program: Path) -> str:
    run(*ESBUILD, "page.jsx", *OPTIONS, "--outfile=page.js", directory=program)
    return (program / "page.js").read_text(encoding="utf-8")


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
