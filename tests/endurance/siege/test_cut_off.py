"""Clients that are cut off while their ``close`` handler takes its time, and such as no parser can follow."""

import pytest

from tests.endurance.conftest import Report
from tests.support.asgi import Server
from tests.support.peer import CONTINUATION, frame

from . import loads
from .parties import CLOSE_FRAME, Party
from .siege import besiege

#: A fragmented text that is no UTF-8, and a close frame right behind it: uvicorn's parser fails on both together.
NONSENSE = loads.fragments(b"a", 3_000) + frame(b"\xff\xff", CONTINUATION) + CLOSE_FRAME

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
