import asyncio

import pytest

from tests.project import waiting
from tornado_websockets.turns import BURST, Turns


@pytest.fixture
def turns():
    return Turns(lambda error: pytest.fail(repr(error)))


async def test_work_that_is_interrupted_before_it_began_is_not_the_last(turns):
    notes = []

    async def work():
        await asyncio.sleep(10)

    async def note():
        notes.append("next")

    for _ in range(BURST):  # of which one does not begin in the caller's turn, on any Python
        turns.begin(work)
        turns.interrupt()
        async with asyncio.timeout(10):
            await turns.begin(note)
    assert notes == ["next"] * BURST


async def test_work_that_cancelled_itself_is_not_interrupted(turns):
    async def work():
        asyncio.current_task().cancel()
        await asyncio.sleep(10)

    async def wait():
        await asyncio.sleep(0)

    turns.begin(work)
    turns.begin(wait)
    await waiting.turns()
    turns.interrupt()
    turns.interrupt = lambda: pytest.fail("asks again and again")
    await waiting.turns()


async def test_one_piece_of_work_is_not_waited_for(turns):
    work = asyncio.Event()
    assert turns.begin(work.wait) is None
    work.set()
    await turns.end(work.wait)


async def test_a_second_one_is_waited_for_until_it_is_done(turns):
    first, second = asyncio.Event(), asyncio.Event()
    turns.begin(first.wait)
    done = turns.begin(second.wait)
    second.set()
    await asyncio.sleep(0)
    assert not done.done()
    first.set()
    await done


async def test_the_next_one_is_not_waited_for_when_all_are_done(turns):
    first = asyncio.Event()
    turns.begin(first.wait)
    done = turns.begin(first.wait)
    first.set()
    await done
    assert turns.begin(first.wait) is None


async def test_pieces_are_done_in_order_and_the_end_last(turns):
    notes = []

    def work(note):
        async def note_it():
            await asyncio.sleep(0)
            notes.append(note)

        return note_it

    turns.begin(work(1))
    turns.begin(work(2))
    await turns.end(work("end"))
    assert notes == [1, 2, "end"]
