"""``socket.emit``, ``ws.emit`` and ``socket.broadcast``: from where, with what, and what happens if not."""

import asyncio

import pytest
from django.test import override_settings

from tests.project.websockets.places import room
from tests.project.websockets.sending import emit_outside, news
from tests.support.asgi import Server
from tests.support.client import Frame
from tests.support.sockets import SocketClient
from tests.support.transports import in_process
from tornado_websockets.exceptions import EmitHandlerError

EMIT_ANYWHERE = override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": True})


async def connect(server: Server, path: str, count: int) -> list[SocketClient]:
    return [await server.connect(path) for _ in range(count)]


def said(frames: list[Frame]) -> list[str]:
    """What each frame is about."""
    return [frame["data"].get("message") or frame["event"] for frame in frames]


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        ("from_task", "from a task"),
        ("from_thread", "from a thread"),
        ("from_sensitive_thread", "from the shared thread"),
    ],
)
async def test_what_a_handler_starts_may_emit(server: Server, handler: str, event: str) -> None:
    client, other = await connect(server, "/news", 2)
    await client.emit(handler)
    assert await other.expect(event) == {}
    assert await client.expect(event) == {}


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_what_is_sent_takes_no_detour(asgi_server: Server, compression: str | None) -> None:
    client = await asgi_server.connect("/news", compression=compression)
    assert await client.request("goes_as_it_is") is True


async def test_gathered_tasks_of_a_handler_may_emit(server: Server) -> None:
    client, other = await connect(server, "/news", 2)
    await client.emit("from_gathered")
    for heard in (await client.settle(), await other.settle()):
        assert sorted(frame["data"]["n"] for frame in heard) == [0, 1, 2]


async def test_handler_of_one_websocket_may_emit_on_another(server: Server) -> None:
    client, other = await server.connect("/news"), await server.connect("/elsewhere")
    await client.emit("to_everyone_elsewhere")
    assert await other.expect("from next door") == {}
    assert await client.settle() == []


@pytest.mark.parametrize("page", ["/emit", "/aemit"])
async def test_emit_outside_of_handlers_raises_and_names_publish(server: Server, page: str) -> None:
    client = await server.connect("/news")
    said = (await server.request(page)).text
    assert "publish('from nowhere'" in said
    assert "/news" in said
    assert await client.settle() == []


async def test_broadcast_outside_of_handlers_raises(server: Server, key: str) -> None:
    client = await server.connect("/news")
    await client.emit("remember")
    await client.settle()
    assert (await server.request("/broadcast-from-remembered")).text == "EmitHandlerError"
    assert await client.settle() == []


async def test_socket_can_be_used_from_a_page(server: Server) -> None:
    client = await server.connect("/news")
    await client.emit("remember")
    await client.settle()
    assert (await server.request("/emit-to-remembered")).text == "sent"
    assert await client.expect("from a page") == {}


@pytest.mark.parametrize("call", ["socket.emit", "ws.emit", "socket.broadcast", "ws.publish"])
async def test_data_that_are_no_dict_or_string_and_events_that_are_no_string_are_type_errors(
    server: Server, call: str
) -> None:
    client, other = await connect(server, "/news", 2)
    outcomes = (await client.request("wrong_types"))[call]
    assert set(outcomes["data"]) == {"TypeError"}
    assert set(outcomes["event"]) == {"TypeError"}
    assert await other.settle() == []


async def test_types_are_checked_before_strangers_and_strangers_before_the_place(server: Server) -> None:
    client = await server.connect("/news")
    assert await client.request("with_stranger") == {
        "in a handler": "InvalidInstanceError",
        "wrong type": "TypeError",
        "publish": "InvalidInstanceError",
        "outside": "InvalidInstanceError",
        "outside, wrong type": "TypeError",
    }
    assert await client.settle() == []


async def test_everything_can_be_awaited(server: Server) -> None:
    client, other = await connect(server, "/news", 2)
    await client.emit("awaited")
    assert said(await client.settle()) == ["1", "2", "4", "5", "6"]
    assert said(await other.settle()) == ["2", "3", "4", "5"]


async def test_nothing_needs_to_be_awaited(server: Server) -> None:
    client, other = await connect(server, "/news", 2)
    await client.emit("not_awaited")
    assert said(await client.settle()) == ["1", "2", "4", "6"]
    assert said(await other.settle()) == ["2", "3", "4"]


async def test_dead_client_is_skipped(server: Server) -> None:
    client, dead, other = await connect(server, "/news", 3)
    await dead.emit("hang")  # so that it stays among the clients while its connection is broken
    await dead.expect("hanging")
    dead.abort()
    for number in range(20):
        await client.emit("tell", {"n": number})
        assert await client.expect("told") == {"n": number}
        assert await other.expect("told") == {"n": number}
    await client.emit("let_go")
    assert await client.settle() == []


async def test_client_that_does_not_read_delays_nobody(server: Server, key: str) -> None:
    client, stuck, other = await connect(server, f"/flood/{key}", 3)
    stuck.pause()
    await client.emit("megabytes")
    async with asyncio.timeout(5):  # what is stuck would be given up after 10 seconds
        assert len(await client.settle()) == 200
        assert len(await other.settle()) == 200
    stuck.abort()


async def test_emit_anywhere_lets_emit_publish_outside_of_handlers() -> None:
    async with in_process().visit() as way:
        client = await way.connect("/news")
        with EMIT_ANYWHERE:
            news.emit("from nowhere")
        assert await client.expect("from nowhere") == {}


async def test_without_emit_anywhere_emit_outside_of_handlers_raises() -> None:
    async with in_process().visit() as way:
        client = await way.connect("/news")
        assert "EMIT_ANYWHERE" in emit_outside()
        assert await client.settle() == []


async def test_emit_anywhere_can_not_guess_a_room() -> None:
    with EMIT_ANYWHERE, pytest.raises(EmitHandlerError):
        room.emit("from nowhere")
