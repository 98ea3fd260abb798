"""The live page where clients are spread over processes, from a page and from a terminal."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.cluster import servers_on
from tests.support.process import run_python
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers
from tests.support.waiting import until
from tornado_websockets.live.looking import PATH

SHARED = {"TEST_LAYER": "pubsub"}


@pytest.fixture(scope="module")
def live_servers(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_on(redis, database, tmp_path_factory.mktemp("live")) as servers:
        yield servers


@pytest.fixture
async def both(live_servers: Servers) -> AsyncIterator[list[Server]]:
    """A uvicorn and a Tornado on one layer."""
    starts = (asyncio.to_thread(live_servers.get, kind, **SHARED) for kind in ("uvicorn", "tornado"))
    first, second = await asyncio.gather(*starts)
    async with first.visit() as here, second.visit() as there:
        yield [here, there]


async def log_in(server: Server, page: str) -> dict[str, str]:
    cookies = (await server.request(f"/accounts/{page}")).cookies
    return {"Cookie": "; ".join(f"{cookie}={value}" for cookie, value in cookies.items())}


async def seen_by(staff: SocketClient, path: str, count: int) -> list[dict[str, str]]:
    """What the staff is shown of the connections of a path, once there are so many; each has its process' name, too."""
    id_ = f"look-{count}"
    await staff.send(json.dumps({"event": "look", "id": id_}))
    while True:
        frame = await staff.receive()
        if frame.get("id") == id_:
            processes = frame["part"]["processes"]
            rows = [{**row, "process": each["name"]} for each in processes for row in each["connections"]]
            found = [row for row in rows if row["path"] == path]
            if len(found) == count:
                return found


@pytest.mark.parametrize("first", [0, 1], ids=["from uvicorn", "from tornado"])
async def test_the_staff_sees_all_processes_and_disconnects_a_client_of_another(
    both: list[Server], key: str, first: int
) -> None:
    here, there = both[first], both[1 - first]
    path = f"/people/{key}"
    staff = await here.connect(PATH, await log_in(here, f"log-in-staff/staff-{key}"))
    ada = await there.connect(path, await log_in(there, f"log-in/ada-{key}"))
    other = await here.connect(path)
    rows = await seen_by(staff, path, 2)
    assert len({row["process"] for row in rows}) == 2
    (row,) = [row for row in rows if row["name"] == f"ada-{key}"]
    await staff.send(json.dumps({"event": "disconnect", "id": "disconnect", "data": {"id": row["id"]}}))
    assert (await ada.closed())[0] == 4403
    assert await other.settle() == []
    assert len(await seen_by(staff, path, 1)) == 1
    assert here.log.count(rf"staff-{key}.*disconnects.*ada-{key}.*{path}.*{row['id']}") == 1


async def test_a_terminal_shows_the_same(both: list[Server], redis: RedisServer, key: str) -> None:
    path = f"/people/{key}"
    for server in both:
        await server.connect(path, await log_in(server, f"log-in/ada-{key}"))
    arguments = ("-m", "django", "websockets", "--live", "--find", key)
    printed = await run_python(
        *arguments, TEST_REDIS=redis.url, DJANGO_SETTINGS_MODULE="tests.project.settings", **SHARED
    )
    lines = [line.split() for line in printed.splitlines()]
    assert [path, "2"] in lines
    assert len({line[3] for line in lines if line[:1] == [f"ada-{key}"] and path in line}) == 2


async def scraped_of(server: Server, count: int) -> str:
    """What a server says of so many processes: one that is too busy to answer the first time is waited for the next."""

    async def is_of_all() -> bool:
        nonlocal text
        text = (await server.request("/metrics")).text
        return f"\ntornado_websockets_processes {count}\n" in text

    text = ""
    await until(is_of_all)
    return text


async def test_one_scrape_has_the_numbers_of_both(both: list[Server], key: str) -> None:
    await both[0].connect(f"/people/{key}")
    await scraped_of(both[1], 2)  # which has no clients, and answers because it is asked itself
    await both[1].connect(f"/people/{key}")
    for server in both:
        text = await scraped_of(server, 2)
        counts = re.findall(r"^tornado_websockets_connections\{process=.*:(\d+)\"\} 1$", text, re.MULTILINE)
        assert {int(pid) for pid in counts} == {each.pid for each in both}
        delays = re.findall(r"^tornado_websockets_relay_delay_seconds\{.*\} (.*)$", text, re.MULTILINE)
        assert [0 < float(delay) < 5 for delay in delays] == [True, True]
