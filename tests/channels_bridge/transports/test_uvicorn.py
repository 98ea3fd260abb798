import asyncio

import pytest

from channels_bridge.transports.uvicorn import UvicornTransport
from tests.support.protocols import uvicorn_client
from tests.support.visitor import visiting
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.protocol.rfc6455 import UNASKED_PONG


def masked(payload, opcode=1, first=0x80):
    return bytes([first | opcode, 0x80 | len(payload)]) + bytes(4) + payload


@pytest.fixture
async def client():
    async with uvicorn_client() as client:
        yield client


@pytest.fixture
async def transport(client):
    """One whose client was accepted."""
    transport = UvicornTransport(client.protocol, client.receive, client.send)
    await transport.accept()
    await client.read()
    yield transport
    transport.release()


class TestSending:
    async def test_writes_a_frame_at_once(self, client, transport):
        assert transport.send("hi") is None
        assert await client.read() == b"\x81\x02hi"

    async def test_waits_while_the_client_takes_nothing(self, client, transport):
        client.protocol.pause_writing()
        sending = asyncio.ensure_future(transport.send("hi"))
        await turns()
        assert not sending.done()
        client.protocol.resume_writing()
        await sending
        assert await client.read() == b"\x81\x02hi"

    async def test_tells_that_the_client_has_gone(self, client, transport):
        transport.cut()
        await until(lambda: client.protocol.disconnected)
        with pytest.raises(ClientGone):
            await transport.send("hi")

    async def test_writes_nothing_more_on_a_line_that_is_broken(self, client, transport, caplog):
        transport.cut()
        for _ in range(10):  # asyncio logs the fifth, and all after it
            with pytest.raises(ClientGone):
                transport.send("hi")
        await until(lambda: client.protocol.disconnected)
        assert caplog.records == []

    async def test_tells_that_it_has_gone_after_a_close_of_ours(self, transport):
        await transport.close(4000, "bye")
        transport._frame = None  # as with something around the application
        with pytest.raises(ClientGone):
            await transport.send("hi")

    async def test_goes_through_what_wraps_it_and_does_not_enter_it_while_the_client_takes_nothing(self, client):
        entered = []

        async def send(message):
            entered.append(message["type"])
            await client.send(message)

        transport = UvicornTransport(client.protocol, client.receive, send, is_wrapped=True)
        await transport.accept()
        await client.read()
        client.protocol.pause_writing()
        sending = asyncio.ensure_future(transport.send("hi"))
        await turns()
        assert entered == ["websocket.accept"]
        client.protocol.resume_writing()
        await sending
        assert await client.read() == b"\x81\x02hi"
        transport.release()


class TestReading:
    async def test_begins_when_the_client_was_accepted(self, client):
        transport = UvicornTransport(client.protocol, client.receive, client.send)
        client.feed(masked(b"early"))
        await turns()
        assert client.protocol.queue.empty()
        await transport.accept()
        assert await transport.receive() == "early"
        transport.release()

    async def test_parses_one_message_at_a_time(self, client, transport):
        client.feed(masked(b"x" * 100) * 1_000)
        await until(lambda: not client.protocol.queue.empty())
        await turns()
        assert client.protocol.queue.qsize() < 20
        assert [await transport.receive() for _ in range(1_000)] == ["x" * 100] * 1_000
        assert not transport.has_more()

    async def test_goes_on_while_a_message_is_handled_as_far_as_one_more(self, client, transport):
        client.feed(masked(b"first"))
        assert await transport.receive() == "first"
        for text in (b"second", b"third", b"fourth"):
            client.feed(masked(text))
            await turns()
        assert client.protocol.queue.qsize() == 1
        assert [await transport.receive() for _ in range(3)] == ["second", "third", "fourth"]

    async def test_takes_the_answer_to_a_close_of_ours_while_nobody_receives(self, client, transport):
        await transport.close(4001, "")
        client.feed(masked(b"\x0f\xa1", opcode=8))
        await until(lambda: client.protocol.disconnected, 5)  # after ten seconds it would be cut off

    async def test_goes_through_what_wraps_receiving(self, client):
        taken = []

        async def receive():
            message = await client.receive()
            taken.append(message["type"])
            return message

        transport = UvicornTransport(client.protocol, receive, client.send)
        await transport.accept()
        client.feed(masked(b"one") + masked(b"two"))
        assert [await transport.receive(), await transport.receive()] == ["one", "two"]
        assert taken == ["websocket.receive"] * 2
        transport.release()

    async def test_puts_fragments_together(self, client, transport):
        client.feed(masked(b"a", first=0) + masked(b"b", opcode=0, first=0) + masked(b"c", opcode=0))
        assert await transport.receive() == "abc"


class TestTheProtocol:
    async def test_is_let_go_when_the_connection_is_lost(self, client, transport):
        transport.cut()
        await until(lambda: client.protocol.disconnected)
        assert transport._intake._protocol is None
        assert transport._is_found_dead(0.0)

    async def test_answers_pings(self, client, transport):
        client.feed(masked(b"hello", opcode=9))
        assert await client.read() == b"\x8a\x05hello"

    async def test_has_one_intake_however_often_it_is_found(self, client, transport):
        again = UvicornTransport(client.protocol, client.receive, client.send)
        assert again._intake is transport._intake


class TestAClientThatLeavesWhileAHandlerRuns:
    @pytest.fixture
    async def visitor(self, client, transport):
        yield await visiting(client, transport, masked)
        transport.end()

    async def test_is_sent_what_only_who_is_there_takes(self, client, transport, visitor):
        transport.read_on_if_late()
        assert await client.read() == UNASKED_PONG

    async def test_leaves_nothing_of_what_it_has_sent(self, client, transport, visitor):
        visitor.is_long_gone = True
        for _ in range(2):
            transport.read_on_if_late()
        await until(lambda: client.protocol.disconnected)
        assert await transport.receive() is None
        assert transport._intake.rest is None
        assert client.protocol.queue.empty()

    async def test_leaves_nothing_of_a_message_that_it_has_begun(self, client, transport):
        client.feed(masked(b"begun", first=0) + masked(b"go on", opcode=0, first=0) + masked(b"a frame")[:-1])
        await until(lambda: transport._intake._collected)
        transport.cut()
        await until(lambda: client.protocol.disconnected)
        kept = transport._intake._collected, client.protocol.frames, client.protocol.conn.reader.buffer
        assert kept == (None, [], b"")
