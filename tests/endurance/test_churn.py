"""Clients that come and go by the thousand leave nothing behind."""

import pytest

from tests.support.transports import SERVERS, Servers

from .conftest import Report
from .holdings import settle
from .measures import MEBIBYTE, memory
from .scale import amount
from .visits import Door, churn

#: What a server needs before its memory is what it stays.
WARM_UP = amount(600, 2_000)

VISITORS = amount(400, 20_000)


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.timeout(900)
async def test_visitors_leave_nothing_behind(servers: Servers, kind: str, report: Report) -> None:
    async with servers.get(kind, TEST_CHURN="1").visit() as server:
        witness = await server.connect("/passage")
        door = Door(server.port, "/passage")
        await churn(door, WARM_UP)
        warm = await settle(server, witness)
        before = memory(server.pid)
        await churn(door, VISITORS)
        after = await settle(server, witness)
        grown = (memory(server.pid) - before) / MEBIBYTE
        report(f"{VISITORS:,} visitors, {grown:+.1f} MiB, {warm} became {after}")
        assert after["connections"] == after["handlers"] == 1
        assert after == warm
        assert grown <= 10
