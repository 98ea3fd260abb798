"""Whatever the layer does, and whoever is away, a page that is told that nothing is missing has heard all."""

import asyncio
from itertools import count

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
        st.tuples(st.just("publish"), st.integers(0, 2)),
        st.tuples(st.sampled_from(["lose", "repeat", "hold"]), st.integers(1, 2)),
        st.tuples(st.just("away"), st.integers(0, 2)),
        st.tuples(st.just("back"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["fail", "flush", "forget"]), st.just(0)),
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

    def _shake(self):
        if self.failures:
            self.failures -= 1
            raise OSError("shaken")


class World:
    """Two processes with pages, and one without."""

    def __init__(self, waits, patience):
        self.patience = patience
        self.store = ShakyStore(waits)
        guard = Guard(self.store)
        self.processes = [Process(history=20, store=lambda: guard) for _ in range(3)]
        self.pages = [Page() for _ in range(3)]
        self.said = {page: [] for page in self.pages}  # since it read its data last
        self.readings = dict.fromkeys(self.pages, 0)
        self.numbers = count(1)
        self.layer = get_channel_layer()

    async def run(self, steps):
        for index, page in enumerate(self.pages):
            await page.connect(self.processes[index % 2])
        for step, argument in steps:
            await getattr(self, step)(argument)
        await self.settle()

    async def publish(self, index):
        number = next(self.numbers)
        try:
            await self.processes[index].ws.publish("said", {"n": number})
        except PublishError:
            return
        for page in self.pages:
            self.note_readings(page)
            self.said[page].append(number)

    async def lose(self, times):
        self.layer.plan.extend(["lose"] * times)

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

    async def fail(self, _):
        self.store.failures += 1

    async def flush(self, _):
        """What only the store had is gone with it, and nobody is left to know of that."""
        self.store.clear()
        for page in self.pages:
            self.note_readings(page)
            self.said[page] = [number for number in self.said[page] if number in page.heard]

    async def forget(self, _):
        self.store.forget("/chat")

    def note_readings(self, page):
        page.catch_up()
        if page.readings > self.readings[page]:
            self.readings[page] = page.readings
            self.said[page].clear()

    async def settle(self):
        self.layer.plan.clear()
        self.store.failures = 0
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


def run(steps, waits=False, patience=10):
    with override_settings(CHANNEL_LAYERS=LOSSY):
        asyncio.run(World(waits, patience).run(steps))


@settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.booleans())
def test_nothing_is_missed(steps, waits):
    run(steps, waits)


def test_an_event_that_is_dropped_by_hand_is_noticed(monkeypatch):
    show = keeper.show

    def drop(hub, journal, events, key=None):
        return show(hub, journal, [event for event in events if '"n":2}' not in event.text], key)

    monkeypatch.setattr(keeper, "show", drop)
    with pytest.raises(TimeoutError):
        run([("publish", 0), ("publish", 0), ("publish", 0)], patience=0.5)
