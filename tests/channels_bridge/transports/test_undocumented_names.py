"""What is used of other libraries and documented by none of them, name by name, as it is without a server.

When a new version breaks one of these, its name says where to look; what breaks by it is for other tests to find out.
"""

import asyncio
import dataclasses
import functools
import inspect
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from asgiref.sync import AsyncToSync, SyncToAsync, async_to_sync, sync_to_async
from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.sessions import InstanceSessionWrapper
from daphne.http_protocol import HTTPFactory
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol
from httptools import HttpParserError, HttpRequestParser
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from twisted.internet.abstract import FileDescriptor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection as TwistedTransport
from twisted.internet.tcp import Port as TwistedPort
from twisted.internet.testing import StringTransport
from twisted.internet.unix import Port as UnixPort
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web import http
from uvicorn.config import Config
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import Server as UvicornServer
from uvicorn.server import ServerState
from websockets.exceptions import PayloadTooBig
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from channels_bridge.transports import daphne, deflate, gunicorn, uvicorn
from channels_bridge.transports.daphne import DaphneTransport
from channels_bridge.transports.intake import bodies, chunks, heads, newcomers
from channels_bridge.transports.intake.uvicorn import Arrivals
from channels_bridge.transports.recognition import NeededNames
from channels_bridge.transports.stopping.gunicorn import NEEDED as NEEDED_OF_WORKER
from channels_bridge.transports.stopping.uvicorn import NEEDED as NEEDED_OF_SERVER
from tests.support.protocols import UVICORN_PROTOCOLS, daphne_client, gunicorn_client, uvicorn_client
from tests.support.waiting import until
from tornado_websockets.core.protocol.rfc7692 import WINDOW_BITS

ACCEPT = {"type": "websocket.accept"}


def parameters(function):
    """The names of its parameters."""
    return list(inspect.signature(function).parameters)


def masked(opcode, payload, first=0x80):
    return bytes([first | opcode, 0x80 | len(payload)]) + bytes(4) + payload


@pytest.fixture
async def daphne_open():
    """A client of daphne that was accepted."""
    async with daphne_client() as client:
        await client.send(ACCEPT)
        assert client.protocol.state == client.protocol.STATE_OPEN
        yield client


@pytest.fixture
async def uvicorn_open():
    """A client of uvicorn that was accepted."""
    async with uvicorn_client() as client:
        await client.send(ACCEPT)
        await client.read()
        yield client


class TestDaphne:
    @pytest.mark.parametrize("name", daphne.NEEDED.names)
    async def test_protocol_has(self, name):
        async with daphne_client() as client:
            assert daphne.NeededNames(name).missing_in(client.protocol) is None

    async def test_gives_its_protocol_along_with_send(self):
        async with daphne_client() as client:
            assert isinstance(client.protocol, DaphneProtocol)
            assert isinstance(client.send, functools.partial)
            assert client.send.args == (client.protocol,)

    async def test_application_queue_has_the_messages_that_are_parsed(self, daphne_open):
        daphne_open.feed(masked(1, b"hi"))
        assert isinstance(daphne_open.protocol.application_queue, asyncio.Queue)
        assert daphne_open.protocol.application_queue.qsize() == 1
        assert await daphne_open.receive() == {"type": "websocket.receive", "text": "hi"}

    async def test_server_has_what_the_command_line_says(self):
        server = DaphneServer(print, endpoints=["tcp:0"], ping_interval=1, ping_timeout=2, root_path="/root")
        assert (server.ping_interval, server.ping_timeout, server.root_path) == (1, 2, "/root")

    async def test_server_close_is_what_closing_leads_to(self, daphne_open):
        codes = []
        daphne_open.protocol.serverClose = lambda code=None: codes.append(code)
        await daphne_open.send({"type": "websocket.close", "code": 4000, "reason": "bye"})
        assert codes == [4000]
        assert parameters(DaphneProtocol.serverClose) == ["self", "code"]


class TestAutobahn:
    def test_states_are_told_apart(self):
        names = ("STATE_CONNECTING", "STATE_OPEN", "STATE_CLOSING", "STATE_CLOSED")
        assert len({getattr(AutobahnProtocol, name) for name in names}) == 4

    async def test_http_request_uri_is_what_was_asked_for(self):
        async with daphne_client() as client:
            assert client.protocol.http_request_uri == "/ws/chat?room=1"

    async def test_data_keeps_what_comes_before_the_handshake_is_through(self):
        async with daphne_client() as client:
            client.feed(b"early")
            assert client.protocol.data == b"early"

    async def test_traffic_stats_count_what_comes_afterwards(self, daphne_open):
        before = daphne_open.protocol.trafficStats.incomingOctetsWireLevel
        daphne_open.feed(masked(1, b"hi"))
        assert daphne_open.protocol.trafficStats.incomingOctetsWireLevel - before == len(masked(1, b"hi"))

    async def test_on_message_frame_is_called_with_the_pieces_of_each_fragment(self, daphne_open):
        calls, protocol = [], daphne_open.protocol
        protocol.onMessageFrame = lambda pieces: calls.append((protocol.current_frame.opcode, b"".join(pieces)))
        protocol.dataReceived(masked(1, b"a", first=0) + masked(0, b"b", first=0))
        assert calls == [(1, b"a"), (0, b"b")]

    async def test_message_data_keeps_the_pieces_of_a_message(self, daphne_open):
        daphne_open.feed(masked(1, b"a", first=0) + masked(0, b"b", first=0))
        assert isinstance(daphne_open.protocol.message_data, list)
        assert b"".join(daphne_open.protocol.message_data) == b"ab"

    async def test_on_ping_answers(self, daphne_open):
        before = len(await daphne_open.read())
        daphne_open.protocol.onPing(b"hello")
        assert (await daphne_open.read())[before:] == b"\x8a\x05hello"

    @pytest.mark.parametrize(("opcode", "name"), [(9, "onPing"), (10, "onPong")])
    async def test_pings_and_pongs_are_told_of(self, daphne_open, opcode, name):
        payloads = []
        setattr(daphne_open.protocol, name, payloads.append)
        daphne_open.feed(masked(opcode, b"hello"))
        assert payloads == [b"hello"]

    async def test_send_ping_needs_no_payload(self, daphne_open):
        before = len(await daphne_open.read())
        daphne_open.protocol.sendPing()
        assert (await daphne_open.read())[before] == 0x89

    async def test_send_close_frame_sends_any_code_and_a_reason(self, daphne_open):
        before = len(await daphne_open.read())
        daphne_open.protocol.sendCloseFrame(code=1001, reasonUtf8=b"bye", isReply=False)
        assert (await daphne_open.read())[before:] == b"\x88\x05\x03\xe9bye"
        assert daphne_open.protocol.state == daphne_open.protocol.STATE_CLOSING

    async def test_drop_connection_can_abort(self, daphne_open):
        daphne_open.protocol.dropConnection(abort=True)
        assert daphne_open.protocol.state == daphne_open.protocol.STATE_CLOSED
        assert daphne_open.protocol.droppedByMe

    async def test_send_queue_is_empty_where_writing_is_not_paced(self, daphne_open):
        await daphne_open.send({"type": "websocket.send", "text": "hi"})
        assert len(daphne_open.protocol.send_queue) == 0

    async def test_a_frame_written_by_hand_is_what_autobahn_writes(self, daphne_open):
        before = len(await daphne_open.read())
        await daphne_open.send({"type": "websocket.send", "text": "hi"})
        assert (await daphne_open.read())[before:] == b"\x81\x02hi"

    async def test_extensions_in_use_are_known_when_the_handshake_is_through(self, daphne_open):
        assert daphne_open.protocol.websocket_extensions_in_use == []

    async def test_protocol_of_another_class_goes_on_as_that(self, daphne_open):
        kind = type(daphne_open.protocol)
        payloads = []

        class Other(kind):
            def onPing(self, payload):  # noqa: N802 Autobahn's name
                payloads.append(payload)

        daphne_open.protocol.__class__ = Other
        daphne_open.feed(masked(9, b"hello"))
        assert payloads == [b"hello"]


class TestTwisted:
    @pytest.mark.parametrize(
        "name", ["fileno", "pauseProducing", "registerProducer", "resumeProducing", "unregisterProducer", "write"]
    )
    def test_transport_has(self, name):
        assert callable(getattr(TwistedTransport, name))

    @pytest.mark.parametrize("name", daphne.NEEDED_TO_WRITE.names)
    @pytest.mark.parametrize("port", [TwistedPort, UnixPort], ids=["tcp", "unix"])
    def test_transport_of_a_client_has(self, port, name):
        client = port.transport.__new__(port.transport)
        FileDescriptor.__init__(client, Clock())
        assert NeededNames(name).missing_in(client) is None

    @pytest.mark.parametrize("name", newcomers.NEEDED.names)
    @pytest.mark.parametrize("port", [TwistedPort, UnixPort], ids=["tcp", "unix"])
    def test_port_has(self, port, name):
        assert NeededNames(name).missing_in(port) is None

    @pytest.mark.parametrize("name", bodies.NEEDED.names)
    def test_factory_of_daphne_makes_what_has(self, name):
        made = HTTPFactory(DaphneServer(print, endpoints=["tcp:0"])).buildProtocol(None)
        made._channel._command = made._channel._path = b""  # as it has while it reads a request
        assert NeededNames(name).missing_in(made) is None

    def test_factory_of_daphne_makes_its_protocols_by_this_attribute(self):
        factory, made = HTTPFactory(DaphneServer(print, endpoints=["tcp:0"])), []
        make = factory.protocol
        factory.protocol = lambda: made.append(make()) or made[-1]
        assert factory.buildProtocol(None) is made[0]
        assert isinstance(made[0]._channel, http.HTTPChannel)

    @pytest.mark.parametrize("name", bodies.NEEDED_OF_MODULE.names)
    def test_http_has(self, name):
        assert NeededNames(name).missing_in(http) is None

    def test_decoder_of_chunks_says_how_much_of_one_is_to_come(self):
        pieces = []
        decoder = http._ChunkedTransferDecoder(pieces.append, print)
        decoder.dataReceived(b"a\r\nhello")
        assert (decoder.state, decoder.length, pieces) == ("BODY", 5, [b"hello"])
        decoder.dataReceived(b"world\r\n")
        assert decoder.state != "BODY"

    def test_channel_reads_a_head_and_its_body_by_these_methods(self):
        """And says before the body whether there is one: its length, or none for one in chunks."""
        source = inspect.getsource(http.HTTPChannel)
        assert "self.allHeadersReceived()\n            if self.length == 0:" in source
        calls = []

        class Channel(http.HTTPChannel):
            def allHeadersReceived(self):  # noqa: N802 Twisted's names
                calls.append((self._command, self._path, self.length, type(self._transferDecoder).__name__))

            def rawDataReceived(self, data):  # noqa: N802
                calls.append(data)

        for header in ("Transfer-Encoding: chunked", "Content-Length: 5"):
            channel = Channel()
            channel.timeOut = None
            channel.makeConnection(StringTransport())
            channel.dataReceived(f"POST /path?query HTTP/1.1\r\n{header}\r\n\r\nhello".encode())
        assert calls == [
            (b"POST", b"/path?query", None, "_ChunkedTransferDecoder"),
            b"hello",
            (b"POST", b"/path?query", 5, "_IdentityTransferDecoder"),
            b"hello",
        ]

    def test_producer_is_told_by_these_names(self):
        source = inspect.getsource(sys.modules["twisted.internet.abstract"])
        for name in ("pauseProducing", "resumeProducing", "stopProducing"):
            assert f"self.producer.{name}()" in source

    @pytest.mark.parametrize("is_wrapped", [False, True])
    def test_buffers_of_a_lost_client_are_let_go_of(self, is_wrapped):
        """Also where TLS is in between, which wraps the one that has them."""

        class Stuck(FileDescriptor):
            connected = 1

            def writeSomeData(self, data):  # noqa: N802 Twisted's name
                return 0

        line = transport = Stuck(Clock())
        line.startWriting = line.stopWriting = line.stopReading = lambda: None
        if is_wrapped:
            transport = ProtocolWrapper(WrappingFactory(Factory()), None)
            transport.transport = line
        client = DaphneTransport.__new__(DaphneTransport)
        client._protocol, client._writable = SimpleNamespace(transport=transport), None
        line.registerProducer(client, True)
        for _ in range(2):
            line.write(b"x" * 100_000)
        assert (len(line.dataBuffer), line._tempDataLen) == (100_000, 100_000)
        line.connectionLost(None)
        assert (line.dataBuffer, line._tempDataBuffer, line._tempDataLen) == (b"", [], 0)

    def test_reactor_of_daphne_says_whether_it_runs(self):
        reactor = sys.modules["twisted.internet.reactor"]
        assert isinstance(reactor, AsyncioSelectorReactor)
        assert reactor.running is False

    def test_reactor_takes_triggers(self):
        assert parameters(AsyncioSelectorReactor.addSystemEventTrigger)[1:4] == ["phase", "eventType", "callable"]

    def test_reactor_handles_signals_by_its_methods(self):
        """And takes one without the frame of the moment, later than it came."""
        reactor = sys.modules["twisted.internet.reactor"]
        for handler in (reactor.sigTerm, reactor.sigInt):
            assert handler.__self__ is reactor
            assert parameters(handler) == ["number", "frame"]

    def test_reactor_knows_the_ports_of_daphne_by_its_factory(self):
        reactor = sys.modules["twisted.internet.reactor"]
        factory = HTTPFactory(DaphneServer(print, endpoints=["tcp:0"]))
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        assert port in reactor.getReaders()
        assert port.factory is factory
        assert callable(port.stopListening)
        port.stopReading()
        port.connectionLost(None)
        assert issubclass(TLSMemoryBIOFactory, WrappingFactory)
        assert WrappingFactory(factory).wrappedFactory is factory


class TestUvicorn:
    @pytest.mark.parametrize("name", [*uvicorn.NEEDED.names, *uvicorn.NEEDED_FOR_INTAKE.names])
    async def test_protocol_has(self, name):
        async with uvicorn_client() as client:
            assert uvicorn.NeededNames(name).missing_in(client.protocol) is None

    @pytest.mark.parametrize("name", heads.NEEDED.names)
    def test_http_protocol_has(self, name):
        assert heads.NEEDED.missing_of(HttpToolsProtocol) is None
        assert callable(getattr(HttpToolsProtocol, name))

    @pytest.mark.parametrize("name", chunks.NEEDED.names)
    async def test_http_protocol_that_is_connected_has(self, name):
        config = Config(print, http="httptools", log_config=None, lifespan="off")
        protocol = HttpToolsProtocol(config, ServerState(), {})
        protocol.connection_made(asyncio.Transport({"sockname": None}))
        assert NeededNames(name).missing_in(protocol) is None
        assert type(protocol.flow) is FlowControl

    def test_requests_are_told_what_comes_behind_them(self):
        parameters = inspect.signature(httptools_impl.RequestResponseCycle).parameters
        assert "keep_alive" in parameters
        assert "self.keep_alive = keep_alive" in inspect.getsource(httptools_impl.RequestResponseCycle)

    def test_socket_is_read_on_by_its_flow_alone(self):
        for module in (HttpToolsProtocol, FlowControl):
            source = inspect.getsource(sys.modules[module.__module__])
            assert "self.transport.resume_reading" not in source
        resumed = []
        flow = FlowControl(SimpleNamespace(pause_reading=int, resume_reading=lambda: resumed.append(True)))
        flow.pause_reading()
        flow.read_paused = False
        flow.resume_reading()
        assert not resumed

    def test_parser_takes_a_view_and_tells_of_each_chunk(self):
        told = []
        callbacks = SimpleNamespace(on_chunk_header=lambda: told.append("header"), on_body=told.append)
        head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
        HttpRequestParser(callbacks).feed_data(memoryview(head + b"5\r\nhello\r\n5\r\nwo"))
        assert told == ["header", b"hello", "header", b"wo"]
        assert all(isinstance(each, str | bytes) for each in told)

    @pytest.mark.parametrize("more", ["content-length: 5\r\n\r\n", "\r\n0\r\ncontent-length: 5\r\n"])
    def test_parser_refuses_chunks_with_a_length(self, more):
        """Also in a trailer: what has a length is taken for one piece."""
        with pytest.raises(HttpParserError):
            HttpRequestParser(SimpleNamespace()).feed_data(
                f"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n{more}".encode()
            )

    @pytest.mark.parametrize("ws", UVICORN_PROTOCOLS)
    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The `websockets` implementation")
    async def test_protocol_is_in_a_module_of_this_name(self, ws):
        async with uvicorn_client(ws) as client:
            assert uvicorn.is_uvicorn(client.protocol)
            assert client.send.__self__ is client.protocol

    def test_default_is_the_one_that_is_known(self):
        config = Config(print, log_config=None)
        config.load()
        assert config.ws_protocol_class is WebSocketsSansIOProtocol
        assert WebSocketsSansIOProtocol.__name__ == "WebSocketsSansIOProtocol"

    async def test_read_paused_while_a_message_waits(self, uvicorn_open):
        protocol = uvicorn_open.protocol
        assert protocol.read_paused is False
        protocol.data_received(masked(1, b"hi"))
        assert protocol.read_paused is True
        assert not protocol.queue.empty()
        assert await uvicorn_open.receive() == {"type": "websocket.receive", "text": "hi"}
        assert protocol.read_paused is False

    def test_queue_is_used_for_no_more_than_ours_can(self):
        source = inspect.getsource(inspect.getmodule(WebSocketsSansIOProtocol))
        used = set(re.findall(r"self\.queue\.(\w+)", source))
        assert used <= {name for name in vars(Arrivals) if not name.startswith("_")}

    async def test_frames_are_the_fragments_of_a_message(self, uvicorn_open):
        uvicorn_open.protocol.data_received(masked(1, b"a", first=0))
        uvicorn_open.protocol.data_received(masked(0, b"b", first=0))
        assert b"".join(uvicorn_open.protocol.frames) == b"ab"

    async def test_writable_is_cleared_while_the_client_does_not_read(self, uvicorn_open):
        protocol = uvicorn_open.protocol
        assert protocol.writable.is_set()
        protocol.pause_writing()
        assert not protocol.writable.is_set()
        protocol.resume_writing()

    async def test_transport_takes_another_protocol(self, uvicorn_open):
        received, lost = [], []

        class Between(asyncio.Protocol):
            data_received = staticmethod(received.append)
            connection_lost = staticmethod(lost.append)

        protocol = uvicorn_open.protocol
        protocol.transport.set_protocol(Between())
        uvicorn_open.feed(b"hi")
        await until(lambda: received)
        assert received == [b"hi"]
        protocol.transport.set_protocol(protocol)

    async def test_a_frame_written_by_hand_is_what_uvicorn_writes(self, uvicorn_open):
        await uvicorn_open.send({"type": "websocket.send", "text": "hi"})
        assert await uvicorn_open.read() == b"\x81\x02hi"

    async def test_server_handles_the_signal_by_a_method(self):
        server = UvicornServer(Config(print, log_config=None))
        with server.capture_signals():
            assert signal.getsignal(signal.SIGTERM).__self__ is server

    @pytest.mark.parametrize("name", NEEDED_OF_SERVER.names)
    def test_server_has(self, name):
        assert NeededNames(name).missing_in(UvicornServer(Config(print, log_config=None))) is None

    async def test_server_says_when_it_serves_and_on_which_ports(self):
        server = UvicornServer(Config(print, log_config=None, lifespan="off", port=0))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        assert server.started is False
        await server.startup()
        assert server.started is True
        [port] = server.servers
        port.close()
        assert not port.is_serving()

    def test_server_can_be_looked_at_and_hurried(self):
        server = UvicornServer(Config(print, log_config=None, timeout_graceful_shutdown=3))
        assert (server.should_exit, server.force_exit) == (False, False)
        assert server.config.timeout_graceful_shutdown == 3
        assert isinstance(server.server_state.connections, set)


class TestGunicorn:
    @pytest.fixture
    async def fresh(self):
        """A client of it, at the call of the application."""
        async with gunicorn_client(lambda *_: None) as client:
            yield client

    @pytest.mark.parametrize("name", gunicorn.NEEDED.names)
    async def test_protocol_has(self, fresh, name):
        assert NeededNames(name).missing_in(fresh.protocol) is None

    @pytest.mark.parametrize("name", NEEDED_OF_WORKER.names)
    async def test_worker_has(self, fresh, name):
        worker = fresh.protocol.transport.get_protocol().worker
        assert NeededNames(name).missing_in(worker) is None

    async def test_send_is_a_method_of_its_protocol(self, fresh):
        assert gunicorn.is_gunicorn(fresh.send.__self__)

    async def test_frames_are_an_opcode_and_a_payload(self, fresh):
        fresh.protocol._buffer += masked(9, b"hi")
        assert await fresh.protocol._read_frame() == (9, b"hi")

    async def test_fragments_are_kept_in_a_list_and_said_to_have_come(self, fresh):
        fresh.protocol._buffer += masked(1, b"hi", first=0)
        assert await fresh.protocol._read_frame() == (0, b"")
        assert fresh.protocol._fragments == [b"hi"]

    async def test_space_is_told_when_a_message_is_taken(self, fresh):
        await fresh.protocol._put_message({"type": "websocket.receive", "text": "hi"})
        fresh.protocol._queue_space.clear()
        assert (await fresh.receive())["text"] == "hi"
        assert fresh.protocol._queue_space.is_set()


class TestWebsockets:
    async def test_extensions_are_a_list_of_which_the_first_decodes_last(self, uvicorn_open):
        order = []

        class Noting(Extension):
            def __init__(self, name):
                self.name = name

            def decode(self, frame, *, max_size=None):
                order.append(self.name)
                return frame

        uvicorn_open.protocol.conn.extensions[:] = [Noting("first"), Noting("second")]
        uvicorn_open.protocol.data_received(masked(1, b"hi"))
        assert order == ["second", "first"]

    def test_extensions_are_called_so(self):
        assert parameters(Extension.decode) == ["self", "frame", "max_size"]
        assert parameters(Extension.encode) == ["self", "frame"]

    @pytest.mark.parametrize("opcode", [1, 9, 10])
    async def test_extensions_see_every_frame_before_it_is_an_event(self, uvicorn_open, opcode):
        seen, conn = [], uvicorn_open.protocol.conn

        class Noting(Extension):
            def decode(self, frame, *, max_size=None):
                seen.append((int(frame.opcode), bytes(frame.data), list(conn.events)))
                return frame

            def encode(self, frame):
                return frame

        conn.extensions.append(Noting())
        uvicorn_open.protocol.data_received(masked(opcode, b"hi"))
        assert seen == [(opcode, b"hi", [])]

    async def test_max_message_size_bounds_a_message(self, uvicorn_open):
        uvicorn_open.protocol.conn.max_message_size = 1
        uvicorn_open.protocol.data_received(masked(1, b"hi"))
        assert isinstance(uvicorn_open.protocol.conn.parser_exc, PayloadTooBig)

    def test_frames_can_be_made_and_replaced(self):
        frame = dataclasses.replace(Frame(Opcode.PING, b"hi"), opcode=type(Opcode.PING)(10))
        assert (frame.opcode, frame.data, frame.fin) == (Opcode.PONG, b"hi", True)
        assert Frame(Opcode.CONT, b"", fin=False).fin is False

    def test_a_payload_that_is_too_big_may_have_no_size(self):
        assert "10" in str(PayloadTooBig(None, 10))

    @pytest.mark.parametrize("name", deflate.NEEDED.names)
    def test_permessage_deflate_has(self, name):
        assert NeededNames(name).missing_in(PerMessageDeflate(False, False, 12, 12)) is None

    @pytest.mark.parametrize(("bits", "expected"), [("", WINDOW_BITS), ("; server_max_window_bits=10", 10)])
    async def test_permessage_deflate_is_the_only_extension_and_knows_its_window(self, bits, expected):
        async with uvicorn_client(offer=f"permessage-deflate{bits}") as client:
            [extension] = client.protocol.conn.extensions
            assert type(extension) is PerMessageDeflate
            assert extension.local_max_window_bits == expected

    def test_permessage_deflate_needs_no_encoder_before_a_message_without_takeover(self):
        extension = PerMessageDeflate(False, False, 12, 12)
        extension.local_no_context_takeover = True
        del extension.encoder
        frames = [extension.encode(Frame(Opcode.TEXT, b"hi")) for _ in range(2)]
        assert frames[0] == frames[1]
        assert frames[0].rsv1 is True

    def test_permessage_deflate_inflates_with_its_decoder(self):
        fresh, given = PerMessageDeflate(False, False, 12, 12), PerMessageDeflate(False, False, 12, 12)
        fresh.decode(fresh.encode(Frame(Opcode.TEXT, b"before")))
        given.decoder = fresh.decoder
        frame = given.decode(fresh.encode(Frame(Opcode.TEXT, b"and before")), max_size=100)
        assert (bytes(frame.data), frame.rsv1) == (b"and before", False)


class TestChannels:
    def test_sessions_keep_what_they_wrap(self):
        wrapper = InstanceSessionWrapper({"session": {}}, print)
        assert wrapper.real_send is print
        assert type(wrapper).__module__ == "channels.sessions"

    def test_sessions_look_at_http_responses_only(self):
        assert InstanceSessionWrapper.save_message_types == ["http.response.start"]
        assert InstanceSessionWrapper.cookie_response_message_types == ["http.response.start"]

    def test_consumers_have_an_alias_of_their_layer(self):
        assert AsyncWebsocketConsumer.channel_layer_alias == "default"

    async def test_consumers_are_called_once_for_each_client(self):
        scopes = []

        class Consumer(AsyncWebsocketConsumer):
            async def __call__(self, scope, receive, send):
                scopes.append(scope)

        application = Consumer.as_asgi()
        assert application.consumer_class is Consumer
        await application({"type": "websocket"}, None, None)
        assert scopes == [{"type": "websocket"}]


class TestAsgiref:
    def test_sync_to_async_has_one_thread_for_all(self):
        assert isinstance(SyncToAsync.single_thread_executor, ThreadPoolExecutor)

    def test_async_to_sync_knows_where_it_is_at_work(self):
        def current():
            return getattr(AsyncToSync.executors, "current", None)

        async def work():
            return await sync_to_async(current)()

        assert current() is None
        assert async_to_sync(work)() is not None

    def test_async_to_sync_knows_its_loops(self):
        async def is_known():
            return asyncio.get_running_loop() in AsyncToSync.loop_thread_executors

        assert async_to_sync(is_known)()
        assert not asyncio.run(is_known())


class TestSentry:
    async def test_looks_at_http_responses_only(self):
        """Its ``send`` names no other message than the head of a response, so a WebSocket's need not pass it."""
        sends = []

        async def application(scope, receive, send):
            sends.append(send)

        await SentryAsgiMiddleware(application)({"type": "websocket", "path": "/", "headers": []}, None, print)
        [send] = sends
        assert (send.__module__, send.__name__) == ("sentry_sdk.integrations.asgi", "_sentry_wrapped_send")
        assert "send" in send.__code__.co_freevars
        named = {const for const in send.__code__.co_consts if isinstance(const, str) and "." in const}
        assert "http.response.start" in named
        assert named <= {"http.response.start", "http.response.status_code"}
