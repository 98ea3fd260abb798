"""What each server raises for a client that has left, told from faults."""

import errno

import pytest
from autobahn.exception import Disconnected
from hypercorn.protocol.ws_stream import ASGIWebsocketState
from hypercorn.utils import UnexpectedMessageError

from channels_bridge.transports.recognition import has_left
from tests.support.protocols import UVICORN_PROTOCOLS, daphne_client, uvicorn_client

TEXT = {"type": "websocket.send", "text": "hi"}


async def error_of(send, message=TEXT):
    with pytest.raises(Exception) as caught:  # noqa: PT011 which one is the question
        await send(message)
    return caught.value


@pytest.mark.parametrize(
    "error",
    [OSError(), ConnectionResetError(), OSError(errno.EPIPE, "broken"), Disconnected("closed")],
    ids=repr,
)
def test_client_has_left(error):
    assert has_left(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("out of luck"), ValueError(), KeyError("text"), AttributeError("transport"), AssertionError()],
    ids=repr,
)
def test_anything_else_is_a_fault(error):
    assert not has_left(error)


@pytest.mark.parametrize("ws", UVICORN_PROTOCOLS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The `websockets` implementation")
async def test_uvicorn_says_it_after_a_close_of_ours(ws):
    async with uvicorn_client(ws) as client:
        await client.send({"type": "websocket.accept"})
        if ws == "websockets":
            client.protocol.closed_event.set()  # as its own close() does, once the client has answered
        else:
            await client.send({"type": "websocket.close"})
        error = await error_of(client.send)
    assert type(error) is RuntimeError
    assert has_left(error)


@pytest.mark.parametrize("ws", ["websockets-sansio", "wsproto"])
async def test_uvicorn_says_it_when_the_connection_is_lost(ws):
    async with uvicorn_client(ws) as client:
        await client.send({"type": "websocket.accept"})
        client.protocol.transport.abort()
        while not client.protocol.disconnected:
            await client.receive()
        error = await error_of(client.send)
    assert has_left(error)


async def test_uvicorn_s_word_for_what_is_not_asgi_is_a_fault():
    async with uvicorn_client() as client:
        await client.send({"type": "websocket.accept"})
        error = await error_of(client.send, {"type": "websocket.sned"})
    assert type(error) is RuntimeError
    assert not has_left(error)


async def test_daphne_says_it_after_a_close_of_ours():
    async with daphne_client() as client:
        await client.send({"type": "websocket.accept"})
        await client.send({"type": "websocket.close", "code": 4000})
        error = await error_of(client.send)
    assert isinstance(error, Disconnected)
    assert has_left(error)


async def test_daphne_s_word_for_a_code_that_it_does_not_send_is_a_fault():
    async with daphne_client() as client:
        await client.send({"type": "websocket.accept"})
        error = await error_of(client.send, {"type": "websocket.close", "code": 1001})
    assert not has_left(error)


def test_hypercorn_says_it_after_a_close_of_ours():
    assert has_left(UnexpectedMessageError(ASGIWebsocketState.CLOSED, "websocket.send"))


@pytest.mark.parametrize("state", [ASGIWebsocketState.HANDSHAKE, ASGIWebsocketState.CONNECTED])
def test_hypercorn_s_word_for_what_is_not_its_turn_is_a_fault(state):
    assert not has_left(UnexpectedMessageError(state, "websocket.send"))
