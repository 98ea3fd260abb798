"""Frames that cost next to nothing to send: pings, pongs, fragments, messages without a word."""

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG
from tests.support.asgi import Server

from . import loads
from .parties import Party
from .siege import besiege

#: Bytes that each client sends of them.
SIZE = 2_000_000

LOADS = {
    "pings": loads.filled(loads.PINGS, SIZE),
    "pongs": loads.filled(loads.PONGS, SIZE),
    "empty fragments": loads.fragments(b"", SIZE // 6),
    "fragments of a byte": loads.fragments(b" ", SIZE // 7),
    "empty messages": loads.filled(loads.EMPTY, SIZE),
    "braces": loads.filled(loads.BRACES, SIZE),
}

pytestmark = pytest.mark.timeout(120)


def clients(load: bytes, count: int = 10) -> Party:
    return Party(count=count, path="/abuse/chat", load=load, times=1)


MIXES = {
    **{name: [clients(load)] for name, load in LOADS.items()},
    "pings, and pongs nobody reads": [Party(count=10, path="/abuse/chat", load=LOADS["pings"], times=1, reads=False)],
    "a mix": [clients(load, 2) for load in LOADS.values()],
}
CHOSEN = MIXES if IS_LONG else {name: MIXES[name] for name in ("pings", "a mix")}


@pytest.mark.parametrize("attackers", CHOSEN.values(), ids=CHOSEN.keys())
async def test_flood_of_small_frames_disturbs_nobody(
    fresh_server: Server, attackers: list[Party], report: Report
) -> None:
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""
