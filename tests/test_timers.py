"""Timers that plain handlers set by Tornado's names: they run on the loop that serves, on every server."""

from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient
from tests.support.communicator import InProcess
from tests.tornado.old_project import VIEWS
from tests.tornado.server import running

Anyhow = Server | InProcess

WAYS = ["add_callback", "spawn_callback", "call_later", "call_at", "add_timeout", "add_timeout of a timedelta"]


@pytest.fixture
async def client(anyhow: Anyhow, key: str) -> AnyClient:
    return await anyhow.connect(f"/timers/{key}")


async def serving_loop(client: AnyClient) -> int:
    loop: int = (await client.request("loop"))["loop"]
    return loop


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("way", WAYS)
async def test_callback_runs_on_the_serving_loop(client: AnyClient, way: str, is_async: bool) -> None:
    for of in ("current", "instance"):
        await client.emit("set_timer", {"way": way, "of": of, "is_async": is_async})
        assert await client.expect("ran") == {"way": way, "loop": await serving_loop(client)}


async def test_timer_can_be_removed(client: AnyClient) -> None:
    await client.emit("cancel_timer")
    assert (await client.expect("ran"))["way"] == "later"


async def test_periodic_callback_runs_until_it_is_stopped(client: AnyClient) -> None:
    await client.emit("start_period")
    for _ in range(3):
        assert (await client.expect("ran"))["way"] == "period"
    await client.request("stop_period")
    client.transcript.clear()
    await client.emit("cancel_timer")  # another one, which runs after several periods
    assert (await client.expect("ran"))["way"] == "later"
    assert await client.settle() == []


async def test_timer_runs_though_the_handler_has_run_something_async_itself(client: AnyClient) -> None:
    await client.emit("run_until_complete", id=1)
    frames = {frame["event"]: frame["data"] for frame in (await client.receive(), await client.receive())}
    assert frames["reply"] == {"answer": 42}
    assert frames["ran"]["way"] == "after running"


@pytest.mark.parametrize("where", ["thread", "timer", "executor"])
async def test_timer_that_a_thread_of_a_handler_sets_runs(client: AnyClient, where: str) -> None:
    for of, way in (("current", "call_later"), ("instance", "add_callback")):
        await client.emit("set_timer_elsewhere", {"where": where, "way": way, "of": of})
        assert await client.expect("ran") == {"way": way, "loop": await serving_loop(client)}


async def test_timer_runs_after_asyncio_run(client: AnyClient) -> None:
    await client.emit("run", id=1)
    frames = {frame["event"]: frame["data"] for frame in (await client.receive(), await client.receive())}
    assert frames["reply"] == {"answer": 42}
    assert frames["ran"] == {"way": "after running", "loop": await serving_loop(client)}
    await client.emit("set_timer", {"way": "call_later", "of": "current", "is_async": False})
    assert (await client.expect("ran"))["loop"] == await serving_loop(client)


@pytest.mark.parametrize("way", ["task", "add_handler", "run_sync", "start", "close"])
async def test_what_needs_the_loop_s_own_thread_names_async_def(client: AnyClient, way: str) -> None:
    assert "async def" in await client.request("forbidden", {"way": way})
    await client.request("loop")  # which goes on


async def test_timer_of_a_view_runs_on_tornado(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        await server.request("/timer?key=view")
        assert await server.log.wait_for_notes("view", 1) == ["ran"]


PERIODIC = """
from tornado.ioloop import PeriodicCallback

periodic = PeriodicCallback(lambda: print("ticked", flush=True), 50)
periodic.start()
"""


async def test_period_of_a_module_runs_on_tornado(tmp_path: Path, old_project: dict[str, str]) -> None:
    (tmp_path / "old" / "views.py").write_text(PERIODIC + VIEWS, encoding="utf-8")
    with running(tmp_path, old_project, arguments=()) as server:
        await server.log.wait_for(r"(ticked\n){3}")
