"""What the example's import refuses, and how it says so."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from tests.example.chat_server import SERVERS, ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the servers
on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)

UNREADABLE = {
    b"": "Expected the columns",
    b"at,temperature\n": "missing: humidity, wind",
    b"at,temperature,humidity,wind\n": "Expected rows",
    b"\xff\xfe": "UTF-8",
    b'at,temperature,humidity,wind\n"x': "Expected a CSV file",
}


class Importing(httpx.AsyncClient):
    """A program that sends files."""

    async def send_file(self, content: bytes) -> httpx.Response:
        headers = {"X-CSRFToken": self.cookies["csrftoken"]}
        return await self.post("start/", files={"file": ("mine.csv", content)}, headers=headers)


#: A file that takes longer to import than anything that these tests do meanwhile.
HOURS = [dt.datetime(2031, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hour) for hour in range(20_000)]
LONG = "\n".join(["at,temperature,humidity,wind", *(f"{hour:%Y-%m-%dT%H:%M},1,50,2" for hour in HOURS)]).encode()


PREFIX = "module_progressbar_rows_"


async def hear(client: ClientConnection, *states: str) -> dict[str, Any]:
    """Return the next report that says so."""
    while (report := json.loads(await client.recv())["data"]).get("state") not in states:
        pass
    return cast("dict[str, Any]", report)


async def hear_of_a_run(client: ClientConnection) -> str:
    """The run that is told of next."""
    while True:
        frame = json.loads(await client.recv())
        if frame["event"] == f"{PREFIX}init" and "run" in frame["data"]:
            return cast("str", frame["data"]["run"])


async def cancel(client: ClientConnection, run: object) -> None:
    await client.send(json.dumps({"event": f"{PREFIX}cancel", "data": {"run": run}}))


@pytest_asyncio.fixture(loop_scope="session")
async def importing(chat_server: ChatServer) -> AsyncIterator[Importing]:
    async with Importing(base_url=f"{chat_server.url}import/") as client:
        await client.get("")
        yield client


@on_every_server
async def test_a_file_that_is_no_table_is_refused(importing: Importing) -> None:
    for content, reason in UNREADABLE.items():
        response = await importing.send_file(content)
        assert response.status_code == 400
        assert reason in response.json()["error"]


async def test_a_file_that_is_too_large_is_refused(importing: Importing) -> None:
    response = await importing.send_file(b"x" * 2_000_001)
    assert response.status_code == 413
    assert response.json()["error"] == "A file has at most 2,000,000 bytes, this one 2,000,001."


async def test_two_imports_at_a_time_are_one_too_many(importing: Importing, chat_server: ChatServer) -> None:
    async with connect(f"ws://127.0.0.1:{chat_server.port}/ws/import") as client:
        answers = await asyncio.gather(*(importing.send_file(LONG) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [202, 409]

        await cancel(client, await hear_of_a_run(client))
        await hear(client, "cancelled", "done")


async def test_a_click_that_comes_late_cancels_no_other_import(importing: Importing, chat_server: ChatServer) -> None:
    row = b"at,temperature,humidity,wind\n2030-01-01T00:00,1,50,2\n"
    async with connect(f"ws://127.0.0.1:{chat_server.port}/ws/import") as client:
        await importing.send_file(row)
        first = await hear_of_a_run(client)
        await hear(client, "done")
        await importing.send_file(LONG)
        second = await hear_of_a_run(client)

        for stale in (first, None, "all", True):
            await cancel(client, stale)
        await client.send(json.dumps({"event": "look"}))
        running = await hear(client, "running")

        await cancel(client, second)
        assert (await hear(client, "cancelled"))["id"] == running["id"]


async def test_moments_that_no_database_can_hold_are_refused(importing: Importing, chat_server: ChatServer) -> None:
    async with connect(f"ws://127.0.0.1:{chat_server.port}/ws/import") as client:
        rows = [f"{at},1,50,2" for at in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "2030-01-01T00:00")]
        await importing.send_file("\n".join(["at,temperature,humidity,wind", *rows]).encode())
        report: dict[str, object] = {}
        while (report.get("rows"), report.get("state")) != (3, "done"):
            report = json.loads(await client.recv())["data"]
            assert report.get("state") != "failed"
        assert (report["added"], report["refused"]) == (1, 2)


async def test_another_site_can_not_start_an_import(importing: Importing) -> None:
    assert (await importing.post("start/")).status_code == 403
