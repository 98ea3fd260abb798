"""What a handler's ``socket`` knows."""

from typing import Any

from tests.support.asgi import Server
from tests.support.communicator import InProcess
from tornado_websockets import Socket
from tornado_websockets.core.connections.connection import Connection

HEADERS = {"X-Test": "a value"}


async def look(anyhow: Server | InProcess) -> dict[str, Any]:
    client = await anyhow.connect("/mirror/word?token=a%20b&%C3%A9", HEADERS)
    seen: dict[str, Any] = await client.request("look")
    return seen


async def test_socket_has_the_same_members_everywhere(anyhow: Server | InProcess) -> None:
    seen = await look(anyhow)
    del seen["id"]
    assert seen == {
        "path": "/mirror/word",
        "kwargs": {"word": "word"},
        "query_string": "token=a%20b&%C3%A9",
        "header": "a value",
        "header in capitals": "a value",
        "header names": ["x-test"],
        "user": "AnonymousUser",
        "session": [],
        "state": {"visits": 1},
        "closed": False,
    }


async def test_an_application_may_set_whatever_it_likes(anyhow: Server | InProcess) -> None:
    members = {name for name in dir(Connection) if not name.startswith("_")}
    names = sorted(members - set(vars(Socket)) | {"id", "path", "kwargs", "address", "connection"})
    client = await anyhow.connect("/mirror/word", HEADERS)
    await client.request("claim", {"names": names})
    seen = await client.request("claimed", {"names": names})
    assert seen == dict.fromkeys(names, "the application's")
    assert any('"to_you"' in text for text in client.transcript)
    await client.close()


async def test_id_differs_from_socket_to_socket_and_stays(server: Server) -> None:
    clients = [await server.connect("/mirror/word", HEADERS) for _ in range(3)]
    ids = [(await client.request("look"))["id"] for client in clients for _ in range(2)]
    assert ids[::2] == ids[1::2]
    assert len(set(ids)) == 3


async def test_state_is_the_socket_s_own(server: Server) -> None:
    first, second = [await server.connect("/mirror/word", HEADERS) for _ in range(2)]
    assert [(await first.request("look"))["state"]["visits"] for _ in range(3)] == [1, 2, 3]
    assert (await second.request("look"))["state"]["visits"] == 1


async def test_user_and_session_are_those_of_the_cookie(server: Server) -> None:
    cookies = (await server.request("/accounts/log-in/somebody")).cookies
    client = await server.connect("/mirror/word", HEADERS | {"Cookie": f"sessionid={cookies['sessionid']}"})
    assert (await client.request("look"))["user"] == "somebody"
    assert await client.request("in_session") == {"word": "remembered"}
