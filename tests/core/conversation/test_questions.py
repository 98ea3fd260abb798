import asyncio
import json

import pytest
from asgiref.sync import async_to_sync
from tornado.websocket import WebSocketClosedError

from tests.support.memory import MemoryClient
from tests.support.waiting import run_on_clock, turns, until
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.exceptions import RequestRefused
from tornado_websockets.websocket import WebSocket, endpoint_of


def connection_of(ws=None, **options):
    return MemoryClient(endpoint_of(ws or WebSocket("/test", add_to_handlers=False)), **options)


@pytest.fixture
async def client():
    return await connection_of().connect()


async def reply(client, id="s1", **answer):
    """Answer a question, as a client does whose handler is running; whether it was waited for."""
    return client.connection.answer_at_once(json.dumps({"event": "tws.reply", "id": id, **answer}))


async def ask(client, data=None, **options):
    """Ask, and return once the question is out."""
    asking = asyncio.create_task(client.socket.ask("sure", data, **options))
    await turns()
    return asking


class TestAsking:
    async def test_sends_the_event_with_an_id_of_its_own(self, client):
        for _ in range(2):
            await ask(client, {"what": "</all>"})
        assert client.received == [
            {"event": "sure", "data": {"what": "</all>"}, "id": "s1"},
            {"event": "sure", "data": {"what": "</all>"}, "id": "s2"},
        ]
        assert "</" not in "".join(map(str, client.transport.sent))
        await client.leave()

    @pytest.mark.parametrize("answer", [None, [], "", 0, False, {"a": [1]}, "yes" * 1000], ids=repr)
    async def test_gives_what_the_client_answers(self, client, answer):
        asking = await ask(client)
        assert await reply(client, data=answer)
        assert await asking == answer

    async def test_gives_none_for_an_answer_that_says_nothing(self, client):
        asking = await ask(client)
        assert await reply(client)
        assert await asking is None

    async def test_is_answered_in_any_order(self, client):
        one, other = await ask(client), await ask(client)
        await reply(client, "s2", data=2)
        await reply(client, "s1", data=1)
        assert (await one, await other) == (1, 2)

    @pytest.mark.parametrize(
        ("error", "code", "message", "details"),
        [
            ({"code": "no", "message": "Never.", "until": 5}, "no", "Never.", {"until": 5}),
            ({}, "error", "", {}),
            ("boom", "error", "boom", {}),
            ({"code": ["a"] * 100, "message": 7}, str(["a"] * 100)[:64], "", {}),
        ],
        ids=repr,
    )
    async def test_raises_what_the_client_refuses_with(self, client, error, code, message, details):
        asking = await ask(client)
        await reply(client, error=error)
        with pytest.raises(RequestRefused) as refused:
            await asking
        assert (refused.value.code, refused.value.message, refused.value.details) == (code, message, details)

    @pytest.mark.parametrize("event", [7, "tws.sure"])
    async def test_refuses_what_is_no_event(self, client, event):
        with pytest.raises((TypeError, ValueError)):
            await client.socket.ask(event)
        assert client.received == []

    async def test_works_from_another_loop(self, client):
        asking = asyncio.create_task(asyncio.to_thread(async_to_sync(client.socket.ask), "sure"))
        await until(lambda: client.received)
        await reply(client, data="yes")
        assert await asking == "yes"
        asking = asyncio.create_task(asyncio.to_thread(asyncio.run, client.socket.ask("sure")))
        await until(lambda: len(client.received) == 2)
        await reply(client, "s2", data="yes")
        assert await asking == "yes"


class TestEnding:
    def test_comes_by_itself_and_leaves_nothing_behind(self):
        async def test(clock):
            client = await connection_of().connect()
            asked = [await ask(client) for _ in range(3)]
            many = [asyncio.create_task(client.socket.ask("sure")) for _ in range(1000)]
            await clock.forward(15)
            assert not any(asking.done() for asking in asked)
            await clock.forward(15.5)
            results = await asyncio.gather(*asked, *many, return_exceptions=True)
            assert {type(result) for result in results} == {TimeoutError}
            assert "has not answered 'sure' within 30 seconds" in str(results[0])
            assert not client.connection.conversation.asked
            assert len(asyncio.all_tasks()) == 1

        run_on_clock(test)

    async def test_comes_after_as_long_as_was_said(self, client):
        with pytest.raises(TimeoutError):
            await client.socket.ask("sure", timeout=0.01)

    @pytest.mark.parametrize("way", ["leave", "on_lost", "kick", "on_slow", "sending"])
    async def test_comes_with_that_of_the_connection(self, client, way):
        asking = await ask(client)
        if way == "leave":
            await client.leave()
        elif way == "sending":
            client.transport.error = ClientGone()
            with pytest.raises(WebSocketClosedError):
                client.socket.emit("something")
        else:
            getattr(client.connection, way)(*{"kick": [4001], "on_slow": ["why"]}.get(way, []))
        with pytest.raises(WebSocketClosedError):
            await asking

    async def test_came_before(self, client):
        await client.leave()
        with pytest.raises(WebSocketClosedError):
            await client.socket.ask("sure")
        with pytest.raises(WebSocketClosedError):
            await asyncio.to_thread(async_to_sync(client.socket.ask), "sure")

    async def test_is_a_cancellation_too(self, client):
        asking = await ask(client)
        asking.cancel()
        await asyncio.wait([asking])
        assert not client.connection.conversation.asked


class TestAnswers:
    @pytest.fixture
    def ws(self):
        ws = WebSocket("/test", add_to_handlers=False)

        @ws.on
        async def confirm(socket):
            return await socket.ask("sure")

        return ws

    async def test_that_nobody_asked_for_are_passed_over(self, client):
        assert not await reply(client, data=1)
        await client.send("tws.reply", 1, id="s1")
        asking = await ask(client)
        for id in ("s2", 1, "", "S1"):
            assert not await reply(client, id, data=1)
        assert not asking.done()
        await client.leave()
        await asyncio.wait([asking])
        assert asking.exception() is not None

    async def test_that_come_twice_or_late_are_passed_over(self, client):
        asking = await ask(client)
        assert await reply(client, data=1)
        assert not await reply(client, data=2)
        assert await asking == 1
        assert not await reply(client, data=3)
        await client.send("tws.reply", 3, id="s1")
        assert client.events == ["sure"]

    async def test_without_an_id_are_refused(self, client):
        await client.send("tws.reply", 1)
        assert [frame["data"]["code"] for frame in client.received] == ["missing_id"]

    async def test_that_are_too_large_are_refused_and_waited_for_no_less(self):
        client = await connection_of(limits=Limits(max_message_bytes=2_000)).connect()
        asking = await ask(client)
        assert not await reply(client, data="x" * 2_000)
        await client.send("tws.reply", "x" * 2_000, id="s1")
        assert client.received[-1]["error"]["code"] == "too_large"
        assert await reply(client, data="short")
        assert await asking == "short"

    async def test_pass_the_handler_that_asks(self, ws):
        client = await connection_of(ws).connect()
        handling = asyncio.create_task(client.send("confirm", id=7))
        await turns()
        assert await reply(client, data="yes")
        await handling
        assert client.received[-1] == {"event": "reply", "id": 7, "data": "yes"}

    async def test_do_not_count_as_messages(self, ws):
        limits = Limits(max_messages_per_second=1)
        client = await connection_of(ws, limits=limits).connect()
        asked = [await ask(client) for _ in range(5)]
        for number in range(1, 6):
            await client.send("tws.reply", number, id=f"s{number}")
        assert await asyncio.gather(*asked) == [1, 2, 3, 4, 5]

    async def test_that_nobody_waits_for_do_count(self):
        client = await connection_of(limits=Limits(max_messages_per_second=1)).connect()
        await client.send("tws.reply", 1, id="s1")
        await client.send("tws.reply", 1, id="s1")
        assert client.received[-1]["error"]["code"] == "rate_limited"
