"""Replies in parts, and questions to a client, on every transport."""

import asyncio
import time
from typing import Any

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient, Frame
from tests.support.communicator import InProcess
from tests.support.transports import Servers
from tests.support.waiting import until

Way = Server | InProcess

FLOWS = ["flow", "flow_plainly"]


@pytest.fixture
async def client(anyhow: Way) -> AnyClient:
    return await anyhow.connect("/conversation")


async def replies(client: AnyClient, id: object) -> list[Frame]:
    """What a frame is answered with, to the end, without the names that are always the same."""
    found: list[Frame] = []
    while not found or "part" in found[-1]:
        frame = await client.receive()
        if frame.get("id") == id:
            assert frame.pop("event") == "reply"
            found.append({name: value for name, value in frame.items() if name != "id"})
    return found


class TestParts:
    @pytest.mark.parametrize("event", ["count", "count_plainly"])
    async def test_come_one_by_one_and_end(self, client: AnyClient, event: str) -> None:
        await client.emit(event, {"to": 3}, id=7)
        assert await replies(client, 7) == [{"part": {"n": 0}}, {"part": {"n": 1}}, {"part": {"n": 2}}, {"data": {}}]

    @pytest.mark.parametrize("event", FLOWS)
    async def test_hold_up_no_later_event_and_are_cancelled(self, client: AnyClient, event: str, key: str) -> None:
        await client.emit(event, {"key": key, "size": 5, "pause": 0.02}, id="talk")
        assert (await client.receive())["part"] == "xxxxx"
        assert (await client.request("look", {"key": key}))["is_closed"] is False
        await client.emit("tws.cancel", id="talk")
        assert (await replies(client, "talk"))[-1]["error"]["code"] == "cancelled"
        assert (await client.request("look", {"key": key}))["is_closed"] is True

    async def test_are_cancelled_while_another_handler_runs(self, client: AnyClient, key: str) -> None:
        await client.emit("flow", {"key": key, "size": 5, "pause": 0.02}, id=1)
        assert (await client.receive())["part"] == "xxxxx"
        await client.emit("rest", {"seconds": 1.5}, id=2)
        began = time.monotonic()
        await client.emit("tws.cancel", id=1)
        assert (await replies(client, 1))[-1]["error"]["code"] == "cancelled"
        assert time.monotonic() - began < 1


class TestQuestions:
    @pytest.mark.parametrize("event", ["confirm", "confirm_plainly"])
    async def test_are_answered_while_the_handler_waits(self, client: AnyClient, event: str) -> None:
        await client.emit(event, {"what": "all"}, id=1)
        question = await client.receive()
        assert question == {"event": "sure", "data": {"what": "all"}, "id": "s1"}
        began = time.monotonic()
        await client.emit("tws.reply", [1, None], id="s1")
        assert await client.receive() == {"event": "reply", "id": 1, "data": [1, None]}
        assert time.monotonic() - began < 0.7  # which is less than until servers read on by themselves

    async def test_pass_what_waits_behind_the_handler(self, client: AnyClient) -> None:
        await client.emit("confirm", {}, id=1)
        assert (await client.receive())["id"] == "s1"
        for number in range(2, 12):
            await client.emit("look", {"key": "nothing"}, id=number)
        await client.emit("tws.reply", "yes" * 1000, id="s1")
        assert [(await client.receive())["id"] for _ in range(11)] == list(range(1, 12))

    async def test_are_asked_as_a_client_comes(self, anyhow: Way) -> None:
        client = await anyhow.connect("/conversation-door")
        assert (await client.receive())["event"] == "name"
        await client.emit("tws.reply", "Alice", id="s1")
        assert await client.expect("welcome") == {"name": "Alice"}

    async def test_are_asked_in_the_thread_of_a_generator(self, client: AnyClient) -> None:
        await client.emit("confirm_in_parts", id=1)
        assert (await client.receive())["part"] == "asking"
        assert (await client.receive())["id"] == "s1"
        await client.emit("tws.reply", id="s1", data={"sure": True})
        assert await replies(client, 1) == [{"part": {"sure": True}}, {"data": {}}]


class TestLeaving:
    @pytest.mark.parametrize("event", FLOWS)
    @pytest.mark.parametrize("pause", [0.01, 0.5])
    async def test_closes_the_generator_within_a_second(
        self, server: Server, key: str, event: str, pause: float
    ) -> None:
        client = await server.connect("/conversation")
        await client.emit(event, {"key": key, "size": 5, "pause": pause}, id=1)
        await client.receive()
        client.abort()
        left = time.monotonic()
        watcher = await server.connect("/conversation")
        await until(lambda: _is_closed(watcher, key), pause=0.02)
        assert time.monotonic() - left < 1

    async def test_ends_the_waiting_for_an_answer(self, server: Server, key: str) -> None:
        careless = await server.connect("/conversation")
        await careless.emit("confirm", {})  # whose handler lets the error pass: that is none of its own
        await careless.receive()
        careless.abort()
        client = await server.connect("/conversation")
        await client.emit("confirm_until_gone", {"key": key})
        await client.receive()
        client.abort()
        watcher = await server.connect("/conversation")

        async def is_told() -> bool:
            return bool((await watcher.request("look", {"key": key}))["is_told"] == "WebSocketClosedError")

        await until(is_told, pause=0.02)


async def _is_closed(client: AnyClient, key: str) -> Any:
    return (await client.request("look", {"key": key}))["is_closed"]


async def test_a_transaction_of_a_generator_is_nobody_elses(servers: Servers) -> None:
    async with servers.get("uvicorn").visit() as server:
        client = await server.connect("/conversation")
        await client.emit("count_users", id=1)
        assert (await client.receive())["part"] == {"is_used": True, "is_in_transaction": True}
        for _ in range(3):
            assert await client.request("look_at_connection") == {"is_used": False, "is_in_transaction": False}
        await client.emit("tws.cancel", id=1)
        assert (await replies(client, 1))[-1]["error"]["code"] == "cancelled"


async def test_slow_readers_keep_the_threads_of_generators_from_nobody(server: Server, key: str) -> None:
    """Four of them may have all that there are."""
    slow = [await server.connect("/conversation", max_queue=1) for _ in range(4)]
    watcher = await server.connect("/conversation")
    try:
        for number, client in enumerate(slow):
            client.pause()
            for id_ in range(8):
                await client.emit("flow_plainly", {"key": f"{key}-{number}-{id_}", "size": 50_000}, id=id_)

        async def have_begun() -> bool:
            keys = [f"{key}-{number}-{id_}" for number in range(4) for id_ in range(8)]
            return all([await watcher.request("look", {"key": each}) for each in keys])

        await until(have_begun, pause=0.05)
        before = time.monotonic()
        for id_ in range(3):
            await watcher.emit("count_plainly", {"to": 1}, id=id_)
            assert (await replies(watcher, id_))[0]["part"] == {"n": 0}
        assert time.monotonic() - before < 2
        closed = [await _is_closed(watcher, f"{key}-{number}-{id_}") for number in range(4) for id_ in range(8)]
        assert 1 <= sum(closed) <= 3
    finally:
        for client in slow:
            client.abort()


@pytest.mark.parametrize("event", FLOWS)
async def test_a_client_that_stops_reading_holds_the_generator_back(server: Server, event: str, key: str) -> None:
    client = await server.connect("/conversation", max_queue=1)
    client.pause()
    await client.emit(event, {"key": key, "size": 10_000}, id=1)
    watcher = await server.connect("/conversation")
    seen: list[int] = []

    async def stands_still() -> bool:
        note = await watcher.request("look", {"key": key})
        seen.append(note["steps"] if note else 0)
        await asyncio.sleep(0.05)
        return len(seen) > 20 and seen[-1] > 1 and len(set(seen[-10:])) == 1

    try:
        await until(stands_still)
        assert 1 < seen[-1] * 10_000 < 1024 * 1024
    finally:
        client.abort()
