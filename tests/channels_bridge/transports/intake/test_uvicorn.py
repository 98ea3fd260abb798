import asyncio

import pytest

from channels_bridge.transports.intake.uvicorn import Arrivals
from tests.support.waiting import turns


@pytest.fixture
def arrivals():
    return Arrivals()


async def test_are_given_in_order(arrivals):
    for number in range(3):
        arrivals.put_nowait({"n": number})
    assert arrivals.qsize() == 3
    assert [(await arrivals.get())["n"] for _ in range(3)] == [0, 1, 2]
    assert arrivals.empty()


async def test_are_waited_for(arrivals):
    taking = asyncio.create_task(arrivals.get())
    await turns()
    assert not taking.done()
    arrivals.put_nowait({"n": 1})
    arrivals.put_nowait({"n": 2})
    assert await taking == {"n": 1}
    assert not arrivals.empty()


async def test_are_not_lost_with_who_waits_no_more(arrivals):
    taking = asyncio.create_task(arrivals.get())
    await turns()
    taking.cancel()
    again = asyncio.create_task(arrivals.get())
    await turns()
    arrivals.put_nowait({"n": 1})
    assert await again == {"n": 1}


async def test_are_not_lost_with_who_is_cancelled_as_they_come(arrivals):
    taking = asyncio.create_task(arrivals.get())
    await turns()
    arrivals.put_nowait({"n": 1})
    taking.cancel()
    await asyncio.wait([taking])
    assert not arrivals.empty()
