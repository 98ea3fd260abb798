"""The application of 2016 in a browser, as it stands: on Tornado, where it was written for, and on daphne."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Locator, Page, WebSocket, expect

from tests.browser.chromium import chromium, collect_errors
from tests.browser.pages import PATIENCE, until
from tests.support.client import Refused
from tests.support.process import PLAIN_PYTHON, ROOT, Process, free_port
from tests.support.sockets import SocketClient
from tests.upgrading.expected import APPLICATION

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all tests

RESTARTS = 3

#: States of a client's WebSocket, which is gone once it has closed.
OPEN, GONE = 1, None

#: How each server is started, and what it says then.
COMMANDS = {
    "runtornado": (("{project}/manage.py", "runtornado", "127.0.0.1:{port}"), "Tornado serves on "),
    "daphne": (
        ("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "tests.upgrading.asgi:application"),
        "Listening on TCP address ",
    ),
}


class Site:
    """The application on one server, which can be started again on its port.

    :param kind: a key of :data:`COMMANDS`.
    :param directory: of the application.
    """

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._logs = count()
        self._process: Process | None = None

    async def start(self) -> None:
        arguments, listening = COMMANDS[self.kind]
        command = [argument.format(project=self._directory, port=self.port) for argument in arguments]
        log = self._directory / f"server-{next(self._logs)}.log"
        path = os.pathsep.join([str(self._directory), str(ROOT)])
        variables = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONDEVMODE": "", "PYTHONPATH": path}
        self._process = Process((*PLAIN_PYTHON, *command), log, variables)
        await asyncio.to_thread(self._process.wait_for, listening)

    async def stop(self) -> None:
        """Ask it to stop, and look at what it has written."""
        if self._process is not None:
            await asyncio.to_thread(self._process.stop)
            self._process.log.check()
            self._process = None

    async def connect(self, path: str) -> SocketClient:
        """A new client of a WebSocket."""
        return await SocketClient.connect(f"ws://127.0.0.1:{self.port}/ws{path}", {})

    @asynccontextmanager
    async def hearing(self, path: str) -> AsyncIterator[SocketClient]:
        """A client for as long as the block runs."""
        client = await self.connect(path)
        try:
            yield client
        finally:
            await client.close()

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and text of what a page answers."""
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(self.url + path)
        return response.status_code, response.text


async def heard(client: SocketClient, event: str) -> Any:
    """The data of the next ``event``, whatever comes before."""
    while (frame := await client.receive())["event"] != event:
        pass
    return frame["data"]


class Tab:
    """A page whose timers run when they are told to.

    :param client: what the page calls its client.
    :param path: of the client's WebSocket.
    :ivar connections: URLs of those that the client has made.
    """

    def __init__(self, page: Page, client: str, path: str) -> None:
        self.page = page
        self.client = client
        self.connections: list[str] = []
        self._path = path
        self._errors = collect_errors(page)
        page.on("dialog", self._answer)
        page.on("websocket", self._note)

    async def open(self, url: str) -> None:
        await self.page.clock.install(time=0)
        await self.page.clock.pause_at(1)
        await self.page.goto(url)
        await self.wait_for_state(OPEN)

    async def wait_for_state(self, state: int | None) -> None:
        async def is_reached() -> bool:
            return bool(await self.page.evaluate(f"{self.client}.websocket?.readyState") == state)

        await until(is_reached, f"{self.client} to be {state}")

    async def close(self) -> None:
        await self.page.context.close()
        assert self._errors == []

    def _note(self, websocket: WebSocket) -> None:
        if websocket.url.endswith(self._path):
            self.connections.append(websocket.url)

    async def _answer(self, dialog: Dialog) -> None:
        await dialog.accept("Ana")


class ChatTab(Tab):
    """The page of 0.1, which loads itself again five seconds after its connection was lost."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "ws", "/ws/chat")

    async def say(self, text: str) -> None:
        await self.page.locator("#text").fill(text)
        await self.page.get_by_role("button", name="Say").click()

    def said(self, text: str) -> Locator:
        return self.page.locator("#lines li", has_text=text)

    async def come_back(self) -> None:
        async with self.page.expect_navigation():
            await self.page.clock.fast_forward(5_000)


class JobsTab(Tab):
    """The page of 0.2, which connects again a second after its connection was lost."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "tws", "/ws/jobs")

    async def add(self, note: str) -> None:
        await self.page.locator("#text").fill(note)
        await self.page.get_by_role("button", name="Add").click()

    def noted(self, text: str) -> Locator:
        return self.page.locator("#notes li", has_text=text)

    async def come_back(self) -> None:
        await self.page.clock.fast_forward(1_000)


class Pages(NamedTuple):
    """What is open in the browser for all tests of a server."""

    chat: ChatTab
    jobs: JobsTab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        expect.set_options(timeout=PATIENCE * 1000)
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=COMMANDS)
async def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The application, its static files where Tornado looks for them."""
    directory = tmp_path_factory.mktemp(request.param) / "project"
    shutil.copytree(APPLICATION, directory)
    for static in (APPLICATION / "chat" / "static", ROOT / "tornado_websockets" / "static"):
        shutil.copytree(static, directory / "collected", dirs_exist_ok=True)
    site = Site(request.param, directory)
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(browser: Browser, site: Site) -> AsyncIterator[Pages]:
    """One page of each kind; in the end neither may have complained on its console."""
    pages = Pages(ChatTab(await browser.new_page()), JobsTab(await browser.new_page()))
    await pages.chat.open(f"{site.url}/")
    await pages.jobs.open(f"{site.url}/jobs/")
    yield pages
    for tab in pages:
        await tab.close()


async def test_what_is_said_reaches_everybody(pages: Pages, site: Site) -> None:
    async with site.hearing("/chat") as other:
        await pages.chat.say("Hello")
        await expect(pages.chat.said("somebody: Hello")).to_have_count(1)
        assert await heard(other, "message") == {"name": "somebody", "text": "Hello"}
    _, text = await site.ask("/")  # the methods of one object are the handlers, and the view shows what it has kept
    assert "<li>Hello</li>" in text


async def test_threads_and_timers_of_handlers_reach_the_others(pages: Pages, site: Site) -> None:
    async with site.hearing("/chat") as other:
        await pages.chat.page.evaluate("ws.emit('ring')")
        assert [await heard(other, "rang") for _ in range(3)] == [{"number": number} for number in range(3)]
        await pages.chat.page.evaluate("ws.emit('remind', {text: 'Tea'})")
        assert await heard(other, "reminded") == {"text": "Tea"}


async def test_both_progress_bars_show_how_far_it_is(pages: Pages) -> None:
    page = pages.jobs.page
    await expect(page).to_have_title("5")  # of the bar of 0.1, which has a WebSocket of its own
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("#rows progress")).to_have_attribute("aria-valuetext", "Row 5, 100%")
    await expect(page).to_have_title("Busy")  # by an engine of the page's own


async def test_a_module_and_a_coroutine_speak_with_the_page(pages: Pages, site: Site) -> None:
    async with site.hearing("/jobs") as other:
        await other.emit("module_notes_add", {"text": "Milk"})
        await expect(pages.jobs.noted("Milk")).to_have_count(1)
        await other.emit("slowly")
        assert await heard(other, "slowly") == {"done": True}


async def test_an_emit_in_a_view_raises_what_is_documented(site: Site) -> None:
    assert await site.ask("/shout/") == (409, "shouted on /chat")


async def test_a_handler_of_tornado_s_own_kind_is_served_by_tornado(site: Site) -> None:
    if site.kind != "runtornado":
        with pytest.raises(Refused):
            await site.connect("/operators")
        return
    async with site.hearing("/operators") as operator:
        for number in (1, 2):
            await operator.emit("count")
            assert await operator.expect("counted") == {"received": number}


async def test_one_submit_is_one_message_after_restarts(pages: Pages, site: Site) -> None:
    for number in range(1, RESTARTS + 1):
        await site.stop()
        for tab in pages:
            await tab.wait_for_state(GONE)
        await site.start()
        for tab in pages:
            await tab.come_back()
            await tab.wait_for_state(OPEN)
            assert len(tab.connections) == 1 + number  # it came back when the page wanted, and no other time

    async with site.hearing("/chat") as chat, site.hearing("/jobs") as jobs:
        for text in ("Once", "The last"):
            await pages.chat.say(text)
            await pages.jobs.add(text)
        for other, event in ((chat, "message"), (jobs, "module_notes_added")):
            assert [(await heard(other, event))["text"] for _ in range(2)] == ["Once", "The last"]
