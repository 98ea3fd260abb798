"""Paths with parameters: each concrete path has clients of its own."""

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.sockets import SocketClient
from tornado_websockets.core.registry import MAX_PATH

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


async def test_path_has_a_greatest_length_above_which_it_is_refused_with_the_reason_in_the_log(server: Server) -> None:
    longest = "/room/".ljust(MAX_PATH, "a")
    client = await server.connect(longest)
    await client.emit("say", {"a": 1})
    assert await client.settle() == [SAID]
    with pytest.raises(Refused) as refusal:
        await server.connect(f"{longest}a")
    assert refusal.value.status == 403
    await server.log.wait_for(r"Refused a connection to .{64}: its path has 1025 characters, of which 1024 are allowed")


async def test_publish_to_a_path_that_is_too_long_raises_and_names_the_limit(here: list[SocketClient]) -> None:
    outcome = await here[0].request("try_publish", {"parameters": {"room": "a" * 15_000}})
    assert outcome.startswith("ValueError: Expected a path of at most 1024 characters")


async def test_quoted_path_is_the_same_room(server: Server) -> None:
    plain, quoted = await server.connect("/mirror/a%20b"), await server.connect("/mirror/%61%20b")
    for client in (plain, quoted):
        assert (await client.request("where")) == "/mirror/a b"
