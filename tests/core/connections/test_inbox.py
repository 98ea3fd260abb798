import asyncio

import pytest

from tests.support import waiting
from tornado_websockets.core.connections.inbox import BEGUN_IN_A_ROW, MAX_WAITING, MAX_WAITING_BYTES, Inbox


@pytest.fixture
def inbox():
    return Inbox(lambda error: pytest.fail(repr(error)))


async def test_work_that_is_interrupted_before_it_began_is_not_the_last(inbox):
    notes = []

    async def work():
        await asyncio.sleep(10)

    async def note():
        notes.append("next")

    for _ in range(BEGUN_IN_A_ROW):  # of which one does not begin in the caller's turn, on any Python
        inbox.begin(work)
        inbox.cancel_current()
        async with asyncio.timeout(10):
            await inbox.begin(note)
    assert notes == ["next"] * BEGUN_IN_A_ROW


async def test_work_that_cancelled_itself_is_not_interrupted(inbox):
    async def work():
        asyncio.current_task().cancel()
        await asyncio.sleep(10)

    async def wait():
        await asyncio.sleep(0)

    inbox.begin(work)
    inbox.begin(wait)
    await waiting.turns()
    inbox.cancel_current()
    inbox.cancel_current = lambda: pytest.fail("asks again and again")
    await waiting.turns()


async def test_one_piece_of_work_is_not_waited_for(inbox):
    work = asyncio.Event()
    assert inbox.begin(work.wait) is None
    work.set()
    await inbox.end(work.wait, 1.0)


async def test_a_second_one_is_waited_for_until_it_is_done(inbox):
    first, second = asyncio.Event(), asyncio.Event()
    inbox.begin(first.wait)
    done = inbox.begin(second.wait)
    second.set()
    await asyncio.sleep(0)
    assert not done.done()
    first.set()
    await done


async def test_the_next_one_is_not_waited_for_when_all_are_done(inbox):
    first = asyncio.Event()
    inbox.begin(first.wait)
    done = inbox.begin(first.wait)
    first.set()
    await done
    assert inbox.begin(first.wait) is None


async def test_pieces_are_done_in_order_and_the_end_last(inbox):
    notes = []

    def work(note):
        async def note_it():
            await asyncio.sleep(0)
            notes.append(note)

        return note_it

    inbox.begin(work(1))
    inbox.begin(work(2))
    await inbox.end(work("end"), 1.0)
    assert notes == [1, 2, "end"]


async def test_all_is_read_on_from_when_that_is_wanted_as_long_as_little_waits(inbox):
    go_on = asyncio.Event()
    inbox.begin(go_on.wait)
    reading = inbox.begin(go_on.wait)
    assert not reading.done()
    inbox.read_on()
    assert reading.done()
    assert [inbox.begin(go_on.wait) for _ in range(MAX_WAITING - 2)] == [None] * (MAX_WAITING - 2)
    assert inbox.begin(go_on.wait) is not None
    go_on.set()
    await inbox.end(go_on.wait, 1.0)
    assert inbox.begin(go_on.wait) is None


async def test_nothing_more_is_read_on_where_much_waits(inbox):
    go_on = asyncio.Event()
    inbox.begin(go_on.wait, MAX_WAITING_BYTES)
    reading = inbox.begin(go_on.wait, 1)
    inbox.read_on()
    assert not reading.done()
    go_on.set()
    await inbox.end(go_on.wait, 1.0)


async def test_what_waits_before_the_end_is_dropped_after_a_while_though_one_is_at_work(inbox):
    notes, go_on = [], asyncio.Event()

    def work(note):
        async def note_it():
            await go_on.wait()
            notes.append(note)

        return note_it

    inbox.begin(work("at work"))
    reading = inbox.begin(work("waits"), 1_000)
    ended = inbox.end(work("end"), 0.01)
    assert not reading.done()
    await reading
    assert not inbox.is_holding
    go_on.set()
    await ended
    assert notes == ["at work", "end"]


async def test_nothing_is_read_on_of_a_client_that_has_left(monkeypatch):
    monkeypatch.setattr("tornado_websockets.core.connections.inbox.READ_ON_AFTER", 0.01)
    looks, go_on = [], asyncio.Event()
    inbox = Inbox(lambda error: pytest.fail(repr(error)), lambda: looks.append("look"))
    inbox.begin(go_on.wait)
    reading = inbox.begin(go_on.wait)
    await waiting.until(lambda: len(looks) > 2)
    assert not reading.done()
    go_on.set()
    await inbox.end(go_on.wait, 1.0)
