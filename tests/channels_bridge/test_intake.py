import asyncio
import time

import pytest

from channels_bridge.intake import SECONDS, SLICE, Intake
from tests.project.waiting import turns, until


class Socket:
    """What an intake stands in front of: a parser that keeps what it is given, and a socket that can be paused."""

    def __init__(self):
        self.parsed = []
        self.is_paused = False
        self.is_full = False
        self.seconds = 0.0
        queue = asyncio.get_running_loop().call_soon
        self.is_cut = False
        self.intake = Intake(self.parse, self.pause, self.resume, queue, self.cut, stops_by_itself=False)
        self.intake.is_full = lambda: self.is_full

    def parse(self, data):
        self.parsed.append(data)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            pass

    def cut(self):
        self.is_cut = True

    def pause(self):
        self.is_paused = True

    def resume(self):
        self.is_paused = False


@pytest.fixture
async def socket():
    return Socket()


@pytest.fixture
async def open_socket(socket):
    socket.intake.release()
    return socket


class TestBeforeTheHandshakeIsThrough:
    async def test_nothing_is_read(self, socket):
        assert socket.is_paused
        assert not socket.intake.is_reading

    async def test_nothing_is_parsed(self, socket):
        socket.intake.take(b"early")
        await turns()
        assert socket.parsed == []

    async def test_what_was_read_all_the_same_is_parsed_afterwards(self, socket):
        socket.intake.take(b"early ")
        socket.intake.take(b"bird")
        socket.intake.release()
        assert b"".join(socket.parsed) == b"early bird"
        assert not socket.is_paused


class TestParsing:
    async def test_is_done_at_once_for_what_is_small(self, open_socket):
        data = b"x" * SLICE
        open_socket.intake.take(data)
        assert open_socket.parsed[0] is data

    async def test_is_done_piece_by_piece_for_what_is_large(self, open_socket):
        open_socket.intake.take(bytes(range(256)) * 40)
        await until(lambda: not open_socket.intake.rest)
        assert b"".join(open_socket.parsed) == bytes(range(256)) * 40
        assert max(map(len, open_socket.parsed)) == SLICE

    async def test_lets_others_run_when_it_takes_long(self, open_socket):
        open_socket.seconds = SECONDS
        open_socket.intake.take(b"x" * 10 * SLICE)
        seen = [len(open_socket.parsed)]
        while open_socket.intake.rest:
            assert open_socket.is_paused
            await asyncio.sleep(0)
            seen.append(len(open_socket.parsed))
        assert seen == list(range(1, 11))
        assert not open_socket.is_paused

    async def test_keeps_the_order_of_what_is_read_meanwhile(self, open_socket):
        open_socket.seconds = SECONDS
        open_socket.intake.take(b"a" * 3 * SLICE)
        open_socket.intake.take(b"b")
        await until(lambda: not open_socket.intake.rest)
        assert b"".join(open_socket.parsed) == b"a" * 3 * SLICE + b"b"


class TestWhileTheApplicationHasEnough:
    async def test_nothing_is_parsed(self, open_socket):
        open_socket.is_full = True
        open_socket.intake.take(b"more")
        await turns()
        assert open_socket.parsed == []
        assert open_socket.is_paused

    async def test_nothing_runs(self, open_socket):
        asked = []
        open_socket.intake.is_full = lambda: asked.append(True) or True
        open_socket.intake.take(b"more")
        before = len(asked)
        await turns()
        assert len(asked) == before

    async def test_parsing_stops_in_between(self, open_socket):
        enough = 2
        open_socket.intake.is_full = lambda: len(open_socket.parsed) >= enough
        open_socket.intake.take(b"x" * 5 * SLICE)
        await turns()
        assert len(open_socket.parsed) == 2
        enough = 10
        open_socket.intake.go_on()
        await turns()
        assert len(open_socket.parsed) == 5


class TestAFlood:
    async def test_is_told_of_once(self, open_socket):
        told = []
        open_socket.intake.on_flood = lambda: told.append(True)
        open_socket.intake.flood()
        open_socket.intake.flood()
        assert told == []  # not while the parser is at work
        await turns()
        assert told == [True]

    async def test_is_not_heard_any_more(self, open_socket):
        open_socket.intake.flood()
        open_socket.intake.take(b"more")
        await turns()
        assert open_socket.parsed == []
        assert open_socket.is_paused


async def test_what_is_dropped_is_not_parsed_and_what_comes_is(open_socket):
    open_socket.is_full = True
    open_socket.intake.take(b"old")
    open_socket.intake.drop()
    open_socket.is_full = False
    open_socket.intake.take(b"new")
    assert open_socket.parsed == [b"new"]
    assert not open_socket.is_paused


class TestWhatTheParserCannotTake:
    @pytest.mark.parametrize("size", [10, 5 * SLICE])
    async def test_ends_the_connection(self, open_socket, size, caplog):
        def parse(data):
            raise RuntimeError("not in this state")

        open_socket.intake._parse = parse
        open_socket.intake.take(b"x" * size)
        await turns()
        assert open_socket.is_cut
        assert not open_socket.intake.rest
        [record] = caplog.records
        assert "not in this state" in record.getMessage()

    async def test_is_nobody_elses_trouble(self, open_socket):
        other = Socket()
        other.intake.release()
        open_socket.intake._parse = lambda data: 1 / 0
        open_socket.intake.take(b"x")
        other.intake.take(b"y")
        assert other.parsed == [b"y"]


async def test_a_server_that_stops_by_itself_is_not_asked_whether_enough_waits():
    parsed = []
    queue = asyncio.get_running_loop().call_soon
    intake = Intake(parsed.append, bool, bool, queue, bool, stops_by_itself=True)
    intake.release()
    intake.is_full = lambda: pytest.fail("asked")
    intake.take(b"x")
    assert parsed == [b"x"]
