"""Where a client of a real page connects to."""

import pytest
from playwright.async_api import Page

from tests.browser.pages import Pages

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

# A worker has the script, and no page; what it is made of is its address.
WORKER = """
async (kind) => {
  const script = document.querySelector("script[src$='tornadowebsocket.js']").src;
  const text = await (await fetch(script)).text() + `
    try {
      const tws = new TornadoWebSocket("/my_chat", {reconnect: false});
      tws.on("open", () => postMessage("open " + tws.url));
      tws.on("close", () => postMessage("close " + tws.url));
    } catch (error) {
      postMessage(String(error));
    }`;
  const data = `data:text/javascript,${encodeURIComponent(text)}`;
  const address = kind === "blob" ? URL.createObjectURL(new Blob([text])) : data;
  return new Promise((resolve) => (new Worker(address).onmessage = ({data}) => resolve(data)));
}
"""

MODULE = """
(prefix) => new Promise((resolve) => {
  window.tell = resolve;
  const source = document.querySelector("script[src$='tornadowebsocket.js']").src.replace(/js$/, "mjs");
  const script = document.createElement("script");
  script.type = "module";
  if (prefix) script.dataset.prefix = prefix;
  script.textContent = `
    import TornadoWebSocket from ${JSON.stringify(source)};
    tell(new TornadoWebSocket("/my_chat", {auto_connect: false}).url);`;
  document.head.append(script);
})
"""

CLASSIC = """
(prefix) => new Promise((resolve) => {
  delete globalThis[Symbol.for("tornado_websockets.TornadoWebSocket")]; // as if it were the first one of the page
  const script = document.createElement("script");
  script.src = document.querySelector("script[src$='tornadowebsocket.js']").src;
  script.dataset.prefix = prefix;
  script.onload = () => {
    script.remove(); // it is known without
    resolve(new TornadoWebSocket("/my_chat", {auto_connect: false}).url);
  };
  document.head.append(script);
})
"""


async def open_page(pages: Pages) -> tuple[Page, str]:
    """Open a page. Return it, and the host and port it came from."""
    page = (await pages.probe(auto_connect=False)).page
    return page, await page.evaluate("location.host")


async def test_a_worker_made_of_a_blob_connects_to_the_host_of_its_page(pages: Pages) -> None:
    page, host = await open_page(pages)
    assert await page.evaluate(WORKER, "blob") == f"open ws://{host}/ws/my_chat"


async def test_a_worker_made_of_data_is_told_what_it_needs(pages: Pages) -> None:
    page, _ = await open_page(pages)
    assert "Expected the option host" in await page.evaluate(WORKER, "data")


@pytest.mark.parametrize(("prefix", "root"), [("/app", "/app/ws"), ("", "/ws")])
async def test_a_module_finds_the_prefix_on_its_page(pages: Pages, prefix: str, root: str) -> None:
    page, host = await open_page(pages)
    assert await page.evaluate(MODULE, prefix) == f"ws://{host}{root}/my_chat"


async def test_a_classic_script_knows_the_prefix_of_its_element(pages: Pages) -> None:
    page, host = await open_page(pages)
    assert await page.evaluate(CLASSIC, "/app") == f"ws://{host}/app/ws/my_chat"
