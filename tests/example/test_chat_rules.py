"""What the example's chat refuses, and how it says so."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.example.chat_server import ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the servers

BAD_NAMES = ["", " \n ", "x" * 33, "zero\u200bwidth", "turn\u202earound"]
BAD_NAMES += ["A\u200dna", "\u200cگل", "گل\u200c", "گل\u200c\u200cبرگ"]  # joiners that join nothing
JOINED_NAMES = ["👨\u200d👩\u200d👧", "👩🏽\u200d🚀", "🏳\ufe0f\u200d🌈", "گل\u200cبرگ", "क्\u200dष", "അനില്\u200d"]
BAD_SECRETS = ["", "short", "x" * 65, "ä" * 20]
BAD_TEXTS = ["", " \n ", "x" * 2001, "null\0byte"]
UNFIT: list[tuple[str, str, object]] = [
    *(("join", "name", name) for name in (None, 7)),
    ("join", "secret", 7),
    *(("say", "text", text) for text in (None, {})),
    *(("history", "before", before) for before in (None, "one", 1.5)),
]


async def ask(client: ClientConnection, event: str, **data: object) -> dict[str, Any]:
    """Send an event, and return what it is answered with: the data, or the error."""
    await client.send(json.dumps({"event": event, "data": data, "id": 1}))
    while (frame := json.loads(await client.recv()))["event"] != "reply":
        pass
    answer: dict[str, Any] = frame.get("error", frame.get("data"))
    return answer


async def test_a_bad_name_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        for name in BAD_NAMES:
            assert (await ask(client, "join", name=name))["code"] == "bad_name"


async def test_a_name_may_have_joiners_where_they_join(chat_server: ChatServer) -> None:
    for name in JOINED_NAMES:
        async with connect(chat_server.websocket_url) as client:
            assert (await ask(client, "join", name=name))["name"] == name


async def test_who_knows_a_secret_is_the_same_person_again(chat_server: ChatServer) -> None:
    people = []
    for secret in ("a" * 16, "a" * 16, "b" * 16, None):
        async with connect(chat_server.websocket_url) as client:
            people.append((await ask(client, "join", name="Ana", secret=secret))["person"])
    assert people[0] == people[1]
    assert len(set(people)) == 3
    assert not {"a" * 16, "b" * 16}.intersection(people)


async def test_a_bad_secret_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        for secret in BAD_SECRETS:
            assert (await ask(client, "join", name="Ana", secret=secret))["code"] == "bad_secret"


async def test_a_name_is_trimmed(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert (await ask(client, "join", name="  Ana \t Bell "))["name"] == "Ana Bell"


async def test_a_second_name_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        await ask(client, "join", name="Ana")
        assert (await ask(client, "join", name="Ben"))["code"] == "already_joined"


async def test_a_bad_message_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        await ask(client, "join", name="Ana")
        for text in BAD_TEXTS:
            assert (await ask(client, "say", text=text))["code"] == "bad_text"


async def test_one_without_a_name_is_not_heard(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert (await ask(client, "say", text="Hello"))["code"] == "not_joined"


async def test_what_is_of_another_type_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        for event, field, value in UNFIT:
            error = await ask(client, event, **{"name": "Ana", field: value})
            assert (error["code"], [each["path"] for each in error["fields"]]) == ("invalid_data", [field])


async def test_history_before_a_number_no_id_can_have_is_all_there_is(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert await ask(client, "history", before=2**70) == {"messages": [], "more": False}
