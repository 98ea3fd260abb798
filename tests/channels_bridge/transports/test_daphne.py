import asyncio
import socket
import struct
from types import SimpleNamespace

import pytest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from channels_bridge.transports.daphne import DaphneTransport, HiddenDaphneTransport, Turns
from channels_bridge.transports.intake.daphne import MAX_PARSED
from tests.support.protocols import daphne_client
from tests.support.visitor import visiting
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.protocol.rfc6455 import UNASKED_PONG


def masked(payload, opcode=1):
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


@pytest.fixture
async def client():
    async with daphne_client() as client:
        yield client


@pytest.fixture
async def transport(client):
    """One whose client was accepted."""
    transport = DaphneTransport(client.protocol, client.receive, client.send)
    await transport.accept()
    yield transport
    transport.release()


@pytest.fixture
async def wrapped(client):
    async def send(message):
        messages.append(message)
        await client.send(message)

    messages = []
    transport = DaphneTransport(client.protocol, client.receive, send, is_wrapped=True)
    await transport.accept()
    yield transport, messages
    transport.release()


async def written(client, call):
    """What the client gets by that."""
    before = len(await client.read())
    awaitable = call()
    if awaitable is not None:
        await awaitable
    return (await client.read())[before:]


class TestSending:
    async def test_writes_a_frame_at_once(self, client, transport):
        before = len(await client.read())
        assert transport.send("hi") is None
        assert (await client.read())[before:] == b"\x81\x02hi"

    async def test_waits_while_the_client_takes_nothing(self, client, transport):
        transport.pauseProducing()
        assert not transport.is_writable
        before = len(await client.read())
        sending = asyncio.ensure_future(transport.send("hi"))
        await turns()
        assert len(await client.read()) == before
        transport.resumeProducing()
        await sending
        assert (await client.read())[before:] == b"\x81\x02hi"

    async def test_tells_that_the_client_has_gone(self, client, transport):
        client.protocol.dropConnection(abort=True)
        with pytest.raises(ClientGone):
            transport.send("hi")

    async def test_goes_through_what_wraps_it(self, client, wrapped):
        transport, messages = wrapped
        assert await written(client, lambda: transport.send("hi")) == b"\x81\x02hi"
        assert messages[-1] == {"type": "websocket.send", "text": "hi"}

    async def test_may_be_of_more_than_a_client_may_send(self, client, wrapped):
        transport, _ = wrapped
        limit = client.protocol.maxMessagePayloadSize = 100
        assert (await written(client, lambda: transport.send("x" * 101))).endswith(b"x" * 101)
        assert client.protocol.maxMessagePayloadSize == limit


class Visit(Protocol):
    """A client of a real port, which lasts until the test is over."""

    def connectionMade(self):  # noqa: N802 Twisted's names
        self.factory.met.set_result(self)

    def connectionLost(self, reason):  # noqa: N802
        self.factory.lost.set_result(True)


@pytest.fixture
async def line():
    """The transport of such a client, and the client's socket."""
    loop = asyncio.get_running_loop()
    factory = Factory.forProtocol(Visit)
    factory.met, factory.lost = loop.create_future(), loop.create_future()
    port = AsyncioSelectorReactor(loop).listenTCP(0, factory, interface="127.0.0.1")
    with socket.create_connection(("127.0.0.1", port.getHost().port)) as client:
        client.setblocking(False)
        visit = await factory.met
        transport = DaphneTransport.__new__(DaphneTransport)
        transport._protocol = SimpleNamespace(transport=visit.transport)
        transport._is_direct, transport._turns, transport._written_in = True, Turns(loop), -1
        yield transport, client
        visit.transport.abortConnection()
        await factory.lost
    port.stopListening()


def arrived(client):
    """What the client has by now."""
    try:
        return client.recv(1 << 20)
    except BlockingIOError:
        return b""


class TestWriting:
    async def test_first_of_a_turn_arrives_at_once_and_the_others_together_in_the_next(self, line):
        transport, client = line
        for number in (b"1", b"2", b"3"):
            transport._write(number)
        assert arrived(client) == b"1"
        await turns(3)
        assert arrived(client) == b"23"
        transport._write(b"4")
        assert arrived(client) == b"4"

    async def test_nothing_overtakes_what_waits(self, line):
        transport, client = line
        transport._protocol.transport.write(b"1")
        transport._write(b"2")
        assert arrived(client) == b""
        await turns(3)
        assert arrived(client) == b"12"

    async def test_what_the_kernel_does_not_take_goes_out_later(self, line):
        transport, client = line
        chunks = [bytes([number]) * 1_000_000 for number in range(20)]
        for chunk in chunks:
            transport._write(chunk)
            await turns(1)
        received = bytearray()
        while len(received) < 20_000_000:
            received += arrived(client)
            await asyncio.sleep(0)
        assert received == b"".join(chunks)

    async def test_broken_line_is_noticed(self, line):
        transport, client = line
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        while transport._protocol.transport.connected:
            transport._write(b"hi")
            await turns(1)


class TestClosing:
    async def test_sends_codes_and_reasons_that_daphne_does_not(self, client, transport):
        assert await written(client, lambda: transport.close(1001, "bye")) == b"\x88\x05\x03\xe9bye"

    async def test_goes_through_what_wraps_send(self, client, wrapped):
        transport, messages = wrapped
        assert await written(client, lambda: transport.close(1001, "bye")) == b"\x88\x05\x03\xe9bye"
        assert messages[-1] == {"type": "websocket.close", "code": 1001, "reason": "bye"}

    @pytest.mark.parametrize(("code", "sent"), [(1000, 1000), (1001, 3001), (1011, 3011), (4008, 4008)])
    async def test_uses_a_code_that_daphne_takes_where_there_is_asgi_alone(self, code, sent):
        messages = []

        async def send(message):
            messages.append(message["code"])

        await HiddenDaphneTransport(print, send).close(code, "")
        assert messages == [sent]


class TestReading:
    async def test_begins_when_the_client_was_accepted(self, client):
        transport = DaphneTransport(client.protocol, client.receive, client.send)
        client.feed(masked(b"early"))
        assert client.protocol.data == b""
        await transport.accept()
        assert await transport.receive() == "early"
        transport.release()

    async def test_takes_over_what_came_before(self, client):
        client.feed(masked(b"early"))  # and daphne keeps it, to look at it again with each read
        transport = DaphneTransport(client.protocol, client.receive, client.send)
        assert client.protocol.data == b""
        await transport.accept()
        assert await transport.receive() == "early"
        transport.release()

    async def test_stops_where_enough_waits(self, client, transport):
        for _ in range(MAX_PARSED + 5):
            client.feed(masked(b"hi"))
        assert client.protocol.application_queue.qsize() == MAX_PARSED
        assert transport.has_more()
        assert [await transport.receive() for _ in range(MAX_PARSED + 5)] == ["hi"] * (MAX_PARSED + 5)
        assert not transport.has_more()


class TestThePathAndTheRoot:
    async def test_are_what_was_asked_for_and_configured(self, client):
        transport = DaphneTransport(client.protocol, client.receive, client.send)
        assert transport.path_refusal(client.scope) is None
        assert transport.path_refusal({**client.scope, "raw_path": b"/other"}) is not None
        client.protocol.server.root_path = "/root"
        assert transport.root_path({"root_path": "/of/the/client"}) == "/root"
        transport.release()


def lose(client):
    """Let Twisted tell that the connection is lost."""
    client.protocol.connectionLost(Failure(ConnectionDone()))


class TestTheProtocol:
    async def test_is_daphne_s_own_again_when_the_application_has_ended(self, client, transport):
        assert type(client.protocol) is not WebSocketProtocol
        transport.release()
        assert type(client.protocol) is WebSocketProtocol
        assert "bridge_intake" not in vars(client.protocol)

    async def test_is_its_own_again_when_the_connection_is_lost(self, client, transport):
        lose(client)
        assert type(client.protocol) is WebSocketProtocol
        assert transport._intake.transport is None

    async def test_answers_pings_and_forgets_none(self, client, transport):
        before = len(await client.read())
        client.feed(masked(b"hello", opcode=9))
        assert (await client.read())[before:] == b"\x8a\x05hello"


class TestAClientThatLeavesWhileAHandlerRuns:
    @pytest.fixture
    async def visitor(self, client, transport):
        yield await visiting(client, transport, masked)
        transport.end()

    async def test_is_sent_what_only_who_is_there_takes(self, client, transport, visitor):
        before = len(await client.read())
        transport.read_on_if_late()
        assert (await client.read())[before:] == UNASKED_PONG

    async def test_leaves_nothing_of_what_it_has_sent(self, client, transport, visitor):
        visitor.is_long_gone = True
        for _ in range(2):
            transport.read_on_if_late()
        lose(client)
        assert await transport.receive() is None
        assert transport._intake.rest is None
        assert client.protocol.application_queue.empty()

    async def test_leaves_nothing_of_a_message_that_it_has_begun(self, client, transport):
        begun = bytes([0x01, 0x80 | 5]) + bytes(4) + b"begun"
        client.feed(begun + masked(b"go on", opcode=0)[:-1])
        await until(lambda: client.protocol.frame_data)
        lose(client)
        kept = client.protocol.data, client.protocol.message_data, client.protocol.frame_data
        assert kept == (b"", None, None)
