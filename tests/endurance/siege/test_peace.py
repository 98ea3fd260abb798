"""What is measured where nobody attacks: were that near the limits, the other tests here would say nothing."""

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, within
from tests.support.asgi import Server

from . import loads
from .parties import Party
from .siege import HANDSHAKE, REPLY, besiege

CROWDS = {
    "nobody else": [],
    "a few who ask again and again": [
        Party(count=1, path="/abuse/other", load=loads.event("ask", id=1), times=1, stays=0.01, returns=True),
        Party(count=2, path="/abuse/other", load=loads.event("ask", id=1) * 20, times=1, stays=0.05, returns=True),
    ],
}


@pytest.mark.parametrize("crowd", CROWDS if IS_LONG else list(CROWDS)[1:])
async def test_nobody_waits_in_peace(any_fresh_server: Server, crowd: str, report: Report) -> None:
    outcome = await besiege(any_fresh_server, CROWDS[crowd])
    report(str(outcome))
    assert outcome.faults == []
    assert outcome.reply <= within(REPLY / 2)
    assert outcome.handshake <= within(HANDSHAKE / 2)
