"""What waits for what: events of one client, handlers of one WebSocket, and what does not wait at all."""

import asyncio

import pytest

from tests.support.asgi import Server


@pytest.mark.parametrize(
    ("slow", "quick"), [("slow", "quick"), ("aslow", "aquick"), ("slow", "aquick"), ("aslow", "quick")]
)
async def test_events_of_one_client_are_handled_in_order_one_at_a_time(
    server: Server, key: str, slow: str, quick: str
) -> None:
    client = await server.connect(f"/order/{key}")
    events = [slow, quick, quick, slow, quick]
    for number, event in enumerate(events):
        await client.emit(event, {"n": number})
    done = [frame["data"] for frame in await client.settle()]
    assert done == [{"n": number, "at once": 1} for number in range(len(events))]


async def test_client_s_event_waits_for_its_open_handler(server: Server, key: str) -> None:
    client = await server.connect(f"/slow-door/{key}")
    await client.emit("note_it")
    await server.log.wait_for_notes(key, 1)
    helper = await server.connect(f"/life/{key}-helper")
    await helper.emit("release", {"key": key})
    await client.settle()
    assert server.log.notes(key) == ["opening", "open", "noted"]


async def test_clients_do_not_wait_for_each_other_s_async_handlers(server: Server) -> None:
    first, second = await server.connect("/meeting"), await server.connect("/meeting")
    await first.emit("wait_for_other")
    await first.expect("waiting")
    await second.emit("arrive")
    await first.expect("met")


async def test_sync_handlers_of_one_websocket_never_overlap(server: Server) -> None:
    clients = [await server.connect("/one-at-a-time") for _ in range(5)]
    for _ in range(4):
        for client in clients:
            await client.emit("work")
    await asyncio.gather(*(client.settle() for client in clients))
    assert await clients[0].request("most_at_once") == 1


async def test_sync_handlers_overlap_as_far_as_concurrency_says(server: Server) -> None:
    clients = [await server.connect("/three-at-a-time") for _ in range(8)]
    for client in clients:
        await client.emit("work")
    await asyncio.gather(*(client.settle() for client in clients))
    assert await clients[0].request("most_at_once") == 3


async def test_as_many_sync_handlers_as_concurrency_can_meet(server: Server) -> None:
    clients = [await server.connect("/three-at-a-time") for _ in range(3)]
    assert await asyncio.gather(*(client.request("meet") for client in clients)) == [True, True, True]


async def test_events_of_one_client_do_not_overlap_with_concurrency(server: Server) -> None:
    client = await server.connect("/three-at-a-time")
    await client.request("most_at_once")
    for _ in range(5):
        await client.emit("work")
    await client.settle()
    assert await client.request("most_at_once") == 1
