"""What clients read is compared byte for byte with what was sent, by the library that they use."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager

import pytest
from django.test import override_settings
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.streams import StreamReader

from channels_bridge.transports import deflate
from channels_bridge.transports.deflate import frames_for
from channels_bridge.transports.recognition import NeededNames, warn_once
from channels_bridge.transports.uvicorn import UvicornTransport
from tests.support.protocols import uvicorn_client
from tests.support.waiting import turns

USUAL = "permessage-deflate; client_max_window_bits"

#: What clients may ask for, of each parameter.
OFFERS = [
    ClientPerMessageDeflateFactory(*parameters)
    for parameters in itertools.product([False, True], [False, True], [None, 11, 15], [True, 9])
]


def offered(factory):
    """The header of a factory."""
    return "; ".join(
        [factory.name, *(name if value is None else f"{name}={value}" for name, value in factory.get_request_params())]
    )


def line(number, size=2_000):
    """JSON of a kind, as applications send it."""
    row = json.dumps({"number": number, "name": f"person {number}", "is_new": bool(number % 2)})
    return (row * (size // len(row) + 1))[:size]


class Reader:
    """Reads what a server writes, as a client of the library ``websockets`` does."""

    def __init__(self, client, factory):
        self._client = client
        self._factory = factory
        self._stream = StreamReader()
        self._extensions = []
        self.compressed = []

    async def read_handshake(self):
        response = await self._parsed(
            Response.parse(self._stream.read_line, self._stream.read_exact, self._stream.read_to_eof)
        )
        header = response.headers.get("Sec-WebSocket-Extensions")
        if header is not None:
            parameters = [tuple(part.strip().partition("=")[::2]) for part in header.split(";")[1:]]
            parameters = [(name, value or None) for name, value in parameters]
            self._extensions = [self._factory.process_response_params(parameters, [])]
        return self

    async def read(self):
        """The next text."""
        return (await self.read_bytes()).decode()

    async def read_bytes(self):
        """What the next frame carries."""
        seen = _Seen()
        parsing = Frame.parse(self._stream.read_exact, mask=False, extensions=[*self._extensions, seen])
        frame = await self._parsed(parsing)
        self.compressed.append(seen.is_compressed)
        return bytes(frame.data)

    async def _parsed(self, parsing):
        try:
            while True:
                next(parsing)
                self._stream.feed_data(await self._client.read())
        except StopIteration as end:
            return end.value

    def encode(self, payload, size=None):
        """The frames of a message of the client, in pieces of a size."""
        size = size or len(payload)
        starts = range(0, len(payload), size)
        return b"".join(
            Frame(Opcode.CONT if start else Opcode.TEXT, payload[start : start + size], start == starts[-1]).serialize(
                mask=True, extensions=self._extensions
            )
            for start in starts
        )


class _Seen:
    """An extension that sees whether a frame is compressed before it is inflated."""

    is_compressed = False

    def decode(self, frame, *, max_size=None):
        self.is_compressed = frame.rsv1
        return frame


@asynccontextmanager
async def connected(factory=None, *, around=None):
    """A client that was accepted: what it reads, its transport, and uvicorn's protocol.

    :param around: makes the ``send`` of a middleware out of the server's.
    """
    factory = factory or ClientPerMessageDeflateFactory()
    async with uvicorn_client(offer=offered(factory)) as client:
        send = client.send if around is None else around(client.send)
        transport = UvicornTransport(client.protocol, client.receive, send, is_wrapped=around is not None)
        await transport.accept()
        yield await Reader(client, factory).read_handshake(), transport, client
        transport.release()


def extension_of(client):
    return client.protocol.conn.extensions[-1]


class TestWhateverWasNegotiated:
    @pytest.mark.parametrize("factory", OFFERS, ids=offered)
    async def test_texts_arrive_as_they_were_sent_on_either_way(self, factory):
        """Straight to the socket, and through uvicorn while the client was not writable."""
        async with connected(factory) as (reader, transport, client):
            for number in range(12):
                text = line(number, 10 + 700 * (number % 4))
                if number % 3 == 2:
                    client.protocol.pause_writing()
                    sending = asyncio.ensure_future(transport.send(text))
                    await turns()
                    client.protocol.resume_writing()
                    await sending
                else:
                    assert transport.send(text) is None
                assert await reader.read() == text
            is_usual = (factory.server_max_window_bits or 15) >= 12
            assert reader.compressed == [is_usual and number % 4 > 1 for number in range(12)]

    @pytest.mark.parametrize("factory", OFFERS, ids=offered)
    async def test_what_the_client_sends_is_read_whole_or_in_fragments(self, factory):
        async with connected(factory) as (reader, transport, client):
            for number, size in enumerate([None, 1_000, 100, None, 7, None]):
                text = line(number)
                client.feed(reader.encode(text.encode(), size))
                assert await transport.receive() == text
                transport.send(line(-number))
                assert await reader.read() == line(-number)


class TestCompression:
    async def test_of_one_message_is_shared_by_all(self):
        async with connected() as (_, one, _), connected() as (_, other, _):
            assert one._frame is other._frame
            assert one._frame(line(1)) is other._frame(line(1))

    async def test_keeps_no_compressor_for_a_client_nor_what_inflates_until_it_is_needed(self):
        async with connected() as (reader, transport, client):
            transport.send(line(1))
            assert not {"encoder", "decoder"} & vars(extension_of(client)).keys()
            client.feed(reader.encode(b"hello"))
            await transport.receive()
            assert "decoder" in vars(extension_of(client))

    async def test_is_the_same_where_a_middleware_sends_itself(self):
        deflated = []

        def around(send):
            async def sending(message):
                deflated.append(message["type"])
                await send(message)

            return sending

        async with connected(around=around) as (reader, transport, client):
            for number in range(3):
                await transport.send(line(number))
                assert await reader.read() == line(number)
            assert reader.compressed == [True] * 3
            assert "encoder" not in vars(extension_of(client))
            assert deflated == ["websocket.accept", *["websocket.send"] * 3]

    async def test_of_what_uvicorn_sends_in_pieces_or_as_bytes_refers_to_nothing_either(self):
        async with connected() as (reader, transport, client):
            conn = client.protocol.conn
            for number in range(3):
                payload = line(number).encode()
                conn.send_binary(memoryview(payload))
                conn.send_text(payload[:900], fin=False)
                conn.send_continuation(payload[900:], fin=True)
                client.protocol.transport.write(b"".join(conn.data_to_send()))
                transport.send(line(number))
                assert await reader.read() == line(number)
                assert await reader.read() + await reader.read() == line(number)
                assert await reader.read() == line(number)

    async def test_is_done_once_however_often_a_transport_is_made(self):
        async with connected() as (_, transport, client):
            again = UvicornTransport(client.protocol, client.receive, client.send)
            assert again._frame is transport._frame
            assert type(extension_of(client)).__mro__[1] is PerMessageDeflate

    async def test_leaves_pings_and_close_frames_alone(self):
        async with connected() as (reader, transport, client):
            client.protocol.conn.send_ping(b"hello")
            client.protocol.transport.write(b"".join(client.protocol.conn.data_to_send()))
            assert await reader.read() == "hello"
            await transport.close(4000, "x" * 100)
            assert await reader.read_bytes() == b"\x0f\xa0" + b"x" * 100
            assert reader.compressed == [False, False]


class TestTheSetting:
    @pytest.mark.parametrize(("above", "expected"), [(0, True), (1_999, True), (2_000, False), (10_000, False)])
    async def test_says_from_which_length_on(self, above, expected):
        with override_settings(TORNADO_WEBSOCKETS={"COMPRESS_ABOVE": above}):
            async with connected() as (reader, transport, _):
                transport.send(line(1))
                assert await reader.read() == line(1)
        assert reader.compressed == [expected]

    @override_settings(TORNADO_WEBSOCKETS={"COMPRESS_ABOVE": None})
    async def test_none_leaves_it_to_the_server(self):
        async with connected() as (reader, transport, client):
            for number in range(3):
                await transport.send(line(number, 50))
                assert await reader.read() == line(number, 50)
            assert reader.compressed == [True] * 3
            assert type(extension_of(client)) is PerMessageDeflate
            assert "encoder" in vars(extension_of(client))


class TestWhatIsNotKnown:
    @pytest.fixture(autouse=True)
    def first_warnings(self):
        warn_once.cache_clear()

    def test_is_left_as_it_is_with_a_warning(self, caplog, monkeypatch):
        monkeypatch.setattr(deflate, "NEEDED", NeededNames("encode", "nowhere"))
        extension = PerMessageDeflate(False, False, 12, 12)
        assert frames_for([extension]) is None
        assert type(extension) is PerMessageDeflate
        assert "encoder" in vars(extension)
        assert "there is no nowhere" in caplog.text

    @pytest.mark.parametrize("others", [[], [PerMessageDeflate(False, False, 12, 12)]], ids=["alone", "beside ours"])
    def test_is_another_extension(self, caplog, others):
        assert frames_for([*others, object()]) is None
        assert {type(each) for each in others} <= {PerMessageDeflate}
        assert "there is no PerMessageDeflate alone" in caplog.text

    def test_attribute_is_missing_as_ever(self):
        extension = PerMessageDeflate(False, False, 12, 12)
        frames_for([extension])
        with pytest.raises(AttributeError, match="nowhere"):
            _ = extension.nowhere
