import asyncio
import threading
from functools import partial

import pytest

from tests.support.waiting import turns, until
from tornado_websockets.core.conversation.threads import LOOK, PATIENCE, PATIENCE_WITH_MANY, LeasedThreads


class Somebody:
    """Who leases a thread."""

    def __init__(self, owner=None, stalled=0):
        self.owner = owner or self
        self.stalled = stalled
        self.lease = None

    def give_way(self):
        self.stalled = 0
        self.lease.end()


@pytest.fixture
async def threads():
    threads = LeasedThreads(2)
    yield threads
    await until(lambda: threads.is_idle)


async def test_a_lease_has_one_thread(threads):
    one, other = await threads.lease(Somebody()), await threads.lease(Somebody())
    names = [await each.run(threading.get_ident) for each in (one, one, other, other)]
    assert (names[0], names[2]) == (names[1], names[3])
    assert len({*names, threading.get_ident()}) == 3
    one.end()
    other.end()


async def test_a_lease_above_the_most_waits_for_the_end_of_another(threads):
    one, other = await threads.lease(Somebody()), await threads.lease(Somebody())
    waiting = [asyncio.create_task(threads.lease(Somebody())) for _ in range(2)]
    await turns()
    assert not any(task.done() for task in waiting)
    one.end()
    first = await waiting[0]  # in the order in which they came
    await turns()
    assert not waiting[1].done()
    first.end()
    other.end()
    (await waiting[1]).end()


async def test_who_gives_up_waiting_takes_no_thread(threads):
    one, other = await threads.lease(Somebody()), await threads.lease(Somebody())
    waiting = [asyncio.create_task(threads.lease(Somebody())) for _ in range(50)]
    await turns()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    one.end()
    other.end()
    await until(lambda: threads.is_idle)


@pytest.mark.parametrize("attempt", range(20))
async def test_a_turn_that_comes_as_its_owner_gives_up_is_passed_on(threads, attempt):
    one, other = await threads.lease(Somebody()), await threads.lease(Somebody())
    waiting = asyncio.create_task(threads.lease(Somebody()))
    await turns()
    one.end()
    await turns(attempt)
    waiting.cancel()
    await asyncio.wait([waiting])
    if not waiting.cancelled():
        waiting.result().end()
    other.end()
    await until(lambda: threads.is_idle)


async def test_what_was_given_is_done_although_nobody_awaits_it(threads):
    lease = await threads.lease(Somebody())
    go_on, done = threading.Event(), []
    lease.run(lambda: go_on.wait(10))
    outcome = lease.run(lambda: done.append(True))
    outcome.cancel()
    lease.end()
    go_on.set()
    await until(lambda: done)


async def test_begin_and_end_of_a_lease_are_looked_after():
    threads, log = LeasedThreads(), []

    def around(call):
        log.append("begin")
        call()
        log.append("end")

    threads.look_after(around, None)
    lease = await threads.lease(Somebody())
    await lease.run(lambda: log.append("call"))
    await lease.run(lambda: log.append("call"))
    lease.end()
    await until(lambda: threads.is_idle)
    assert log == ["begin", "call", "call", "end"]


class TestMakingRoom:
    @pytest.fixture
    async def leased(self, threads):
        """Has two lease a thread each, with what they have waited for their lines."""
        tenants = []

        async def leased(one, other):
            tenants.extend([one, other])
            for tenant in tenants:
                tenant.lease = await threads.lease(tenant)

        yield leased
        for tenant in tenants:
            tenant.lease.end()

    @pytest.mark.parametrize(
        ("one", "other", "which"),
        [
            ((None, 1.1 * PATIENCE), (None, 1.2 * PATIENCE), 1),
            ((None, 1.2 * PATIENCE), (None, 1), 0),
            (("x", 1.1 * PATIENCE_WITH_MANY), ("x", 1.2 * PATIENCE_WITH_MANY), 1),
        ],
        ids=["slowest", "slow", "many"],
    )
    async def test_a_slow_one_gives_way_to_who_has_no_thread(self, threads, leased, one, other, which):
        tenants = [Somebody(*one), Somebody(*other)]
        await leased(*tenants)
        (await asyncio.wait_for(threads.lease(Somebody()), 10)).end()
        assert [tenant.stalled == 0 for tenant in tenants].index(True) == which
        assert tenants[1 - which].lease._calls.empty()

    @pytest.mark.parametrize(
        ("one", "newcomer"),
        [((None, 0.9 * PATIENCE), (None, 0)), (("x", 10 * PATIENCE), ("x", 0))],
        ids=["quick", "has-one"],
    )
    async def test_nobody_gives_way_otherwise(self, threads, leased, one, newcomer):
        slow = Somebody(*one)
        await leased(slow, Somebody())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(threads.lease(Somebody(*newcomer)), 5 * LOOK)
        assert slow.stalled == one[1]

    @pytest.fixture
    async def slow(self, leased):
        """Who has the threads, and takes its time to give way; and those who were told to."""
        tenants, told = [Somebody(stalled=2 * PATIENCE), Somebody(stalled=2 * PATIENCE)], []
        await leased(*tenants)
        for tenant in tenants:
            tenant.give_way = partial(told.append, tenant)
        return tenants, told

    async def test_one_gives_way_for_one_client(self, threads, slow):
        (one, _), told = slow
        threads._patience = 60.0
        newcomer = Somebody()
        waiting = [asyncio.create_task(threads.lease(each)) for each in (newcomer, Somebody(newcomer))]
        await until(lambda: told)
        await asyncio.sleep(3 * LOOK)
        assert len(told) == 1
        one.lease.end()
        (await waiting[0]).end()
        (await waiting[1]).end()

    @pytest.mark.parametrize(
        ("stalled", "wait", "give_way"),
        [
            ([(1, 9), (2, 7), (3, 6), (4, 8)], 2, [1, 4]),
            ([(1, 9), (2, 4), (3, 6), (4, 8)], 5, [1, 4, 3]),
            ([(1, 2), (1, 3), (1, 4), (4, 0)], 3, [1, 1]),
        ],
        ids=["as-many-as-wait", "none-in-time", "each-keeps-one"],
    )
    async def test_as_many_as_wait_give_way_in_one_look_the_slowest_first(self, stalled, wait, give_way):
        threads, told = LeasedThreads(len(stalled)), []
        tenants = [Somebody(owner, seconds) for owner, seconds in stalled]
        for tenant in tenants:
            tenant.lease, tenant.give_way = await threads.lease(tenant), partial(told.append, tenant.owner)
        waiting = [asyncio.create_task(threads.lease(Somebody())) for _ in range(wait)]
        await turns()
        for _ in range(2):
            threads._make_room()
            assert told == give_way
        for tenant in tenants:
            tenant.lease.end()
        for lease in asyncio.as_completed(waiting):
            (await lease).end()
        await until(lambda: threads.is_idle)

    async def test_another_gives_way_where_one_never_does(self, threads, slow):
        (one, other), told = slow
        threads._patience = LOOK
        waiting = asyncio.create_task(threads.lease(Somebody()))
        await until(lambda: len(told) == 2)
        assert {*told} == {one, other}
        one.lease.end()
        (await waiting).end()

    async def test_who_has_no_thread_goes_before_who_has_one(self, threads, slow):
        (one, other), _ = slow
        waiting = [asyncio.create_task(threads.lease(Somebody(owner))) for owner in (other, None, None)]
        await turns()
        one.lease.end()
        (await waiting[1]).end()
        (await waiting[2]).end()
        (await waiting[0]).end()

    async def test_all_who_wait_look_together(self, threads, slow):
        for tenant in slow[0]:
            tenant.stalled = 0
        looks, look = [], threads._make_room
        threads._make_room = lambda: looks.append(look())
        waiting = [asyncio.create_task(threads.lease(Somebody())) for _ in range(100)]
        began = asyncio.get_running_loop().time()
        await until(lambda: len(looks) >= 3)
        assert asyncio.get_running_loop().time() - began >= 0.95 * 3 * LOOK
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)

    async def test_one_that_gives_its_thread_back_as_it_is_told_leaves_it_free(self, threads, leased):
        class Hasty(Somebody):
            @property
            def stalled(self):
                if self.owner in threads._tenants and threads._waiting:
                    threads._pass_on(self)  # by its thread, at this moment
                return 2 * PATIENCE

            @stalled.setter
            def stalled(self, value):
                pass

        hasty, other = Hasty(), Somebody()
        await leased(hasty, other)
        hasty.give_way = lambda: None
        newcomer = await asyncio.wait_for(threads.lease(Somebody()), 10)
        assert hasty not in threads._tenants
        newcomer.end()
