"""Paths with parameters: each concrete path has clients of its own."""

import pytest

from tests.servers.asgi import Server
from tests.servers.client import Refused
from tests.servers.sockets import SocketClient

SAID = {"event": "said", "data": {"a": 1}}


@pytest.fixture
async def here(server: Server, key: str) -> list[SocketClient]:
    """Two clients in a room."""
    return [await server.connect(f"/room/{key}") for _ in range(2)]


@pytest.fixture
async def there(server: Server, key: str) -> list[SocketClient]:
    """Clients next door, and in a room of the same name in another house."""
    return [await server.connect(path) for path in (f"/room/{key}x", f"/other-room/{key}")]


@pytest.mark.parametrize("handler", ["say", "asay"])
async def test_emit_in_a_room_stays_there(here: list[SocketClient], there: list[SocketClient], handler: str) -> None:
    await here[0].emit(handler, {"a": 1})
    assert [await client.settle() for client in here] == [[SAID], [SAID]]
    assert [await client.settle() for client in there] == [[], []]


async def test_broadcast_in_a_room_stays_there(here: list[SocketClient], there: list[SocketClient]) -> None:
    await here[0].emit("tell_others", {"a": 1})
    assert [await client.settle() for client in here] == [[], [{"event": "told", "data": {"a": 1}}]]
    assert [await client.settle() for client in there] == [[], []]


async def test_publish_reaches_the_room_it_names(
    server: Server, key: str, here: list[SocketClient], there: list[SocketClient]
) -> None:
    await server.request(f"/publish-in-room/{key}")
    expected = [{"event": "said", "data": {"from": "a page"}}]
    assert [await client.settle() for client in here] == [expected, expected]
    assert [await client.settle() for client in there] == [[], []]


@pytest.mark.parametrize("handler", ["say_next_door", "asay_next_door"])
async def test_handler_publishes_to_another_room(
    key: str, here: list[SocketClient], there: list[SocketClient], handler: str
) -> None:
    await here[0].emit(handler, {"room": f"{key}x"})
    assert [await client.settle() for client in here] == [[], []]
    assert [await client.settle() for client in there] == [[{"event": "said", "data": {"through": "the wall"}}], []]


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({}, "TypeError", ["room", "none"]),
        ({"rom": "lobby"}, "TypeError", ["room", "rom"]),
        ({"room": "lobby", "floor": 1}, "TypeError", ["floor"]),
        ({"room": "no slug!"}, "ValueError", ["no slug!"]),
        ({"room": ""}, "ValueError", ["room"]),
        ({"room": "a/b"}, "ValueError", ["a/b"]),
    ],
)
async def test_publish_with_wrong_parameters_says_what_is_wrong(
    here: list[SocketClient], parameters: dict[str, object], error: str, words: list[str]
) -> None:
    outcome = await here[0].request("try_publish", {"parameters": parameters})
    assert outcome.startswith(f"{error}: ")
    assert "/room/<slug:room>" in outcome
    assert [word for word in words if word not in outcome] == []
    assert await here[1].settle() == []


async def test_emit_on_a_websocket_with_rooms_from_elsewhere_raises(server: Server, here: list[SocketClient]) -> None:
    client = await server.connect("/news")
    assert await client.request("emit_in_some_room") == "EmitHandlerError"
    assert await here[0].settle() == []


async def test_parameters_of_publish_are_converted_to_the_path(server: Server) -> None:
    client, other = [await server.connect(f"/diary/2024-02-29/{page}") for page in (2, 3)]
    await other.emit("publish_here")
    await other.settle()
    assert await client.settle() == [{"event": "page", "data": {"of": "2024-02-29"}}]
    assert other.transcript == []


async def test_value_that_its_converter_does_not_take_is_no_room(server: Server) -> None:
    with pytest.raises(Refused) as refusal:
        await server.connect("/diary/2023-02-29/1")
    assert refusal.value.status in (403, 404)


async def test_quoted_path_is_the_same_room(server: Server) -> None:
    plain, quoted = await server.connect("/mirror/a%20b"), await server.connect("/mirror/%61%20b")
    for client in (plain, quoted):
        assert (await client.request("where")) == "/mirror/a b"
