"""Clients that have left: what they sent is not worked off for minutes, and telling of them disturbs nobody."""

import asyncio
import contextlib
import json
import re
import secrets
from typing import get_args

import pytest

from tests.endurance.conftest import Report as Print
from tests.endurance.scale import IS_LONG, within
from tests.endurance.visits import Door
from tests.support.asgi import Server
from tests.support.peer import peer
from tests.support.transports import SERVERS, Servers

from . import loads
from .conftest import PLAIN
from .parties import Manner, Party
from .siege import HANDSHAKE, REPLY, SECONDS, besiege

#: Seconds after which nothing is begun for one that has left, and those that a handler takes.
GOAL, HANDLER = 2.0, 0.05

#: Seconds by which all may be late, since this machine has other things to do.
SLACK = within(0.2)

#: Each sends so many messages of one of these events, and leaves in one of these manners.
MESSAGES = 4_000
EVENTS = ["slow", "aslow"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

#: Clients that do the same, and all of them.
TWINS = 2
MOST = TWINS * len(EVENTS) * len(MANNERS)

ADDRESS = "127.0.0.2"

pytestmark = pytest.mark.timeout(120)


def leavers(key: str) -> dict[str, Party]:
    """Those that leave at once, by the key of what is noted of them; it begins with the event."""
    parties = {}
    for event in EVENTS:
        for manner in MANNERS:
            path = f"/abuse/worker/{event}-{manner}-{key}"
            load = loads.event(event) * MESSAGES
            parties[path.rpartition("/")[2]] = Party(
                count=TWINS, path=path, load=load, times=1, stays=0, leaves=manner, address=ADDRESS
            )
    return parties


def times(server: Server, key: str, what: str) -> list[float]:
    """When it was noted."""
    found = [re.fullmatch(rf"{what} ([\d.]+)", note) for note in server.log.notes(key)]
    return [float(match[1]) for match in found if match]


@pytest.mark.parametrize("kind", SERVERS)
async def test_events_of_clients_that_have_left_are_not_begun(
    servers: Servers, kind: str, key: str, report: Print
) -> None:
    """Their ``close`` handlers run once, and what they took of a limit is given back."""
    parties, last, closings = leavers(key), {}, {}
    settings = json.dumps({"MAX_CONNECTIONS_PER_ADDRESS": MOST})
    with servers.fresh(kind, TEST_TORNADO_WEBSOCKETS=settings, **PLAIN) as server:
        async with server.visit():
            outcome = await besiege(server, list(parties.values()), seconds=GOAL + SLACK + 1)
            for name, party in zip(parties, outcome.attackers, strict=True):
                begun = times(server, name, name.partition("-")[0])
                last[name] = round(max(begun, default=party.left) - party.left, 2)
                closings[name] = [round(at - party.left, 2) for at in times(server, name, "close")]
            report(f"{outcome}; seconds from leaving to the last event {last}, to closing {closings}")
            assert [party.connected for party in outcome.attackers] == [TWINS] * len(parties)
            assert outcome.excess == ""
            assert {name for name, seconds in last.items() if seconds > GOAL + SLACK} == set()
            assert {name: len(each) for name, each in closings.items()} == dict.fromkeys(parties, TWINS)
            assert max(map(max, closings.values())) <= GOAL + HANDLER + SLACK
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(MOST):
                    await stack.enter_async_context(peer(server.port, "/abuse/other", address=ADDRESS))


async def test_200_clients_that_come_and_leave_at_once_disturb_nobody(fresh_server: Server, report: Print) -> None:
    path = "/abuse/doors"
    attackers = [
        Party(count=100, path=path, stays=0, leaves="close"),
        Party(count=100, path=path, stays=0, leaves="reset"),
    ]
    audience = [Party(count=200, path=f"{path}?listens", is_early=True)]
    outcome = await besiege(fresh_server, attackers, audience, seconds=SECONDS + 0.5)
    report(str(outcome))
    assert [party.connected for party in outcome.attackers] == [100, 100]
    assert outcome.excess == ""
    assert outcome.audience[0].closed == {}


@pytest.mark.parametrize("count", [1, 4] if IS_LONG else [1])
async def test_client_that_takes_page_after_page_disturbs_nobody(
    fresh_server: Server, count: int, report: Print
) -> None:
    attackers = [Party(count=count, path="/abuse/chat", load=loads.event("page", id=1) * 32)]
    outcome = await besiege(fresh_server, attackers)
    report(str(outcome))
    assert outcome.attackers[0].closed == {}
    assert outcome.excess == ""


@pytest.mark.parametrize("path", ["/abuse/other", "/abuse/doors"])
async def test_clients_that_leave_while_their_session_is_looked_up_disturb_nobody(
    fresh_server: Server, path: str, report: Print
) -> None:
    stop = asyncio.Event()
    crowd = [asyncio.create_task(leave_handshakes(fresh_server, path, stop)) for _ in range(20)]
    outcome = await besiege(fresh_server, [], room=0, seconds=SECONDS + 1)
    stop.set()
    report(f"{sum(await asyncio.gather(*crowd))} handshakes; {outcome}")
    assert outcome.reply <= within(REPLY)
    assert outcome.handshake <= within(HANDSHAKE)


async def leave_handshakes(server: Server, path: str, stop: asyncio.Event) -> int:
    """Ask again and again with a session that is made up, and leave before the answer; how often."""
    count = 0
    while not stop.is_set():
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        cookie = f"Cookie: sessionid={secrets.token_hex(16)}\r\n\r\n".encode()
        writer.write(Door(server.port, path).handshake.removesuffix(b"\r\n") + cookie)
        await asyncio.sleep(0.02)
        writer.transport.abort()
        count += 1
    return count
