"""What a real page makes of a history, of answers in parts, of questions and of people; the minified scripts, too.

The server is one of the test's own, which says what the contract's server says at the moment that the test wants.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tests.browser.chromium import collect_errors
from tests.support.npm import CLIENT, ROOT

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

PATIENCE = 15  # seconds

SCRIPTS = {
    "tornadowebsocket.min.js": '<script src="/script"></script>',
    "tornadowebsocket.min.mjs": """
        <script type="module">
          import TornadoWebSocket from "/script";
          window.TornadoWebSocket = TornadoWebSocket;
        </script>""",
}

#: {"e": 1, "A": 1} as `{% websocket_position %}` writes it.
POSITION = "eyJlIjoxLCJBIjoxfQ"

CLIENT_OF_PAGE = """
(options) => {
  window.heard = [];
  window.tws = new TornadoWebSocket("/room", options);
  for (const event of ["said", "reconnected", "gap", "presence"]) tws.on(event, (data) => heard.push([event, data]));
}
"""

TAKE_TWO_PARTS = """
async () => {
  const parts = [];
  for await (const part of tws.stream("ask", {question: "Why?"})) {
    parts.push(part);
    if (parts.length === 2) break;
  }
  return parts;
}
"""


def said(number: int) -> dict[str, Any]:
    return {"event": "said", "data": {"number": number}, "at": f"A.{number}"}


class Line:
    """One connection of the page, as the server sees it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def say(self, *frames: dict[str, Any]) -> None:
        for frame in frames:
            await self._connection.send(json.dumps(frame))

    async def welcome(self, id: str, at: dict[str, int], events: list[dict[str, Any]], *, recovered: bool) -> None:
        data = {"id": id, "at": at, "recovered": recovered, "events": events}
        await self.say({"event": "tws.welcome", "data": data})

    async def hear(self) -> Any:
        return json.loads(await asyncio.wait_for(self._connection.recv(), PATIENCE))

    async def cut(self) -> None:
        self._connection.transport.abort()
        await self._connection.wait_closed()


class Site:
    """A page with a script, and the connections of the page, in the order in which they come."""

    url: str

    def __init__(self, name: str) -> None:
        self._page = SCRIPTS[name].encode()
        self._script = (ROOT / CLIENT / name).read_bytes()
        self._lines: asyncio.Queue[Line] = asyncio.Queue()

    async def next(self) -> Line:
        return await asyncio.wait_for(self._lines.get(), PATIENCE)

    def show(self, _: ServerConnection, request: Request) -> Response | None:
        if request.path.startswith("/ws/"):
            return None
        kind, body = ("text/javascript", self._script) if request.path == "/script" else ("text/html", self._page)
        return Response(200, "OK", Headers({"Content-Type": kind, "Content-Length": str(len(body))}), body)

    async def keep(self, connection: ServerConnection) -> None:
        self._lines.put_nowait(Line(connection))
        await connection.wait_closed()


@pytest_asyncio.fixture(loop_scope="session", params=SCRIPTS)
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    site = Site(request.param)
    async with serve(site.keep, "127.0.0.1", 0, process_request=site.show) as server:
        site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page whose client is on its way."""
    context = await browser.new_context()
    page = await context.new_page()
    errors = collect_errors(page)
    await page.goto(site.url)
    await page.evaluate(CLIENT_OF_PAGE, {"since": POSITION, "reconnect_delay": 50})
    yield page
    await context.close()
    assert errors == []


async def wait_for_heard(page: Page, count: int) -> Any:
    await page.wait_for_function("(count) => heard.length >= count", arg=count, timeout=PATIENCE * 1000)
    return await page.evaluate("heard")


async def test_a_page_misses_nothing(page: Page, site: Site) -> None:
    line = await site.next()
    assert await line.hear() == {"event": "tws.hello", "data": {"since": {"e": 1, "A": 1}, "ids": []}}
    await line.welcome("one", {"e": 1, "A": 2}, [said(2)], recovered=True)
    await line.say(said(3))
    await wait_for_heard(page, 2)
    await line.cut()

    line = await site.next()
    assert await line.hear() == {"event": "tws.hello", "data": {"since": {"e": 1, "A": 3}, "ids": ["one"]}}
    await line.say(said(6))
    await line.welcome("two", {"e": 1, "A": 6}, [said(4), said(5)], recovered=True)
    heard = await wait_for_heard(page, 6)
    assert [data["number"] for event, data in heard if event == "said"] == [2, 3, 4, 5, 6]
    assert heard[5] == ["reconnected", {"attempts": 1, "recovered": True, "replayed": 2}]
    assert await page.evaluate("JSON.parse(atob(tws.position))") == {"e": 1, "A": 6}
    assert await page.evaluate("new Headers(tws.headers).get('x-websocket-id')") == "two"


async def test_a_page_takes_parts_answers_and_knows_who_is_here(page: Page, site: Site) -> None:
    line = await site.next()
    await line.hear()
    await line.welcome("one", {"e": 1, "A": 1}, [], recovered=True)
    taken = asyncio.create_task(page.evaluate(TAKE_TWO_PARTS))
    assert await line.hear() == {"event": "ask", "data": {"question": "Why?"}, "id": 1}
    await line.say(*({"event": "reply", "id": 1, "part": {"n": number}} for number in range(3)))
    assert await taken == [{"n": 0}, {"n": 1}]
    assert await line.hear() == {"event": "tws.cancel", "id": 1}

    await page.evaluate("tws.answer('confirm', async ({ text }) => ({ text, isSure: true })), 0")
    await line.say({"event": "confirm", "data": {"text": "Sure?"}, "id": "s1"})
    assert await line.hear() == {"event": "tws.reply", "id": "s1", "data": {"text": "Sure?", "isSure": True}}

    person = {"id": "7", "info": {"name": "Ana"}, "connections": 1}
    await line.say({"event": "presence", "data": {"people": [person]}})
    await wait_for_heard(page, 1)
    assert await page.evaluate("[...tws.people]") == [["7", person]]
