"""Whatever the layer does, and whoever is away, a page that is told that nothing is missing has heard all."""

import asyncio
from functools import partial

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.kept import Process
from tests.support.lossy import LOSSY, Page
from tests.support.waiting import until
from tornado_websockets.core.recovery.keeping import keeper
from tornado_websockets.exceptions import PublishError
from tornado_websockets.store.guard import Guard
from tornado_websockets.store.memory import MemoryStore

STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["publish", "lose_before"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["lose", "repeat", "hold"]), st.integers(1, 2)),
        st.tuples(st.just("away"), st.integers(0, 2)),
        st.tuples(st.just("back"), st.integers(0, 5)),
        st.tuples(st.just("fail"), st.integers(1, 3)),
        st.tuples(st.just("back_blind"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["flush", "forget", "deafen"]), st.just(0)),
    ),
    max_size=16,
)


class ShakyStore(MemoryStore):
    """Fails as often as it is told to."""

    failures = 0

    def __init__(self, waits):
        super().__init__()
        self.waits = waits  # where it does, it is asked in threads

    def append(self, *arguments):
        self._shake()
        super().append(*arguments)

    def publish(self, *arguments):
        self._shake()
        return super().publish(*arguments)

    def read(self, *arguments):
        self._shake()
        return super().read(*arguments)

    def _shake(self):
        if self.failures:
            self.failures -= 1
            raise OSError("shaken")


class World:
    """Two processes with pages, and one without.

    :param is_shared: whether they share the store; else each has one of its own, and what the layer loses without a
        later event to show it is lost to everybody, so it loses nothing.
    """

    def __init__(self, waits, patience, is_shared=True):
        self.patience = patience
        self.is_shared = is_shared
        self.stores = [ShakyStore(waits) for _ in range(1 if is_shared else 3)]
        own = [{} if is_shared else {"begin_anew": store.begin_anew, "retain": store.retain} for store in self.stores]
        guards = [Guard(store, **alone) for store, alone in zip(self.stores, own, strict=True)]
        self.processes = [Process(history=20, store=partial(guards.__getitem__, n % len(guards))) for n in range(3)]
        self.pages = [Page() for _ in range(3)]
        self.said = {page: [] for page in self.pages}  # since it read its data last
        self.readings = dict.fromkeys(self.pages, 0)
        self.number = 0
        self.layer = get_channel_layer()

    async def run(self, steps):
        for index, page in enumerate(self.pages):
            await page.connect(self.processes[index % 2])
        for step, argument in steps:
            await getattr(self, step)(argument)
        await self.settle()

    async def publish(self, index):
        self.number = number = self.number + 1
        try:
            await self.processes[index].ws.publish("said", {"n": number})
        except PublishError:
            return
        for page in self.pages:
            self.note_readings(page)
            self.said[page].append(number)

    async def lose(self, times):
        if self.is_shared:
            self.layer.plan.extend(["lose"] * times)

    async def lose_before(self, index):
        """Lose an event, which a later one of the same process shows."""
        self.layer.doomed = f'"n":{self.number + 1}}}'
        await self.publish(index)
        await until(lambda: not self.layer.doomed)  # else both may leave as one message
        await self.publish(index)

    async def repeat(self, times):
        self.layer.plan.extend(["repeat"] * times)

    async def hold(self, times):
        self.layer.plan.extend(["hold"] * times)

    async def away(self, index):
        await self.pages[index].leave()

    async def back(self, which):
        page = self.pages[which % 3]
        if not page.is_connected:
            await page.connect(self.processes[which // 3])
            self.note_readings(page)

    async def back_blind(self, which):
        """Come back while the store gives no answer, neither to whoever connects nor to the hello."""
        await self.fail(2)
        await self.back(which)

    async def fail(self, times):
        self.stores[0].failures += times

    async def flush(self, _):
        """What only the store had is gone with it, and nobody is left to know of that."""
        for store in self.stores:
            store.clear()
        for page in self.pages:
            self.note_readings(page)
            self.said[page] = [number for number in self.said[page] if number in page.heard]

    async def forget(self, _):
        for store in self.stores:
            store.forget("/chat")

    async def deafen(self, _):
        """What nobody is connected to, nobody listens to any more."""
        for process in self.processes:
            await process.keeper._listening.end()

    def note_readings(self, page):
        page.catch_up()
        if page.readings > self.readings[page]:
            self.readings[page] = page.readings
            self.said[page].clear()

    async def settle(self):
        self.layer.plan.clear()
        self.stores[0].failures = 0
        for index in range(len(self.pages)):
            await self.back(index)
        await self.layer.release()
        await until(self.is_whole, seconds=self.patience)
        for page in self.pages:
            assert len(set(page.heard)) == len(page.heard)
            await page.leave()

    def is_whole(self):
        for page in self.pages:
            self.note_readings(page)
        return all(set(self.said[page]) <= set(page.heard) for page in self.pages)


def run(steps, waits=False, patience=10, *, is_shared=True):
    with override_settings(CHANNEL_LAYERS=LOSSY):
        asyncio.run(World(waits, patience, is_shared).run(steps))


@settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.booleans())
def test_nothing_is_missed(steps, waits):
    run(steps, waits)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_nothing_is_missed_where_each_has_a_store_of_its_own(steps):
    run(steps, is_shared=False)


def test_what_was_sent_while_nobody_listened_is_missed_by_nobody():
    steps = [("publish", 0), ("away", 0), ("away", 2), ("deafen", 0), ("publish", 1), ("back", 0)]
    run(steps, patience=3, is_shared=False)


@pytest.mark.parametrize("waits", [True, False])
def test_what_was_lost_while_the_store_was_silent_is_missed_by_nobody(waits):
    steps = [("away", 0), ("away", 2), ("back_blind", 0), ("lose_before", 1)]
    run(steps, waits, patience=3)


def test_an_event_that_is_dropped_by_hand_is_noticed(monkeypatch):
    show = keeper.show

    def drop(hub, journal, events, key=None):
        return show(hub, journal, [event for event in events if '"n":2}' not in event.text], key)

    monkeypatch.setattr(keeper, "show", drop)
    with pytest.raises(TimeoutError):
        run([("publish", 0), ("publish", 0), ("publish", 0)], patience=0.5)
