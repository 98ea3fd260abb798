"""The kanban board of the tutorial, built from its page block by block, and used as the page says."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.chromium import chromium, collect_errors
from tests.support.documents import ROOT
from tests.support.nginx import Nginx
from tests.support.process import Process, environment, free_port
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.waiting import until

#: The blocks of the page in its order, with their languages.
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "tutorial.md").read_text(), re.MULTILINE | re.DOTALL)

#: The first line of a block that is a file.
FILE = re.compile(r"(?:#|//|/\*|\{#) (?P<path>[\w./]+)(?P<added>, at the end)?(?: \*/| #\})?\n")

#: What a command begins with that goes on until it is stopped.
SERVERS = ("python manage.py runserver", "daphne")

PORT = re.compile(r"\b80\d\d\b")

COMMANDS = [block for language, block in BLOCKS if language == "sh" and not block.startswith(SERVERS)]
BOARD = "/ws/board"


class Board:
    """The folder in which somebody follows the page."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.said: list[str] = []  # by the commands
        self.variables = {"PYTHONPATH": str(ROOT), "PYTHONDEVMODE": "", "DJANGO_SETTINGS_MODULE": "kanban.settings"}

    def write(self, block: str) -> None:
        found = FILE.match(block)
        assert found is not None, block
        path = self.directory / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if found["added"] else "w") as file:
            file.write(block[found.end() :])

    def run(self, commands: str, **variables: str) -> None:
        """Run the commands of a block, none of which may fail."""
        finished = subprocess.run(
            ["bash", "-euc", commands],
            cwd=self.directory,
            env=self._environment(variables),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        self.said += [finished.stdout, finished.stderr]

    @contextlib.contextmanager
    def serve(self, command: str, port: int, **variables: str) -> Iterator[Process]:
        """Run a server of the page on another port than there."""
        given = self._environment(variables)
        here = f"cd '{self.directory}' && exec "
        process = Process(["bash", "-euc", here + PORT.sub(str(port), command)], self.directory / f"{port}.log", given)
        try:
            process.wait_for_port(port)
            yield process
        finally:
            process.stop()
        process.log.check()

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return environment({**self.variables, "PATH": path, **variables})


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Everything that the page says to write, and the commands in between, up to the two processes."""
    board = Board(tmp_path_factory.mktemp("kanban"))
    _environment, *commands = COMMANDS
    for language, block in BLOCKS:
        if language != "sh":
            board.write(block)
        elif block in commands and not block.startswith(("export", "python manage.py shell")):
            board.run(block)
    return board


def test_the_environment_is_made_by_commands_that_there_are() -> None:
    subprocess.run(["bash", "-n", "-c", COMMANDS[0]], check=True)
    [extra] = re.findall(r"clone\[(\w+)\]", COMMANDS[0])
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text()


def test_its_own_tests_pass_and_it_is_listed(board: Board) -> None:
    said = "\n".join(board.said)
    assert re.search(r"Ran 2 tests.*^OK$", said, re.MULTILINE | re.DOTALL)
    assert all(f"takes {event}(data" in said for event in ("add", "move", "remove"))


async def test_two_windows_show_the_same(board: Board) -> None:
    [command] = [block.strip() for _, block in BLOCKS if block.startswith("python manage.py runserver")]
    port = free_port()
    with board.serve(f"{command} --noreload", port):
        async with chromium() as browser:
            one, other = await browser.new_page(), await browser.new_page()
            errors = [collect_errors(page) for page in (one, other)]
            for page in (one, other):
                await page.goto(f"http://127.0.0.1:{port}/")
            await other.get_by_text("2 here").wait_for()
            await one.get_by_label("New card").fill("Buy milk")
            await one.get_by_role("button", name="Add").click()
            await other.locator("#todo li", has_text="Buy milk").wait_for()
            await other.get_by_role("combobox").select_option("done")
            await one.locator("#done li", has_text="Buy milk").wait_for()
            await one.reload()
            assert await one.locator("#done li > span").all_text_contents() == ["Buy milk"]
            await one.get_by_role("combobox").select_option(label="Remove")
            await other.locator("li").first.wait_for(state="detached")
            assert errors == [[], []]


async def test_two_processes_behind_nginx_lose_nothing_when_one_stops(
    board: Board, nginx_program: str, mortal_redis: RedisServer, tmp_path: Path
) -> None:
    commands = [block.strip() for _, block in BLOCKS if block.startswith("daphne")]
    [exported] = [block for block in COMMANDS if block.startswith("export")]
    [shell] = [block for block in COMMANDS if block.startswith("python manage.py shell")]
    given = dict(re.findall(r"(\w+)=(\S+)", exported.splitlines()[0])) | {"REDIS_URL": mortal_redis.url}
    board.run(exported, **given)
    assert any("no issues" in text for text in board.said)
    ports = free_port(), free_port()
    site = (board.directory / "kanban.conf").read_text().replace("/srv/kanban", str(board.directory))
    for written, port in {"8080": "PORT", "8001": str(ports[0]), "8002": str(ports[1])}.items():
        site = site.replace(written, port)
    with board.serve(commands[0], ports[0], **given) as first, board.serve(commands[1], ports[1], **given):
        nginx = Nginx(nginx_program, tmp_path, site)
        try:
            async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{nginx.port}") as http:
                assert "New card" in (await http.get("/")).text
                assert "TornadoWebSocket" in (await http.get("/static/cards/board.js")).text
            pages = [await SocketClient.connect(f"ws://127.0.0.1:{port}{BOARD}", {}) for port in (*ports, nginx.port)]
            await asyncio.to_thread(board.run, shell, **given)
            for page in pages:
                assert (await hear(page, "card_created"))["text"] == "From the shell"
            position = await hello(pages[0], None)
            first.terminate()
            await until(lambda: is_gone(first))
            back = await SocketClient.connect(f"ws://127.0.0.1:{nginx.port}{BOARD}", {})
            await back.emit("add", {"text": "Meanwhile"})
            await hear(pages[1], "card_created")
            late = await SocketClient.connect(f"ws://127.0.0.1:{nginx.port}{BOARD}", {})
            welcome = await hello(late, position["at"])
            assert welcome["recovered"]
            assert [event["data"]["text"] for event in welcome["events"]] == ["Meanwhile"]
            for page in (*pages, back, late):
                await page.close()
        finally:
            nginx.stop()


async def hello(client: SocketClient, since: object) -> Any:
    await client.emit("tws.hello", {"since": since, "ids": []})
    return await hear(client, "tws.welcome")


async def hear(client: SocketClient, event: str) -> Any:
    """The data of the next such event, whatever comes before it."""
    while (frame := await client.receive())["event"] != event:
        pass
    return frame["data"]


async def is_gone(process: Process) -> bool:
    return not process.is_running
