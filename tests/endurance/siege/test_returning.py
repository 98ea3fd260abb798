"""A crowd that comes back: nobody else waits while it comes in, says hello and reads what it has missed."""

import json

import pytest

from tests.endurance.conftest import Report as Print
from tests.endurance.scale import amount
from tests.support.asgi import Server
from tests.support.peer import peer

from . import loads
from .parties import Party
from .siege import HANDSHAKE, SECONDS, besiege

PATH = "/kept/crowd"
COUNT = amount(300, 1_000)

#: Each has missed so many events, of so many characters.
MISSED, SIZE = 50, 60


async def missed_at(server: Server) -> dict[str, int]:
    """Have them happen; where a client stands that has missed them."""
    async with peer(server.port, PATH) as client:
        await client.send(loads.event("tws.hello"))
        welcome = await client.receive()
        assert welcome is not None
        position: dict[str, int] = json.loads(welcome.payload)["data"]["at"]
        for _ in range(MISSED):
            await client.send(loads.event("say", {"text": "x" * SIZE}))
            await client.receive()
        return position


async def test_crowd_that_comes_back_at_once_disturbs_nobody(fresh_server: Server, report: Print) -> None:
    """A handshake may take longer: it waits for those before it.

    Who finds the queue at daphne's port full, which has 50 places, comes a second later, or three, or seven.
    """
    since = await missed_at(fresh_server)
    crowd = Party(count=COUNT, path=PATH, load=loads.event("tws.hello", {"since": since}), times=1)
    outcome = await besiege(fresh_server, [crowd], seconds=2 * SECONDS, patience=3 * HANDSHAKE)
    report(str(outcome))
    [party] = outcome.attackers
    assert party.connected > COUNT / 2
    assert party.refused == 0
    assert party.closed == {}
    assert party.received > party.connected * MISSED * SIZE
    assert outcome.excess == ""


#: Seconds for which each stays, in as many lots.
STAYS = [0.0, 0.05, 0.1, 0.2]


@pytest.mark.parametrize("path", ["/abuse/party", "/abuse/party-async"])
async def test_crowd_that_comes_and_goes_keeps_nobody_from_an_answer_of_a_thread(
    fresh_server: Server, path: str, report: Print
) -> None:
    """Of one who asks 33 times a second, and waits for no answer: each takes a few turns of the event loop."""
    greeting, place = loads.event("tws.hello", {"since": None}), f"{path}?{'w' * 900}"
    crowd = [Party(count=6, path=place, load=greeting, times=1, stays=stays, returns=True) for stays in STAYS]
    outcome = await besiege(fresh_server, crowd, asks="/abuse/threaded")
    report(str(outcome))
    assert sum(party.connected for party in outcome.attackers) > 40
    assert outcome.excess == ""
