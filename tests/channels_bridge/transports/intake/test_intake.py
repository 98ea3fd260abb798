import asyncio
import time

import pytest

from channels_bridge.transports.intake.intake import MAX_PIECES, PARSING_SECONDS, SLICE, Intake, merge
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.pings import IDLE_BURST, MAX_PINGS


class Socket(Intake):
    """An intake in front of a parser that keeps what it is given, and of a socket that can be paused."""

    def __init__(self):
        self.parsed = []
        self.seconds = 0.0
        self.limit = None
        self.asked = 0
        self.fault = None
        self.is_paused = self.is_cut = False
        super().__init__()

    def is_full(self):
        self.asked += 1
        return self.limit is not None and len(self.parsed) >= self.limit

    def _parse(self, data):
        if self.fault is not None:
            raise self.fault
        self.parsed.append(data)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            pass

    def _cut(self):
        self.is_cut = True

    def _pause(self):
        self.is_paused = True

    def _resume(self):
        self.is_paused = False

    def _line_up(self):
        asyncio.get_running_loop().call_soon(self._go_on_later)


class LinedUp(Socket):
    """One that waits at the turnstile, as those of servers do."""

    _line_up = Intake._line_up


class Flooded:
    """Is told of floods, as a transport is."""

    def __init__(self):
        self.floods = 0

    def cut_off_flooder(self):
        self.floods += 1


@pytest.fixture
async def socket():
    return Socket()


@pytest.fixture
async def open_socket(socket):
    socket.release()
    return socket


class TestBeforeTheHandshakeIsThrough:
    async def test_nothing_is_read(self, socket):
        assert socket.is_paused
        assert not socket.is_reading

    async def test_nothing_is_parsed(self, socket):
        socket.take(b"early")
        await turns()
        assert socket.parsed == []

    async def test_what_was_read_all_the_same_is_parsed_afterwards(self, socket):
        socket.take(b"early ")
        socket.take(b"bird")
        socket.release()
        assert b"".join(socket.parsed) == b"early bird"
        assert not socket.is_paused


class TestParsing:
    async def test_is_done_at_once_for_what_is_small(self, open_socket):
        data = b"x" * SLICE
        open_socket.take(data)
        assert open_socket.parsed[0] is data

    async def test_is_done_piece_by_piece_for_what_is_large(self, open_socket):
        open_socket.take(bytes(range(256)) * 40)
        await until(lambda: not open_socket.rest)
        assert b"".join(open_socket.parsed) == bytes(range(256)) * 40
        assert max(map(len, open_socket.parsed)) == SLICE

    async def test_lets_others_run_when_it_takes_long(self, open_socket):
        open_socket.seconds = PARSING_SECONDS
        open_socket.take(b"x" * 10 * SLICE)
        seen = [len(open_socket.parsed)]
        while open_socket.rest:
            assert open_socket.is_paused
            await asyncio.sleep(0)
            seen.append(len(open_socket.parsed))
        assert seen == list(range(1, 11))
        assert not open_socket.is_paused

    async def test_keeps_the_order_of_what_is_read_meanwhile(self, open_socket):
        open_socket.seconds = PARSING_SECONDS
        open_socket.take(b"a" * 3 * SLICE)
        open_socket.take(b"b")
        await until(lambda: not open_socket.rest)
        assert b"".join(open_socket.parsed) == b"a" * 3 * SLICE + b"b"


class TestWhileTheApplicationHasEnough:
    async def test_nothing_is_parsed(self, open_socket):
        open_socket.limit = 0
        open_socket.take(b"more")
        await turns()
        assert open_socket.parsed == []
        assert open_socket.is_paused

    async def test_nothing_runs(self, open_socket):
        open_socket.limit = 0
        open_socket.take(b"more")
        before = open_socket.asked
        await turns()
        assert open_socket.asked == before

    async def test_parsing_stops_in_between(self, open_socket):
        open_socket.limit = 2
        open_socket.take(b"x" * 5 * SLICE)
        await turns()
        assert len(open_socket.parsed) == 2
        open_socket.limit = 10
        open_socket.go_on()
        await turns()
        assert len(open_socket.parsed) == 5


class TestAFlood:
    @pytest.fixture
    def flooded(self, open_socket):
        open_socket.transport = Flooded()
        return open_socket.transport

    async def test_is_told_of_once(self, open_socket, flooded):
        open_socket.flood()
        open_socket.flood()
        assert flooded.floods == 0  # not while the parser is at work
        await turns()
        assert flooded.floods == 1

    async def test_is_not_heard_any_more(self, open_socket):
        open_socket.flood()
        open_socket.take(b"more")
        await turns()
        assert open_socket.parsed == []
        assert open_socket.is_paused

    async def test_is_what_too_many_frames_that_carry_nothing_are(self, open_socket, flooded):
        for _ in range(IDLE_BURST):
            open_socket.count_idle()
        await turns()
        assert flooded.floods == 0
        for _ in range(IDLE_BURST):
            open_socket.count_idle()
        await turns()
        assert flooded.floods == 1

    async def test_of_pings_is_answered_while_the_client_reads(self, open_socket):
        assert all(open_socket.is_answered(is_writable=True) for _ in range(2 * MAX_PINGS))
        answers = [open_socket.is_answered(is_writable=False) for _ in range(2 * MAX_PINGS)]
        assert sum(answers) == MAX_PINGS


async def test_what_is_dropped_is_not_parsed_and_what_comes_is(open_socket):
    open_socket.limit = 0
    open_socket.take(b"old")
    open_socket.drop()
    open_socket.limit = None
    open_socket.take(b"new")
    assert open_socket.parsed == [b"new"]
    assert not open_socket.is_paused


class TestWhatTheParserCannotTake:
    @pytest.mark.parametrize("size", [10, 5 * SLICE])
    async def test_ends_the_connection(self, open_socket, size, caplog):
        open_socket.fault = RuntimeError("not in this state")
        open_socket.take(b"x" * size)
        await turns()
        assert open_socket.is_cut
        assert not open_socket.rest
        [record] = caplog.records
        assert "not in this state" in record.getMessage()

    async def test_is_nobody_elses_trouble(self, open_socket):
        other = Socket()
        other.release()
        open_socket.fault = ZeroDivisionError()
        open_socket.take(b"x")
        other.take(b"y")
        assert other.parsed == [b"y"]


class TestMerging:
    def test_puts_many_pieces_together(self):
        pieces = [b"x"] * (MAX_PIECES + 1)
        merge(pieces)
        assert pieces == [b"x" * (MAX_PIECES + 1)]

    def test_leaves_few_as_they_are(self):
        pieces = [b"x"] * MAX_PIECES
        merge(pieces)
        assert len(pieces) == MAX_PIECES


async def test_of_many_that_are_read_at_a_time_a_few_are_parsed_in_one_turn():
    sockets = [LinedUp() for _ in range(200)]
    for socket in sockets:
        socket.release()
        socket.seconds = 0.0005
    await turns()
    for socket in sockets:
        socket.take(b"x" * (SLICE + 1))
    assert sum(bool(socket.parsed) for socket in sockets) < 20
    sockets[-1].take(b"in order")
    await until(lambda: all(not socket.rest for socket in sockets))
    assert b"".join(sockets[-1].parsed) == b"x" * (SLICE + 1) + b"in order"
    assert not any(socket.is_paused for socket in sockets)
