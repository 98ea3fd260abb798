import asyncio
import gc

import pytest

from channels_bridge.transports.gunicorn import GunicornTransport, PingTimes
from channels_bridge.transports.intake.gunicorn import MAX_PARSED_BYTES, intake_of
from channels_bridge.transports.intake.intake import PARSING_SECONDS
from tests.support.protocols import gunicorn_client
from tests.support.turnstile import CountingTurnstile
from tests.support.visitor import visiting
from tests.support.waiting import turns, until
from tornado_websockets.conf import most_bytes
from tornado_websockets.core.connections.pings import IDLE_BURST, MAX_PINGS
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED
from tornado_websockets.core.protocol.rfc6455 import UNASKED_PONG

TEXT, PING, PONG = 1, 9, 10
FINAL = 0x80


def masked(payload, opcode=TEXT, first=FINAL, key=b"\1\2\3\4"):
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([first | opcode]) + length + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


class Connection:
    """Is told of the client, as a connection is."""

    offer = NOTHING_OFFERED

    def __init__(self):
        self.floods = self.losses = 0

    def on_flood(self, code, reason):
        self.floods += 1

    def on_lost(self):
        self.losses += 1


PING_TIMES = PingTimes(interval=0.05, timeout=0.2)


@pytest.fixture
async def fresh(request):
    """A client whose handshake waits, and its transport."""
    made = []

    def at_once(protocol, receive, send):
        made.append(GunicornTransport(protocol, receive, send, ping_times=getattr(request, "param", PingTimes())))

    async with gunicorn_client(at_once) as client:
        [transport] = made
        transport.begin(Connection())
        yield client, transport
        transport.end()
        transport.release()


@pytest.fixture
def client(fresh):
    return fresh[0]


@pytest.fixture
async def transport(fresh):
    """That of a client that was accepted."""
    client, transport = fresh
    await transport.accept()
    assert (await client.read()).startswith(b"HTTP/1.1 101")
    return transport


class TestReading:
    async def test_nothing_is_parsed_before_the_client_is_accepted(self, fresh):
        client, transport = fresh
        client.feed(masked(b"hi"))
        await turns(20)
        assert not transport.has_more()
        await transport.accept()
        assert await transport.receive() == "hi"

    async def test_who_leaves_before_that_is_noticed(self, fresh):
        client, transport = fresh
        client.protocol.feed_eof()
        assert await transport.receive() is None

    @pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 70_000, 300_001])
    async def test_messages_are_what_was_sent(self, client, transport, size):
        text = "abcdefg" * (size // 7) + "abcdefg"[: size % 7]
        reading = asyncio.ensure_future(transport.receive())
        data = masked(text.encode())
        for start in range(0, len(data), 50_000):
            client.feed(data[start : start + 50_000])
            await turns()
        assert await reading == text

    async def test_a_message_has_as_many_bytes_as_the_settings_allow(self, client, transport):
        assert client.protocol.max_message_size == most_bytes()

    async def test_few_bytes_wait_for_the_application(self, client, transport):
        message = masked(b"x" * 300_000)

        async def feed():
            for _ in range(8):
                for start in range(0, len(message), 50_000):
                    await until(lambda: not client.protocol._reading_paused)
                    client.feed(message[start : start + 50_000])
                    await turns(2)

        feeding = asyncio.ensure_future(feed())
        await until(lambda: client.protocol._reading_paused)
        await turns(50)
        waiting = client.protocol._receive_queue.qsize()
        assert 1 <= waiting <= MAX_PARSED_BYTES // 300_000
        assert not transport._is_reading()
        assert [len(await transport.receive()) for _ in range(8)] == [300_000] * 8
        await feeding

    async def test_who_sends_now_and_then_waits_behind_nobody(self, client, transport, monkeypatch):
        turnstile = CountingTurnstile()
        monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
        for _ in range(20):
            await asyncio.sleep(2 * PARSING_SECONDS)  # until its turn is over
            client.feed(masked(b"hi"))
            assert await transport.receive() == "hi"
        assert turnstile.waits == 0

    async def test_who_sends_much_at_once_lets_others_go_first(self, client, transport, monkeypatch):
        turnstile = CountingTurnstile()
        monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
        client.feed(masked(b"hi") * 5_000)
        for _ in range(5_000):
            await transport.receive()
        assert turnstile.waits > 1

    async def test_fragments_become_a_message(self, client, transport):
        client.feed(masked(b"a", first=0) + masked(b"b", opcode=0, first=0) * 2_000 + masked(b"c", opcode=0))
        assert await transport.receive() == "a" + "b" * 2_000 + "c"


class TestTheLine:
    async def test_may_have_gone_together_with_its_socket(self, transport, monkeypatch):
        class Gone:
            """The transport of a TLS client that has left."""

            def get_extra_info(self, name):
                return None

        monkeypatch.setattr(transport, "_transport", Gone())
        transport.keep_line_short()
        assert transport.taken() is None

    async def test_needs_no_garbage_collector_in_the_end(self, client):
        assert client.protocol not in gc.get_referents(intake_of(client.protocol))


class TestIdleFrames:
    @pytest.mark.parametrize("frame", [masked(b"", PING), masked(b"", PONG), masked(b"", 0, first=0)])
    async def test_too_many_close_the_client(self, client, transport, frame):
        connection = transport._connection
        client.feed(masked(b"a", first=0))  # of which the last are fragments
        client.feed(frame * (IDLE_BURST + 50))
        await until(lambda: connection.floods)
        await turns(20)
        assert connection.floods == 1

    async def test_a_ping_is_answered(self, client, transport):
        client.feed(masked(b"hey", PING))
        assert await client.read() == b"\x8a\x03hey"

    async def test_few_are_answered_while_the_client_reads_nothing(self, client, transport, monkeypatch):
        written = []
        monkeypatch.setattr(client.protocol, "transport", Stuck(client.protocol.transport, written))
        client.feed(masked(b"", PING) * (MAX_PINGS + 50))
        await turns(200)
        assert len(written) == MAX_PINGS


class Stuck:
    """The line to a client that takes nothing."""

    def __init__(self, transport, written):
        self._transport = transport
        self.write = written.append

    def get_write_buffer_size(self):
        return 1

    def __getattr__(self, name):
        return getattr(self._transport, name)


@pytest.mark.parametrize("fresh", [PING_TIMES], indirect=True)
class TestPings:
    async def test_who_answers_stays(self, client, transport):
        for _ in range(5):
            assert await client.read() == b"\x89\x00"
            client.feed(masked(b"", PONG))

    async def test_who_does_not_is_cut_off_whatever_it_says(self, client, transport):
        assert await client.read() == b"\x89\x00"
        client.feed(masked(b"hi"))
        assert await transport.receive() == "hi"
        assert await transport.receive() is None


class TestSending:
    async def test_writes_nothing_more_on_a_line_that_is_broken(self, client, transport, caplog):
        transport.cut()
        for _ in range(10):  # asyncio logs the fifth, and all after it; uvloop raises an error
            with pytest.raises(ClientGone):
                transport.send("hi")
        with pytest.raises(ClientGone):
            transport.close(4000, "bye")
        transport.release()
        assert client.protocol._close_sent  # what it looks at when the application ends
        await turns()
        assert caplog.records == []

    async def test_writes_a_frame(self, client, transport):
        await transport.send("hi")
        assert await client.read() == b"\x81\x02hi"

    async def test_tells_that_the_client_has_gone(self, client, transport):
        transport.cut()
        await until(lambda: client.protocol.closed)
        with pytest.raises(ClientGone):
            await transport.send("hi")


class TestAClientThatLeavesWhileAHandlerRuns:
    @pytest.fixture
    async def visitor(self, client, transport):
        return await visiting(client, transport, masked)

    async def test_is_sent_what_only_who_is_there_takes(self, client, transport, visitor):
        transport.read_on_if_late()
        assert await client.read() == UNASKED_PONG

    async def test_leaves_nothing_of_what_it_has_sent(self, client, transport, visitor):
        visitor.is_long_gone = True
        for _ in range(2):
            transport.read_on_if_late()
        await until(lambda: client.protocol.closed)
        assert await transport.receive() is None
        assert client.protocol._receive_queue.empty()
        assert not client.protocol._buffer
