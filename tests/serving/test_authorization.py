"""How long ``authorize`` may take, whom it keeps waiting, and what becomes of what it raises."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.transports import SERVERS, Servers
from tests.support.waiting import until
from tests.tornado.application import Raw
from tornado_websockets.serving.authorization import MOST_THREADS

#: ``AUTHORIZE_TIMEOUT`` of :func:`hasty`, in seconds.
TIMEOUT = 1.0


@pytest.fixture(params=SERVERS)
async def hasty(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each of the servers, where ``authorize`` may not take long."""
    settings = json.dumps({"AUTHORIZE_TIMEOUT": TIMEOUT})
    async with servers.get(request.param, TEST_TORNADO_WEBSOCKETS=settings).visit() as server:
        yield server


async def status(server: Server, path: str) -> int:
    """What the handshake is answered with."""
    try:
        await server.connect(path)
    except Refused as refusal:
        return refusal.status
    return 101


@contextlib.asynccontextmanager
async def attempts(server: Server, path: str, count: int) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """So many handshakes that go on meanwhile. Of those that take five seconds daphne itself refuses some."""
    tasks = [asyncio.create_task(server.connect(path)) for _ in range(count)]
    try:
        yield tasks
    finally:
        await asyncio.gather(*tasks, return_exceptions=True)


async def unlock(server: Server, key: str) -> None:
    await (await server.connect("/porter")).request("unlock", {"key": key})


async def names_of_threads(server: Server, path: str) -> list[str]:
    answer = await (await server.connect("/porter")).request("name_threads")
    return [name for name in answer["names"] if name.startswith(f"WebSocket {path} authorize")]


async def test_slow_guard_keeps_nobody_else_waiting(server: Server) -> None:
    async with attempts(server, "/slow-guard", 30) as waiting:
        porter = await server.connect("/porter")
        while await porter.request("count_undecided") < 30:
            pass
        delays = []
        for _ in range(5):
            began = time.monotonic()
            await server.connect("/quick-guard")
            delays.append(time.monotonic() - began)
        assert not any(task.done() for task in waiting)
    assert max(delays) < 0.5
    threads = await names_of_threads(server, "/slow-guard")
    assert len(threads) == MOST_THREADS


async def test_guard_that_blocks_for_too_long_refuses(hasty: Server, key: str) -> None:
    began = time.monotonic()
    assert await status(hasty, f"/stuck/{key}") == 403
    assert TIMEOUT <= time.monotonic() - began < TIMEOUT + 2
    assert hasty.log.count(rf"Refused a connection to '/ws/stuck/{key}': .* within 1 s \(AUTHORIZE_TIMEOUT\)") == 1
    await unlock(hasty, key)


async def test_guard_that_waits_for_too_long_is_cancelled_and_refuses(hasty: Server, key: str) -> None:
    assert await status(hasty, f"/locked/{key}") == 403
    assert hasty.log.notes(key) == ["asked", "done"]
    assert hasty.log.count(rf"Refused a connection to '/ws/locked/{key}': .* within 1 s \(AUTHORIZE_TIMEOUT\)") == 1


async def test_guards_that_never_return_hold_a_number_of_threads(hasty: Server, key: str) -> None:
    async with attempts(hasty, f"/stuck/{key}", 3 * MOST_THREADS) as waiting:
        for task in waiting:
            with pytest.raises(Refused):
                await task
    assert len(await names_of_threads(hasty, "/stuck/<slug:key>")) == MOST_THREADS
    assert await status(hasty, "/quick-guard") == 101
    await unlock(hasty, key)
    assert await status(hasty, f"/stuck/{key}") == 101
    assert hasty.log.notes(key) == ["asked"] * (MOST_THREADS + 1)


async def test_nobody_is_asked_for_who_has_left(server: Server, key: str) -> None:
    porter = await server.connect("/porter")
    stay = [await Raw.connect(server.port, f"/ws/stuck/{key}") for _ in range(MOST_THREADS)]
    await server.log.wait_for_notes(key, MOST_THREADS)
    leave = [await Raw.connect(server.port, f"/ws/stuck/{key}") for _ in range(5)]
    while await porter.request("count_undecided") < MOST_THREADS + 5:
        pass
    for raw in leave:
        raw.abort()

    async def are_forgotten() -> bool:
        return bool(await porter.request("count_undecided") <= MOST_THREADS)

    await until(are_forgotten, 4.5, pause=0.05)  # before daphne refuses those that stay
    await porter.request("unlock", {"key": key})
    assert [await raw.status() for raw in stay] == [101] * MOST_THREADS
    for raw in stay:
        raw.abort()
    assert await status(server, f"/stuck/{key}") == 101
    assert server.log.notes(key) == ["asked"] * (MOST_THREADS + 1)


async def test_waiting_guard_is_cancelled_when_its_client_leaves(server: Server, key: str) -> None:
    raw = await Raw.connect(server.port, f"/ws/locked/{key}")
    await server.log.wait_for_notes(key, 1)
    raw.abort()
    assert await server.log.wait_for_notes(key, 2) == ["asked", "done"]
    assert server.log.count("Refused a connection") == 0


@pytest.mark.parametrize("path", ["/exiting-guard", "/aexiting-guard"])
async def test_guard_that_exits_refuses_and_ends_nothing(server: Server, path: str) -> None:
    assert await status(server, path) == 403
    assert "SystemExit: 3" in await server.log.wait_for_error("authorize failed")
    assert await status(server, "/quick-guard") == 101


@pytest.mark.parametrize("path", ["/raising-guard", "/araising-guard"])
async def test_guard_that_raises_no_exception_refuses(server: Server, path: str) -> None:
    assert await status(server, path) == 403
    assert "NoException: in authorize" in await server.log.wait_for_error("authorize failed")


async def test_guard_that_raises_a_cancellation_refuses(server: Server) -> None:
    assert await status(server, "/cancelled-guard") == 403
    assert "CancelledError" in await server.log.wait_for_error("authorize failed")


async def test_guard_that_says_no_is_logged_once(server: Server, key: str) -> None:
    assert await status(server, f"/noted-guard/{key}") == 403
    assert server.log.count(rf"Refused a connection to '/ws/noted-guard/{key}': it is not authorized$") == 1
    assert server.log.count("Refused") == 1
