"""With what daphne makes of requests, and Twisted's own port and sockets, on the loop of the test."""

import asyncio
import hashlib
import re
from functools import partial
from types import SimpleNamespace

import pytest
from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.web.http import HTTPChannel

from channels_bridge.transports.intake.bodies import pace_bodies
from tests.support.waiting import turns, until

POST = b"POST /path HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /path HTTP/1.1\r\nHost: localhost\r\n\r\n"
HANDSHAKE = (
    b"GET /ws/chat?token=secret HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %b\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
END = b"0\r\n\r\n"

#: Chunks of a byte, as many as one read has.
TINY = b"1\r\na\r\n" * 10_000


def chunked(body, size):
    """The body in chunks of that size."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


class Daphne:
    """One, without its program.

    :ivar channels: what parses the requests of each client.
    """

    def __init__(self):
        self.server = Server(self._application, endpoints=["tcp:0"])
        self.server.connections = {}
        self.server.http_factory = self.factory = HTTPFactory(self.server)
        self.channels = []

    async def _application(self, scope, receive, send):
        """Answers with the sum of the body."""
        digest = hashlib.sha256()
        while (message := await receive()).get("body") is not None:
            digest.update(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
        await send({"type": "http.response.body", "body": digest.hexdigest().encode()})

    def listen(self):
        reactor = AsyncioSelectorReactor(asyncio.get_running_loop())
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        pace_bodies([self.port, self.port])
        make = self.factory.buildProtocol

        def keep(address):
            protocol = make(address)
            self.channels.append(protocol._channel)
            return protocol

        self.factory.buildProtocol = keep

    @property
    def taken(self):
        """Bytes of its body that the last client's request has."""
        return self.channels[-1].requests[-1].content.tell()

    @property
    def is_reading(self):
        """Whether the last client's socket is read."""
        transport = self.channels[-1].transport
        return transport in transport.reactor.getReaders()


@pytest.fixture
async def daphne():
    daphne = Daphne()
    daphne.listen()
    yield daphne
    daphne.port.stopListening()
    for channel in daphne.channels:
        channel.transport.abortConnection()
    await until(lambda: not any(channel.transport.connected for channel in daphne.channels))
    connections = daphne.server.connections.values()
    await asyncio.gather(*(each["application_instance"] for each in connections if "application_instance" in each))


@pytest.fixture
async def connect(daphne, connecting_to):
    async with connecting_to(daphne.port.getHost().port) as connect:
        yield connect


async def answer(reader):
    """The sum that the application has told."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return (await reader.readexactly(64)).decode()


def sum_of(body):
    return hashlib.sha256(body).hexdigest()


class TestHandshakes:
    @pytest.mark.parametrize(
        "header", [b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Content-Length: 9999999"]
    )
    @pytest.mark.parametrize("upgrade", [b"websocket", b"WebSocket"])
    async def test_with_a_body_are_refused_before_it_comes(self, daphne, connect, caplog, upgrade, header):
        reader, _ = await connect(HANDSHAKE % upgrade + header + b"\r\nExpect: 100-continue\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
        assert "Refused the body of GET '/ws/chat': a WebSocket takes none" in caplog.text
        assert "secret" not in caplog.text
        await until(lambda: all("disconnected" in each for each in daphne.server.connections.values()))

    async def test_with_one_that_floods_are_refused_at_once(self, daphne, connect):
        await connect(HANDSHAKE % b"websocket" + b"Transfer-Encoding: chunked\r\n\r\n" + TINY)
        await until(lambda: daphne.channels and not daphne.channels[-1].transport.connected)
        assert daphne.channels[-1].bridge_body is None

    @pytest.mark.parametrize("more", [b"", b"Content-Length: 0\r\n"])
    async def test_without_one_are_daphne_s(self, daphne, connect, monkeypatch, more):
        taken = []
        monkeypatch.setattr(
            daphne.server, "ws_factory", SimpleNamespace(buildProtocol=taken.append), raising=False
        )  # which refuses what it is asked for
        reader, _ = await connect(HANDSHAKE % b"websocket" + more + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 500 ")
        assert len(taken) == 1

    async def test_for_something_else_may_have_a_body(self, connect):
        reader, _ = await connect(HANDSHAKE % b"h2c, websocket" + b"Content-Length: 5\r\n\r\nhello")
        assert await answer(reader) == sum_of(b"hello")


class TestBodies:
    @pytest.mark.parametrize("size", [1, 7, 1000, 5000, 70_000])
    @pytest.mark.parametrize("body", [bytes(range(256)) * 800, b"a,b\r\n" * 40_000], ids=["bytes", "lines"])
    async def test_in_chunks_of_any_size_arrive(self, connect, size, body):
        reader, writer = await connect(POST)
        writer.write(chunked(body, size) + END)
        assert await answer(reader) == sum_of(body)

    async def test_that_come_byte_by_byte_arrive(self, connect):
        reader, writer = await connect(POST)
        for byte in chunked(b"hello", 2) + b"0\r\nTrailer: a\r\n\r\n":
            writer.write(bytes([byte]))
            await turns(2)
        assert await answer(reader) == sum_of(b"hello")

    async def test_that_follow_each_other_are_answered_in_order(self, connect):
        bodies = [b"a" * 9_000, b"b" * 20_000, b"", b"c", b"d" * 12_000]
        reader, writer = await connect()
        writer.write(b"".join(POST + chunked(body, 1) + END + GET for body in bodies))
        for body in bodies:
            assert [await answer(reader), await answer(reader)] == [sum_of(body), sum_of(b"")]

    async def test_that_are_answered_before_they_are_read_on_do_not_mix(self, daphne, connect):
        """Daphne itself does that with a header that it refuses."""
        refused = POST.replace(b"Host", b"X: \x1c\r\nHost") + chunked(b"x" * 5_000, 1) + END
        bodies = [bytes([letter]) * 8_000 for letter in b"abcd"]
        reader, writer = await connect()
        writer.write(b"".join(refused + POST + chunked(body, 1) + END for body in bodies))
        writer.write(GET.replace(b"Host", b"Connection: close\r\nHost"))
        answers = re.findall("HTTP/1.1 400|[0-9a-f]{64}", (await reader.read()).decode())
        assert answers == [each for body in bodies for each in ("HTTP/1.1 400", sum_of(body))] + [sum_of(b"")]

    @pytest.mark.parametrize("rest", [b"nonsense\r\n", b"1\r\nab\r\n", b"0\r\n" + b"x: y\r\n" * 20_000])
    async def test_that_are_no_chunks_are_refused(self, daphne, connect, rest):
        await connect(POST + TINY + rest + TINY)
        await until(lambda: daphne.channels and not daphne.channels[-1].transport.connected)
        assert daphne.channels[-1].bridge_body is None


class TestTurns:
    async def test_tiny_chunks_wait_and_nothing_more_is_read_meanwhile(self, daphne, connect, held):
        await connect(POST + TINY)
        await until(lambda: held.count)
        before = daphne.taken
        assert before < 10_000
        await turns(5)
        assert (daphne.taken, held.count, daphne.is_reading) == (before, 1, False)

    async def test_some_of_them_are_decoded_in_each(self, daphne, connect, held):
        reader, _ = await connect(POST + TINY + END)
        seen = []
        await until(lambda: held.count)
        while held.count:
            seen.append(daphne.taken)
            held.let_through(1)
            await turns(5)
        assert seen == sorted(set(seen))
        assert len(seen) > 5
        assert await answer(reader) == sum_of(b"a" * 10_000)

    async def test_large_chunks_do_not_wait(self, connect, held):
        held.queue(lambda: True)
        reader, writer = await connect(POST)
        writer.write(chunked(b"x" * 1_000_000, 65_536) + END)
        assert await answer(reader) == sum_of(b"x" * 1_000_000)

    async def test_who_leaves_meanwhile_is_forgotten(self, daphne, connect, held):
        await connect(POST + TINY)
        await until(lambda: held.count)
        channel = daphne.channels[-1]
        channel.transport.abortConnection()
        await until(lambda: not channel.transport.connected)
        assert channel.bridge_body is None
        held.let_through(1)
        assert held.count == 0

    async def test_it_is_read_on_where_only_a_little_waits(self, daphne, connect, held):
        await connect(POST + TINY)
        await until(lambda: held.count)
        while held.count:
            held.let_through(1)
            await turns(5)
        assert daphne.taken == 10_000
        assert daphne.is_reading


def test_unknown_factories_are_left_as_they_are_and_told_of(caplog):
    made = SimpleNamespace(_channel=SimpleNamespace())
    factory = SimpleNamespace(protocol=lambda: made)
    before = factory.protocol
    pace_bodies([SimpleNamespace(factory=factory)])
    assert factory.protocol is before
    assert "its requests have no _channel._transferDecoder." in caplog.text


def test_factory_that_tls_is_around_is_looked_into_once():
    factory = HTTPFactory(Server(print, endpoints=["tcp:0"]))
    pace_bodies([SimpleNamespace(factory=SimpleNamespace(wrappedFactory=factory)), SimpleNamespace(factory=factory)])
    assert isinstance(factory.protocol, partial)
    assert type(factory.buildProtocol(None)._channel).__base__ is HTTPChannel
