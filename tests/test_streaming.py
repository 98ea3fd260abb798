"""What a handler emits leaves at once, complete and in order."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient


async def timed(client: AnyClient, event: str, count: int) -> list[float]:
    """When each of the frames of that event came, which count from 0."""
    times: list[float] = []
    while len(times) < count:
        frame = await client.receive()
        if frame["event"] == event:
            assert frame["data"] == {"n": len(times)}
            times.append(asyncio.get_running_loop().time())
    return times


def shortest_pause(times: list[float]) -> float:
    return min(later - earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize("handler", ["count_slowly", "acount_slowly"])
async def test_five_emits_with_pauses_are_five_messages_with_pauses(server: Server, key: str, handler: str) -> None:
    own, other = [await server.connect(f"/stream/{key}") for _ in range(2)]
    await own.emit(handler)
    async with asyncio.TaskGroup() as tasks:
        arrivals = [tasks.create_task(timed(client, "tick", 5)) for client in (own, other)]
    for times in [arrival.result() for arrival in arrivals]:
        assert shortest_pause(times) > 0.05


@pytest.mark.parametrize("handler", ["count_slowly", "acount_slowly"])
async def test_own_messages_leave_while_the_handler_runs(server: Server, key: str, handler: str) -> None:
    client = await server.connect(f"/stream/{key}")
    await client.emit(handler, id=1)
    times = await timed(client, "tock", 5)
    assert shortest_pause(times) > 0.05
    assert (await client.receive())["event"] == "reply"


@pytest.mark.parametrize("handler", ["mixed", "amixed", "amixed_awaited"])
async def test_200_mixed_emits_arrive_complete_and_in_order(server: Server, key: str, handler: str) -> None:
    own, other = [await server.connect(f"/flood/{key}") for _ in range(2)]
    await own.emit(handler)
    assert [frame["data"]["n"] for frame in await own.settle()] == list(range(200))
    assert [frame["data"]["n"] for frame in await other.settle()] == list(range(1, 200, 2))


@pytest.mark.parametrize("handler", ["thousand", "athousand", "athousand_awaited"])
async def test_1000_emits_in_one_handler_arrive_complete_and_in_order(server: Server, key: str, handler: str) -> None:
    own, other = [await server.connect(f"/flood/{key}") for _ in range(2)]
    await own.emit(handler)
    expected: list[Any] = [{"event": "n", "data": {"n": number}} for number in range(1_000)]
    assert await own.settle() == expected
    assert await other.settle() == expected
