"""Floods of messages and of connections: bounded by the settings, and the other clients hardly notice."""

import asyncio
import contextlib
import json
import time
from collections import Counter

import pytest

from tests.support.client import Refused
from tests.support.peer import Peer, frame, peer
from tests.support.transports import SERVERS, Servers

from .bystanders import bystanders
from .conftest import Report
from .measures import p99
from .scale import VARIABLES, amount, within

#: Seconds that others may have to wait for an answer meanwhile, all but one in a hundred times.
GOAL = 0.1

#: Messages a second that come from one client, those that it may send, and seconds for which it does.
RATE, ALLOWED, SECONDS = 2_000, 100, amount(3, 30)

#: Connections that one address wants, those that it may have, and how many are tried at a time.
WANTED, MOST, AT_ONCE = amount(200, 1_000), 50, amount(5, 10)

#: Not the address that others come from.
ADDRESS = "127.0.0.2"

pytestmark = pytest.mark.timeout(180)


def settings(**values: int) -> dict[str, str]:
    """The environment of a server with these in ``TORNADO_WEBSOCKETS``."""
    return {"TEST_TORNADO_WEBSOCKETS": json.dumps(values), **VARIABLES}


async def flood(flooder: Peer) -> int:
    """Send at that rate; returns how many."""
    message, sent, started = frame(b'{"event": "swallow", "id": 1}'), 0, time.monotonic()
    while (past := time.monotonic() - started) < SECONDS:
        due = int(past * RATE) - sent
        await flooder.send(message * due)
        sent += due
        await asyncio.sleep(0.01)
    await flooder.send(frame(b'{"event": "swallow", "id": "last"}'))
    return sent + 1


async def replies_to(flooder: Peer) -> Counter[bytes]:
    """How often each of the words came until everything was answered."""
    words, tail = (b'"data"', b'"rate_limited"', b'"last"'), b""
    found: Counter[bytes] = Counter()
    while not found[b'"last"']:
        some = tail + await flooder.receive_some()
        found.update({word: some.count(word) - tail.count(word) for word in words})
        tail = some[-20:]
    return found


@pytest.mark.parametrize("kind", SERVERS)
async def test_flood_of_messages_is_refused_and_disturbs_nobody(
    servers: Servers, kind: str, key: str, report: Report
) -> None:
    async with servers.get(kind, **settings(MAX_MESSAGES_PER_SECOND=ALLOWED)).visit() as server:
        path = f"/bounds/{key}"
        async with bystanders(server, path) as delays, peer(server.port, path) as flooder:
            started = time.monotonic()
            sending = asyncio.create_task(flood(flooder))
            replies = await replies_to(flooder)
            took = time.monotonic() - started
    handled, refused = replies[b'"data"'], replies[b'"rate_limited"']
    report(
        f"{handled + refused:,} sent in {took:.1f} s, {handled:,} handled, p99 of others {1000 * p99(delays):.1f} ms"
    )
    assert handled + refused == sending.result()
    assert ALLOWED <= handled <= ALLOWED * (took + 1)
    assert p99(delays) <= within(GOAL)


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("setting", ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS"])
async def test_flood_of_connections_is_refused_and_disturbs_nobody(
    servers: Servers, kind: str, setting: str, key: str, report: Report
) -> None:
    async with servers.get(kind, **settings(**{setting: MOST})).visit() as server:
        path, slots = f"/bounds/{key}", asyncio.Semaphore(AT_ONCE)
        async with bystanders(server, path) as delays, contextlib.AsyncExitStack() as crowd:
            room = MOST - (5 if setting == "MAX_CONNECTIONS" else 0)  # for which the others count as well

            async def come() -> int:
                async with slots:
                    try:
                        await crowd.enter_async_context(peer(server.port, path, address=ADDRESS))
                    except Refused as refusal:
                        return refusal.status
                    return 101

            answers = await asyncio.gather(*(come() for _ in range(WANTED)))
            assert {status: answers.count(status) for status in set(answers)} == {101: room, 403: WANTED - room}
        await server.log.wait_for_notes(key, MOST if setting == "MAX_CONNECTIONS" else MOST + 5)
        assert server.log.count("Refused a connection") == WANTED - room
        async with peer(server.port, path, address=ADDRESS):  # those who left made room
            pass
    report(f"{WANTED:,} wanted, {room} let in, p99 of others {1000 * p99(delays):.1f} ms")
    assert p99(delays) <= within(GOAL)
