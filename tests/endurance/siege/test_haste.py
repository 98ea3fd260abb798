"""Clients that send before their handshake is answered, which takes as long as ``authorize`` does."""

import json

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG
from tests.support.asgi import Server
from tests.support.peer import TEXT, peer

from . import loads
from .parties import Party
from .siege import SECONDS, besiege

SIZE = 5_000_000

#: What comes behind the handshake: messages that a handler takes, and one that never ends.
LOADS = {
    "small frames": loads.filled(loads.event("swallow"), SIZE),
    "one frame without end": loads.unfinished(8_000_000, SIZE),
}

#: Seconds for which ``authorize`` waits, and from the handshake to what comes behind it: in one piece with it, or a
#: moment later.
WAITS, HASTES = [0.05, 3], [0, 0.02]

#: All of these, and those that found most.
ATTACKS = [(load, waits, haste) for load in LOADS for waits in WAITS for haste in HASTES]
SHORT_ATTACKS = [("small frames", 0.05, 0.02), ("one frame without end", 0.05, 0)]

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(("load", "waits", "haste"), ATTACKS if IS_LONG else SHORT_ATTACKS)
async def test_what_is_sent_before_the_answer_disturbs_nobody(
    fresh_server: Server, load: str, waits: float, haste: float, report: Report
) -> None:
    attackers = [Party(count=5, path=f"/abuse/waiting?seconds={waits}", load=LOADS[load], times=1, haste=haste)]
    outcome = await besiege(fresh_server, attackers, seconds=SECONDS + waits)
    report(str(outcome))
    assert outcome.excess == ""


@pytest.mark.skipif(not IS_LONG, reason="The test above finds the same in less time.")
@pytest.mark.parametrize("haste", HASTES)
async def test_what_is_sent_waits_outside_while_the_handshake_is_decided(
    fresh_server: Server, haste: float, report: Report
) -> None:
    load = LOADS["small frames"]
    attackers = [Party(count=5, path="/abuse/waiting?seconds=30", load=load, times=1, haste=haste)]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.attackers[0].connected == 0
    assert outcome.excess == ""


@pytest.mark.parametrize("path", ["/abuse/waiting", "/abuse/waiting-sync"])
@pytest.mark.parametrize("haste", [0.1])  # daphne and uvicorn drop what comes in one piece with the handshake
async def test_what_is_sent_before_the_answer_is_handled_in_order(server: Server, path: str, haste: float) -> None:
    """Or the connection is closed, since no client may do so; but nothing is lost without a word."""
    frames = b"".join(loads.event("number", {"n": number}) for number in range(200))
    async with peer(server.port, f"{path}?seconds=0.3", hasty=frames, haste=haste) as client:
        await client.send(loads.event("ask", id="last"))
        numbers = []
        while (received := await client.receive(3)) is not None and received.opcode == TEXT:
            answer = json.loads(received.payload)
            if answer["event"] == "reply":
                assert len(numbers) == 200
                break
            numbers.append(answer["data"]["n"])
    assert numbers == list(range(len(numbers)))
