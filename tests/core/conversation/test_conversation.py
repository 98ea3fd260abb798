import asyncio

import pytest

from tests.support.memory import MemoryClient
from tornado_websockets.core.conversation.conversation import Conversation
from tornado_websockets.core.protocol.frames import Data, Frame
from tornado_websockets.websocket import WebSocket, endpoint_of

PONG = {"event": "tws.pong"}


@pytest.fixture
async def client():
    return await MemoryClient(endpoint_of(WebSocket("/talk", add_to_handlers=False))).connect()


@pytest.fixture
def conversation(client):
    return Conversation(client.connection, max_streams=1)


def frame(event: str, data: Data | None = None, id: int | None = None) -> Frame:
    return Frame(f"tws.{event}", {} if data is None else data, id)


class TestBeforeTheirTurn:
    async def test_a_hundred_pings_are_answered(self, client, conversation):
        assert [conversation.take(frame("ping"), is_early=True) for _ in range(101)] == [True] * 100 + [False]
        assert client.received == [PONG] * 100

    async def test_no_ping_is_answered_while_the_line_is_full(self, client, conversation):
        client.transport.hold()
        client.connection.write("first")
        assert client.connection.backlog is not None
        assert not conversation.take(frame("ping"), is_early=True)
        client.transport.release()

    async def test_the_first_hello_is_free_whatever_it_says(self, client, conversation):
        wrong = frame("hello", {"since": "now"}, 1)
        assert conversation.take(wrong, is_early=True)
        assert not conversation.take(wrong, is_early=True)
        assert [each["error"]["code"] for each in client.received] == ["invalid_data"]

    async def test_an_answer_that_nobody_waits_for_is_not_taken(self, conversation):
        assert not conversation.asked
        assert not conversation.take(frame("reply", id=1), is_early=True)

    async def test_an_order_to_cancel_needs_an_id(self, conversation):
        assert not conversation.take(frame("cancel"), is_early=True)
        assert conversation.streams is None


class TestInTheirTurn:
    @pytest.mark.parametrize("event", ["cancel", "reply"])
    async def test_what_they_are_about_is_named(self, conversation, event):
        refusal = await conversation.handle(frame(event))
        assert refusal is not None
        assert refusal.code == "missing_id"

    @pytest.mark.parametrize("event", ["cancel", "reply"])
    async def test_nothing_is_said_of_what_has_ended(self, client, conversation, event):
        assert await conversation.handle(frame(event, id=1)) is None
        assert client.received == []

    async def test_a_ping_with_an_id_is_replied_to(self, client, conversation):
        assert await conversation.handle(frame("ping", id=7)) is None
        assert client.received == [PONG, {"event": "reply", "id": 7, "data": {}}]

    async def test_another_hello_is_answered(self, client, conversation):
        for number in (1, 2):
            assert await conversation.handle(frame("hello", id=number)) is None
        assert client.events == ["tws.welcome", "reply"] * 2


async def test_that_was_nothing_has_ended_at_once(conversation):
    conversation.end()
    await asyncio.wait_for(conversation.ended(), 1)
    assert conversation.streams is None
