"""When a connection ends by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tornado_websockets.core.connections.expiry import Expiry, aware


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_calls_back_when_the_time_has_come():
    over = asyncio.Event()
    expiry = Expiry()
    expiry.at = at = soon(0.1)
    expiry.start(asyncio.get_running_loop(), over.set)
    await asyncio.wait_for(over.wait(), 5)
    assert datetime.now(UTC) >= at
    assert expiry.is_over


async def test_a_moment_may_be_moved():
    calls = []
    expiry = Expiry()
    expiry.at = soon(0)
    expiry.at = soon(3600)
    expiry.start(asyncio.get_running_loop(), lambda: calls.append(1))
    await asyncio.sleep(0)
    assert calls == []
    assert not expiry.is_over
    expiry.stop()


async def test_calls_nobody_back_once_stopped():
    calls, over = [], asyncio.Event()
    expiry, later = Expiry(), Expiry()
    expiry.at, later.at = soon(0.02), soon(0.04)
    expiry.start(asyncio.get_running_loop(), lambda: calls.append(1))
    later.start(asyncio.get_running_loop(), over.set)
    expiry.stop()
    await asyncio.wait_for(over.wait(), 5)
    assert calls == []


@pytest.mark.parametrize("moment", [1, "2026-01-01", datetime(2026, 1, 1)])  # noqa: DTZ001 that is what is tested
def test_takes_points_of_time_only(moment):
    with pytest.raises(TypeError, match="datetime with a time zone"):
        aware(moment)
