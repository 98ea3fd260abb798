"""Jobs of a worker, seen and cancelled from pages that another process serves; with a real Redis."""

import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.asgi import Server
from tests.support.cluster import servers_on
from tests.support.process import PYTHON, Process
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient

#: Seconds within which a job ends that is cancelled. It is one; a machine has other things to do as well.
SOON = 4.0

#: Seconds within which a worker is heard of; it has to start before.
START = 25.0

PREFIX = "module_progressbar_rows_"

#: What a worker does.
WORKER = """
import sys, time
import django
django.setup()
from tests.project.websockets.jobs import count, rows
from tornado_websockets.exceptions import AlreadyRunning, Cancelled
from tornado_websockets.jobs.clerk import ClerkPace, clerk

bar = rows.at(key=sys.argv[1])
{work}
print("end")
"""

#: A row each 20 ms, until it is cancelled.
ENDLESS = """
try:
    with bar, bar.stage("parse", max=100_000):
        bar.log("begun")
        for row in bar.track(iter(int, 1), label="Row"):
            time.sleep(0.02)
except Cancelled:
    print("cancelled")
"""

#: One second stands for ten.
QUICKLY = "clerk.pace = ClerkPace(renewal=0.4, lifetime=2.0)"

#: One step that takes longer than a run lives unrenewed, in a thread that goes on when the main one has ended.
LONG = """
import threading

def work():
    with bar:
        bar.tick("one")
        time.sleep(3)
        bar.tick("two")

threading.Thread(target=work).start()
"""

#: A run that ends with its process, since that does not wait for it.
ABANDONED = """
import threading
begun = threading.Event()

def work():
    with bar:
        begun.set()
        time.sleep(60)

threading.Thread(target=work, daemon=True).start()
begun.wait()
"""

#: A second run of the job, as soon as there may be one; it looks more than once whether it shall end.
SECOND = """
while True:
    try:
        for _ in bar.track(range(10)):
            time.sleep(0.1)
        break
    except AlreadyRunning:
        print("refused")
        time.sleep(0.05)
"""

#: The store, and the layer, lose everything.
FLUSHED = """
from redis import Redis
from tornado_websockets import conf
Redis.from_url(conf.get("STORE")).flushall()
"""

#: Steps that nobody watches.
STEPS = """
for _ in range(3):
    count.tick("Counting")
"""


@pytest.fixture(scope="module")
def redis(redis_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One of these tests' own, which may be emptied."""
    redis = RedisServer(redis_program, tmp_path_factory.mktemp("redis"))
    yield redis
    redis.stop()


@pytest.fixture(scope="module")
def job_server(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A daphne whose clients see what workers do."""
    with servers_on(redis, database, tmp_path_factory.mktemp("jobs")) as servers:
        yield servers.get("daphne", **variables(redis))


@pytest.fixture
async def pages(job_server: Server) -> AsyncIterator[Server]:
    async with job_server.visit() as server:
        yield server


def variables(redis: RedisServer) -> dict[str, str]:
    return {"TEST_LAYER": "core", "TEST_TORNADO_WEBSOCKETS": json.dumps({"STORE": redis.url})}


@pytest.fixture
def start(redis: RedisServer, key: str, tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    """Starts a worker."""
    with ExitStack() as stack:

        def start(work: str) -> Process:
            log = tmp_path / f"{time.monotonic_ns()}.log"
            command = (*PYTHON, "-c", WORKER.format(work=work), key)
            # In development mode it would take as long to start as all that it does.
            worker = Process(command, log, {"TEST_REDIS": redis.url, "PYTHONDEVMODE": "", **variables(redis)})
            stack.callback(worker.kill)
            return worker

        yield start


async def told(client: SocketClient, event: str, prefix: str = PREFIX, **expected: Any) -> dict[str, Any]:
    """The data of the next event of that name in which these values are; what comes before is passed over.

    On a machine that has other things to do, a newcomer may be told by the store a second later.
    """
    while True:
        frame = await client.receive(START)
        data: dict[str, Any] = frame["data"]
        if frame["event"] == prefix + event and expected.items() <= data.items():
            return data


async def test_a_worker_is_cancelled_within_a_second_from_a_page_that_comes_in_the_middle(
    pages: Server, start: Callable[[str], Process], key: str
) -> None:
    early = await pages.connect(f"/jobs/{key}")
    assert await told(early, "init") == {"indeterminate": False, "min": 0, "max": 100, "current": 0}
    worker = start(ENDLESS)
    run = (await told(early, "init", outcome=None))["run"]
    assert await told(early, "stage") == {"name": "parse", "index": 1, "of": 2}
    assert await told(early, "log") == {"line": "begun"}
    await told(early, "update", label="Row")

    late = await pages.connect(f"/jobs/{key}")
    seen = await told(late, "init", outcome=None)
    assert seen.pop("current") > 0
    assert seen == {
        "indeterminate": False,
        "min": 0,
        "max": 100_000,
        "label": "Row",
        "outcome": None,
        "stage": {"name": "parse", "index": 1, "of": 2},
        "log": ["begun"],
        "run": run,
    }

    second = start(SECOND)
    await second.log.wait_for("^refused$", START)

    started = time.monotonic()
    await late.request(PREFIX + "cancel", {"run": run})
    for page in (early, late):
        assert await told(page, "cancelled") == {}
    assert time.monotonic() - started < SOON
    await worker.log.wait_for("^cancelled\nend$", START)

    other = (await told(early, "init", outcome=None))["run"]
    await late.request(PREFIX + "cancel", {"run": run})  # a late click
    assert other != run
    assert await told(early, "done") == {}


async def test_a_run_outlives_all_that_the_store_and_the_layer_know(
    pages: Server, start: Callable[[str], Process], key: str, redis: RedisServer
) -> None:
    page = await pages.connect(f"/jobs/{key}")
    worker = start(ENDLESS)
    run = (await told(page, "init", outcome=None))["run"]
    second = start(FLUSHED + SECOND)
    await second.log.wait_for("^(refused|end)$", START)
    assert "refused" in second.log.text
    second.kill()
    with redis.client() as client:
        client.flushall()
    started = time.monotonic()
    await page.request(PREFIX + "cancel", {"run": run})
    await worker.log.wait_for("^cancelled\nend$", SOON)
    assert time.monotonic() - started < SOON


async def test_a_worker_that_is_killed_has_failed_and_one_that_was_only_away_takes_that_back(
    pages: Server, start: Callable[[str], Process], key: str
) -> None:
    page = await pages.connect(f"/jobs/{key}")
    worker = start(QUICKLY + ENDLESS)
    run = (await told(page, "init", outcome=None))["run"]
    await told(page, "update")
    os.kill(worker.pid, signal.SIGSTOP)
    assert await told(page, "failed") == {}
    late = await pages.connect(f"/jobs/{key}")
    await told(late, "init", outcome="failed")

    os.kill(worker.pid, signal.SIGCONT)
    for client in (page, late):
        assert (await told(client, "init", outcome=None))["run"] == run
    await told(page, "update")

    worker.kill()
    for client in (page, late):
        assert await told(client, "failed") == {}
    third = await pages.connect(f"/jobs/{key}")
    await told(third, "init", outcome="failed")


async def test_a_step_that_takes_longer_than_a_run_lives_unrenewed_has_not_failed(
    pages: Server, start: Callable[[str], Process], key: str
) -> None:
    page = await pages.connect(f"/jobs/{key}")
    start(QUICKLY + LONG)
    await told(page, "update", current=1)
    heard = []
    while (event := (await page.receive())["event"]) != PREFIX + "done":
        heard.append(event.removeprefix(PREFIX))
    assert heard == ["after_update", "before_update", "update", "after_update"]


async def test_a_run_that_ends_with_its_process_has_failed_at_once_and_is_in_nobody_s_way(
    pages: Server, start: Callable[[str], Process], key: str
) -> None:
    page = await pages.connect(f"/jobs/{key}")
    first = start(ABANDONED)
    run = (await told(page, "init", outcome=None))["run"]
    assert await told(page, "failed") == {}
    await first.log.wait_for("^end$", START)
    late = await pages.connect(f"/jobs/{key}")
    assert "run" not in await told(late, "init", outcome="failed")
    second = start(SECOND)
    assert (await told(page, "init", outcome=None))["run"] != run
    await told(page, "done")
    await second.log.wait_for("^end$", START)
    assert "refused" not in second.log.text


async def test_newcomers_are_told_where_bare_steps_of_a_command_have_led(
    pages: Server, start: Callable[[str], Process]
) -> None:
    await start(STEPS).log.wait_for("^end$", START)
    page = await pages.connect("/counting")
    state = {"indeterminate": False, "min": 0, "max": 10, "current": 3, "label": "Counting"}
    assert await told(page, "init", "module_progressbar_count_", label="Counting") == state
