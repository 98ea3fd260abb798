"""Clients that are cut off while a handler of theirs takes its time, and such as no parser can follow."""

import asyncio
import contextlib
import socket
import struct

import pytest

from tests.endurance.conftest import Report
from tests.endurance.measures import MEBIBYTE, descriptors, memory
from tests.endurance.scale import IS_LONG, within
from tests.endurance.visits import Door
from tests.support.asgi import Server
from tests.support.peer import CONTINUATION, frame
from tests.support.waiting import until

from . import loads
from .parties import CLOSE_FRAME, Party
from .siege import besiege

#: A fragmented text that is no UTF-8, and a close frame right behind it: uvicorn's parser fails on both together.
NONSENSE = loads.fragments(b"a", 3_000) + frame(b"\xff\xff", CONTINUATION) + CLOSE_FRAME

#: A handler that takes eight seconds, and more behind it than is read meanwhile.
LONG = loads.event("long") + loads.filled(loads.event("ask", {"x": "x" * 60_000}), 2_400_000)

#: Clients that leave behind one, bytes that each may still cost, and seconds until they cost no more: within two it is
#: noticed that they have left, for two more what they had sent could still be begun.
LEAVERS, LEFTOVER, LETTING_GO = 200 if IS_LONG else 40, MEBIBYTE // 3, 5.5

pytestmark = pytest.mark.timeout(120)


async def test_who_was_cut_off_is_not_heard_while_its_close_handler_runs(fresh_server: Server, report: Report) -> None:
    pings = loads.filled(loads.PINGS, 2_000_000)
    attackers = [Party(count=4, path="/abuse/lingering", load=pings)]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


async def test_what_no_parser_can_follow_is_one_client_s_trouble(fresh_server: Server, report: Report) -> None:
    fresh_server.log.forgiven = "uvicorn"  # which logs a traceback of its own
    flood = loads.fragments(b" ", 300_000)
    attackers = [
        Party(count=12, path="/abuse/chat", load=NONSENSE, times=1),
        Party(count=4, path="/abuse/chat", load=flood, times=1),
    ]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


async def test_what_those_have_sent_who_left_behind_a_handler_is_let_go_while_it_runs(
    fresh_server: Server, key: str, report: Report
) -> None:
    server = fresh_server
    lines, used = descriptors(server.pid), memory(server.pid)
    await asyncio.gather(*(leave_behind(server, key, is_reset=number % 2 == 0) for number in range(LEAVERS)))
    await until(lambda: descriptors(server.pid) <= lines, within(LETTING_GO))
    used = memory(server.pid) - used
    report(f"memory + {used / MEBIBYTE:.1f} MiB")
    assert used <= LEAVERS * LEFTOVER
    assert server.log.notes(key) == []
    await until(lambda: len(server.log.notes(key)) == 2 * LEAVERS, within(10))  # for each its handler, and ``close``


async def leave_behind(server: Server, key: str, *, is_reset: bool) -> None:
    """Send all that is taken at once, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(Door(server.port, f"/abuse/worker/{key}").handshake)
    await reader.readuntil(b"\r\n\r\n")
    line = writer.get_extra_info("socket").dup()
    rest = memoryview(LONG)
    with contextlib.suppress(BlockingIOError):
        while rest:
            rest = rest[line.send(rest) :]
    line.close()
    if is_reset:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
