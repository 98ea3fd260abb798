"""Messages that take long to read or to handle, and an ``authorize`` that takes long: others wait for none of them."""

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG
from tests.support.asgi import Server

from . import loads
from .parties import Party
from .siege import REPLY, SECONDS, besiege

#: Events of a megabyte: as many arrays as fit, within one another or not too deeply; as many objects as are
#: allowed; numbers.
MESSAGES = {
    "arrays, deep": loads.padded("[" * 490_000 + "]" * 490_000),
    "arrays, many": loads.padded(loads.repeated("[" * 30 + "]" * 30, 16_000)),
    "objects": loads.padded(loads.repeated('{"a": 1}', 49_000)),
    "floats": loads.padded(loads.repeated("1.25e-5", 120_000)),
}
MIXES = [[name] for name in MESSAGES] if IS_LONG else [list(MESSAGES)]

#: Of 20 kB each, from many at a time: the second hello of a connection counts as a message.
POSITION = {"since": {f"sender {number}": 0 for number in range(999)}, "ids": ["x" * 30] * 90}
CROWDS = {
    "hellos": [loads.event("tws.hello", POSITION) * 20],
    "messages": [loads.event("swallow", POSITION) * 20],
    "a mix": [loads.event("tws.hello", POSITION) * 20, loads.event("swallow", POSITION) * 20],
}

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("names", MIXES, ids="; ".join)
async def test_messages_that_take_long_to_read_disturb_nobody(
    fresh_server: Server, names: list[str], report: Report
) -> None:
    attackers = [Party(count=5 if IS_LONG else 2, path="/abuse/other", load=MESSAGES[name]) for name in names]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


@pytest.mark.parametrize("crowd", CROWDS if IS_LONG else ["a mix"])
async def test_what_a_crowd_says_at_a_time_is_read_bit_by_bit(fresh_server: Server, crowd: str, report: Report) -> None:
    attackers = [Party(count=100 // len(CROWDS[crowd]), path="/abuse/other", load=load) for load in CROWDS[crowd]]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


async def test_clients_whose_handlers_take_long_before_they_wait_take_turns(
    fresh_server: Server, report: Report
) -> None:
    """Though each sends the next message when it has an answer. The first ones may share a turn."""
    attackers = [Party(count=20, path="/abuse/costly", load=loads.event("burn", {"seconds": 0.015}), asks=True)]
    outcome = await besiege(fresh_server, attackers, answer=2 * REPLY if IS_LONG else REPLY)
    report(str(outcome))
    assert outcome.excess == ""


async def test_authorize_that_waits_in_a_thread_keeps_nobody_else_out(fresh_server: Server, report: Report) -> None:
    """Not those either whose own ``authorize`` runs in a thread, too."""
    attackers = [Party(count=30, path="/abuse/waiting-sync?seconds=2")]
    outcome = await besiege(fresh_server, attackers, visits="/abuse/quick", seconds=SECONDS + 1)
    report(f"{outcome}, {outcome.attackers[0].connected} of 30 were let in")
    assert outcome.excess == ""
