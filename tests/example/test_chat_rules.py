"""What the example's chat refuses, and how it says so."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.example.chat_server import ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the servers

BAD_NAMES = [None, 7, "", " \n ", "x" * 33, "zero\u200bwidth", "turn\u202earound"]
BAD_TEXTS: list[object] = [None, {}, "", " \n ", "x" * 2001, "null\0byte"]
BAD_PAGES = [None, "1", 1.5, True]


async def ask(client: ClientConnection, event: str, **data: object) -> dict[str, Any]:
    """Send an event, and return its answer: the warning, else the reply."""
    await client.send(json.dumps({"event": event, "data": data, "id": 1}))
    answers: dict[str, dict[str, Any]] = {}
    while "reply" not in answers:
        frame = json.loads(await client.recv())
        answers[frame["event"]] = frame["data"]
    return answers.get("warning", answers["reply"])


async def test_a_bad_name_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        for name in BAD_NAMES:
            assert (await ask(client, "join", name=name))["code"] == "bad_name"


async def test_a_name_is_trimmed(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert await ask(client, "join", name="  Ana \t Bell ") == {"name": "Ana Bell"}


async def test_a_second_name_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        await ask(client, "join", name="Ana")
        assert (await ask(client, "join", name="Ben"))["code"] == "already_joined"


async def test_a_bad_message_is_refused(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        await ask(client, "join", name="Ana")
        for text in BAD_TEXTS:
            assert (await ask(client, "message", text=text))["code"] == "bad_text"


async def test_one_without_a_name_is_not_heard(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert (await ask(client, "message", text="Hello"))["code"] == "not_joined"


async def test_a_page_of_history_needs_a_place_to_begin(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        for before in BAD_PAGES:
            assert (await ask(client, "history", before=before))["code"] == "bad_page"


async def test_history_before_a_number_no_id_can_have_is_all_there_is(chat_server: ChatServer) -> None:
    async with connect(chat_server.websocket_url) as client:
        assert await ask(client, "history", before=2**70) == {"messages": [], "more": False}
