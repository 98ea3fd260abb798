"""What the test clients do of replies in parts, and of questions."""

import asyncio
import time

import pytest
from asgiref.sync import async_to_sync

from tests.support.waiting import until
from tornado_websockets.exceptions import Refused
from tornado_websockets.testing import Client, RequestRefused, SyncClient
from tornado_websockets.websocket import WebSocket

parts = WebSocket("/parts", add_to_handlers=False)
closed: list[str] = []


@parts.on
async def count(data):
    try:
        for number in range(data["to"]):
            yield number
            await asyncio.sleep(0)
    finally:
        closed.append("count")


@parts.on
def numbers():
    try:
        yield from range(1_000_000)
    finally:
        closed.append("numbers")


@parts.on
async def stop():
    yield 1
    raise Refused("enough", "No more.", so_far=1)


@parts.on
async def confirm(socket):
    return await socket.ask("sure", {"what": "all"})


@parts.on
def confirm_plainly(socket):
    return async_to_sync(socket.ask)("sure", {"what": "all"})


@pytest.fixture
async def client():
    closed.clear()
    async with Client("/parts", websocket=parts) as client:
        yield client


class TestRequest:
    async def test_waits_for_the_end_and_gets_no_part(self, client):
        assert await client.request("count", {"to": 3}) == {}
        await client.assert_nothing("reply")

    async def test_raises_the_error_with_which_it_ends(self, client):
        with pytest.raises(RequestRefused) as refused:
            await client.request("stop")
        assert refused.value.code == "enough"


class TestStream:
    async def test_yields_the_parts(self, client):
        assert [part async for part in client.stream("count", {"to": 3})] == [0, 1, 2]

    async def test_raises_the_error_with_which_it_ends(self, client):
        stream = client.stream("stop")
        assert await anext(stream) == 1
        with pytest.raises(RequestRefused) as refused:
            await anext(stream)
        assert (refused.value.code, refused.value.details) == ("enough", {"so_far": 1})

    async def test_that_is_left_is_cancelled(self, client):
        async for part in client.stream("count", {"to": 1_000_000}):
            assert part == 0
            break
        await until(lambda: closed)

    async def test_that_is_closed_is_cancelled_and_leaves_nothing(self, client):
        stream = client.stream("count", {"to": 1_000_000})
        await anext(stream)
        await stream.aclose()
        assert closed == ["count"]
        await client.assert_nothing()

    async def test_says_what_is_missing(self, client):
        with pytest.raises(AssertionError, match="No reply to 'confirm' within"):
            await anext(client.stream("confirm", timeout=0.05))

    async def test_is_closed_with_the_client(self):
        closed.clear()
        async with Client("/parts", websocket=parts) as client:
            await anext(client.stream("count", {"to": 1_000_000}))
        assert closed == ["count"]


class TestAnswer:
    @pytest.mark.parametrize("event", ["confirm", "confirm_plainly"])
    async def test_is_what_the_callback_returns(self, client, event):
        client.answer("sure", lambda data: [data["what"], None])
        assert await client.request(event) == ["all", None]

    async def test_may_take_its_time(self, client):
        async def answer(data):
            await asyncio.sleep(0.01)
            return data

        client.answer("sure", answer)
        assert await client.request("confirm") == {"what": "all"}

    async def test_may_be_a_refusal(self, client):
        def refuse(data):
            raise Refused("never", "Not me.")

        client.answer("sure", refuse)
        with pytest.raises(RequestRefused, match="handler_error"):  # which the handler does not expect
            await client.request("confirm")

    async def test_is_there_for_what_open_asks(self):
        ws, answers = WebSocket("/asks", add_to_handlers=False), []

        @ws.on
        async def open(socket):  # noqa: A001 the name of the event
            answers.append(await socket.ask("sure", timeout=5))

        client = Client("/asks", websocket=ws)
        client.answer("sure", lambda data: "yes")
        async with client:
            assert answers == ["yes"]

    async def test_that_fails_is_raised_in_the_end(self):
        client = Client("/parts", websocket=parts)
        await client.connect()
        client.answer("sure", lambda data: data["missing"])
        with pytest.raises(RequestRefused):
            await client.request("confirm")
        with pytest.raises(KeyError, match="missing"):
            await client.close()

    async def test_is_waited_for_by_nobody_once_the_client_leaves(self, caplog):
        began = time.monotonic()
        async with Client("/parts", websocket=parts) as client:
            for _ in range(3):
                await client.emit("confirm")
        assert time.monotonic() - began < 10
        assert "failed" not in caplog.text

    async def test_may_be_given_by_hand(self, client):
        await client.emit("confirm")
        assert await client.receive("sure") == {"what": "all"}


class TestSyncClient:
    def test_streams(self):
        with SyncClient("/parts", websocket=parts) as client:
            assert list(client.stream("count", {"to": 3})) == [0, 1, 2]

    def test_cancels_what_is_left(self):
        closed.clear()
        with SyncClient("/parts", websocket=parts) as client:
            for part in client.stream("numbers"):
                assert part == 0
                break
            assert closed == ["numbers"]

    def test_ends_streams_as_it_leaves(self):
        closed.clear()
        with SyncClient("/parts", websocket=parts) as client:
            client.send_text('{"event": "numbers", "id": 1}')
            client.receive_any()
        assert closed == ["numbers"]

    def test_answers(self):
        with SyncClient("/parts", websocket=parts) as client:
            client.answer("sure", lambda data: data["what"])
            assert client.request("confirm") == "all"
            assert client.request("confirm_plainly") == "all"
