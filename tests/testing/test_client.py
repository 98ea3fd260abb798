"""The async client for tests."""

import asyncio
from operator import itemgetter

import pytest
from channels.layers import get_channel_layer
from django.core.exceptions import SynchronousOnlyOperation
from django.test import override_settings

from tornado_websockets.core.recovery.position import position_from_text, position_to_text
from tornado_websockets.exceptions import Refused
from tornado_websockets.paths import group_of
from tornado_websockets.testing import Client, ConnectionRefused, RequestRefused, SyncClient
from tornado_websockets.websocket import WebSocket


@pytest.fixture
def ws() -> WebSocket:
    ws = WebSocket("/client/<int:number>", add_to_handlers=False)

    @ws.on
    async def echo(socket, data):
        await socket.emit("echo", data)
        return data

    return ws


def client(ws, **options):
    return Client("/client/7", websocket=ws, **options)


async def test_socket_has_what_the_client_was_given(ws):
    async with client(ws, user="alice", session={"a": 1}, headers={"X-Name": "value"}) as alice:
        socket = alice.connection
        assert (socket.user, socket.session, socket.headers["x-name"]) == ("alice", {"a": 1}, "value")
        assert (socket.path, socket.kwargs) == ("/client/7", {"number": 7})


@pytest.mark.parametrize("kind", ["core.RedisChannelLayer", "pubsub.RedisPubSubChannelLayer"])
async def test_nothing_is_heard_where_users_are(mortal_redis, kind):
    """What a test's handlers emit, and what its body publishes or sends by the layer, stays in its process."""
    ws = WebSocket("/heard", add_to_handlers=False)

    @ws.on
    async def say(data):
        await ws.emit("said", data)

    layers = {"default": {"BACKEND": f"channels_redis.{kind}", "CONFIG": {"hosts": [mortal_redis.url]}}}
    clients = mortal_redis.client(), mortal_redis.client()
    with override_settings(CHANNEL_LAYERS=layers), clients[0] as last, clients[1] as users:
        last.ping()  # so that it is connected
        with users.monitor() as seen:
            async with Client("/heard", websocket=ws) as alice:
                await alice.emit("say", {"text": "Hello"})
                assert await alice.receive("said") == {"text": "Hello"}
                await ws.apublish("said", {"text": "from a view"})
                assert await alice.receive("said") == {"text": "from a view"}
                message = {"type": "websocket.event", "path": "/heard", "event": "said", "data": {"text": "by hand"}}
                await get_channel_layer().group_send(group_of("/heard"), message)
                assert await alice.receive("said") == {"text": "by hand"}
            last.ping()  # what was sent before it has been seen
            commands = [seen.next_command()["command"]]
            while commands[-1] != "PING":
                commands.append(seen.next_command()["command"])
        assert type(get_channel_layer()).__name__ == kind.partition(".")[2]  # the next test may need it
    assert commands == ["PING"]


async def test_who_leaves_at_once_has_left(ws):
    alice = await client(ws).connect()
    alice.cancel()
    await alice.close()
    assert ws.handlers == []


async def test_who_is_cancelled_while_connecting_has_left(ws):
    @ws.on
    async def open():  # noqa: A001 the name of the event
        await asyncio.sleep(100)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client(ws).connect(), 0.01)
    assert ws.handlers == []


async def test_socket_has_the_query_string(ws):
    async with Client("/client/7?a=1&b=%20", websocket=ws) as alice:
        assert (alice.connection.path, alice.connection.query_string) == ("/client/7", "a=1&b=%20")


async def test_receive_leaves_other_events_for_later(ws):
    async with client(ws) as alice:
        await alice.emit("echo", {"n": 1})
        await alice.emit("nothing of that name")
        assert (await alice.receive("warning"))["code"] == "unknown_event"
        assert await alice.receive("echo") == {"n": 1}


async def test_receive_any_gives_them_in_order(ws):
    async with client(ws) as alice:
        for n in range(3):
            await alice.emit("echo", {"n": n})
        assert [await alice.receive_any() for _ in range(3)] == [("echo", {"n": n}) for n in range(3)]


async def test_request_returns_what_the_handler_returned(ws):
    async with client(ws) as alice:
        assert await alice.request("echo", {"n": 1}) == {"n": 1}


async def test_failed_request_raises_its_code(ws):
    async with client(ws) as alice:
        with pytest.raises(RequestRefused) as caught:
            await alice.request("nothing of that name")
        assert caught.value.code == "unknown_event"


async def test_request_without_an_answer_fails(ws):
    @ws.on
    async def never():
        await asyncio.Event().wait()

    async with client(ws) as alice:
        with pytest.raises(AssertionError, match=r"No reply to .never. within"):
            await alice.request("never", timeout=0.05)
        alice.cancel()


async def test_close_handler_has_run_when_the_client_has_left(ws):
    left = []

    @ws.on
    async def close(socket):
        left.append(socket)

    async with client(ws) as alice:
        assert ws.handlers == [alice.connection]
    assert left == [alice.connection]
    assert ws.handlers == []


async def test_server_may_close(ws):
    async with client(ws) as alice:
        alice.connection.close(4002)
    assert alice.close_code == 4002


async def test_what_cannot_come_any_more_is_not_waited_for(ws):
    async with client(ws) as alice:
        await alice.emit("echo", {"n": 1})
        await alice.receive("echo")
        alice.connection.emit("echo", {"n": 2})
        alice.connection.close(4002)
        assert await alice.receive("echo") == {"n": 2}
        with pytest.raises(AssertionError, match="No 'echo', and the server has closed the connection, with 4002"):
            await alice.receive("echo", timeout=60)


@pytest.mark.parametrize("answer", [False, None, 0])
async def test_authorize_refuses(answer):
    ws = WebSocket("/client/<int:number>", add_to_handlers=False, authorize=lambda _: answer)
    with pytest.raises(ConnectionRefused, match="the logger tornado_websockets says why"):
        await client(ws).connect()


async def test_unknown_path_is_a_lookup_error():
    with pytest.raises(LookupError, match="/nowhere"):
        Client("/nowhere")


async def test_refused_request_has_code_message_and_details():
    ws = WebSocket("/refusals", add_to_handlers=False)

    @ws.on
    async def say():
        raise Refused("too_late", "It is closed.", since=3)

    async with Client("/refusals", websocket=ws) as client:
        with pytest.raises(RequestRefused) as caught:
            await client.request("say")
    refusal = caught.value
    assert (refusal.code, refusal.message, refusal.details) == ("too_late", "It is closed.", {"since": 3})


class TestRecovery:
    @pytest.fixture
    def ws(self) -> WebSocket:
        return WebSocket("/client/<int:number>", history=10, add_to_handlers=False)

    async def test_who_was_away_receives_what_it_missed(self, ws):
        async with client(ws) as alice:
            assert alice.position is None
            assert await alice.resume() is False
            await ws.publish("said", {"n": 1}, number=7)
            await alice.receive("said")
            position = alice.position
        await ws.publish("said", {"n": 2}, number=7)
        async with client(ws) as alice:
            assert await alice.resume(position) is True
            assert await alice.receive_any() == ("said", {"n": 2})
            await alice.assert_nothing()
            assert alice.position == await ws.aposition(number=7)

    async def test_a_page_is_told_what_came_since_it_was_rendered(self, ws):
        position = await ws.aposition(number=7)
        await ws.publish("said", {"n": 1}, number=7)
        async with client(ws) as alice:
            await ws.publish("said", {"n": 2}, number=7)
            assert await alice.resume(position) is True
            assert [(await alice.receive("said"))["n"] for _ in range(2)] == [1, 2]
            await alice.assert_nothing()

    async def test_what_comes_live_is_received_among_what_was_missed(self, ws):
        """The welcome leaves out the second event, which comes late: an earlier connection was excluded from it."""
        async with client(ws) as bob:
            await bob.resume()
            position, id_ = bob.position, bob.connection.id
        await ws.publish("said", {"n": 1}, number=7)
        await ws.to(exclude=id_).publish("said", {"n": 2}, number=7)
        await ws.publish("said", {"n": 3}, number=7)
        stands = position_from_text(await ws.aposition(number=7))
        sender, number = max(stands.items(), key=itemgetter(1))
        async with client(ws) as alice:
            await alice.connection.emit("of no place")
            await alice.arrive({"event": "said", "data": {"n": 2}, "at": f"{sender}.{number - 1}"})
            await ws.publish("said", {"n": 4}, number=7)
            assert await alice.resume(position, ids=[id_]) is True
            came = [await alice.receive_any() for _ in range(5)]
            assert position_from_text(alice.position) == {**stands, sender: number + 1}
        said = [("said", {"n": n}) for n in range(1, 5)]
        assert came == [*said[:2], ("of no place", {}), *said[2:]]

    async def test_what_the_page_has_is_not_received_once_more(self, ws):
        async with client(ws) as alice:
            await ws.publish("said", {"n": 1}, number=7)
            assert await alice.resume(await ws.aposition(number=7)) is True
            await alice.assert_nothing()

    async def test_nothing_comes_of_a_position_that_nobody_knows(self, ws):
        await ws.publish("said", {"n": 1}, number=7)
        async with client(ws) as alice:
            assert await alice.resume(position_to_text({"nobody": 1})) is False
            await alice.assert_nothing()

    async def test_no_store_of_the_settings_is_asked(self, ws):
        with override_settings(TORNADO_WEBSOCKETS={"STORE": "redis://127.0.0.1:1"}):
            async with client(ws) as alice:
                await alice.resume()
                await ws.publish("said", number=7)
                assert await alice.resume(await ws.aposition(number=7)) is True

    async def test_sync_code_is_told_to_await(self, ws):
        with pytest.raises(SynchronousOnlyOperation, match="aposition"):
            ws.position(number=7)
        with pytest.raises(SynchronousOnlyOperation, match="aforget"):
            ws.forget(None, number=7)

    def test_sync_client_too(self, ws):
        position = ws.position(number=7)
        ws.publish("said", {"n": 1}, number=7)
        with SyncClient("/client/7", websocket=ws) as alice:
            assert alice.resume(position) is True
            assert alice.receive("said") == {"n": 1}
            assert alice.position == ws.position(number=7)
            ws.forget(None, number=7)
            assert alice.resume(position) is False
