"""A store that processes share, in the memory of this one; it can be told to fail."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings

from tornado_websockets.jobs.clerk import clerk
from tornado_websockets.store import current
from tornado_websockets.store.current import current_store
from tornado_websockets.store.memory import MemoryStore


class FailingStore(MemoryStore):
    """One that may wait, and fails while it is told to.

    :ivar is_failing: whether it does.
    :ivar failures: how often it has.
    :ivar talks_nonsense: whether it answers what no store should; ``nonsense`` counts how often it did for values.
    """

    waits = True
    is_failing = False
    failures = 0
    talks_nonsense = False
    nonsense = 0

    def publish(self, *arguments: Any) -> Any:
        self._fail()
        answer = super().publish(*arguments)
        return None if self.talks_nonsense else answer

    def retained(self, topic: str) -> Any:
        self._fail()
        self.nonsense += self.talks_nonsense
        return None if self.talks_nonsense else super().retained(topic)

    def lasts(self, topics: Any) -> Any:
        return None if self.talks_nonsense else super().lasts(topics)

    def _fail(self) -> None:
        if self.is_failing:
            self.failures += 1
            raise ConnectionError("it was told to fail")


@pytest.fixture
def failing_store(key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingStore]:
    """The store of the test, also for its clients."""
    monkeypatch.setattr(current, "keep_tests_to_memory", lambda: None)
    monkeypatch.setattr(clerk, "pace", replace(clerk.pace, noticing=0.0))  # there are no other processes
    options = {"STORE": f"{__name__}.FailingStore", "NAMESPACE": key}
    with override_settings(TORNADO_WEBSOCKETS=options):
        store = current_store().store
        assert isinstance(store, FailingStore)
        yield store
        store.is_failing = False
        for thread in threading.enumerate():
            if thread.name == "WebSocket jobs":  # what it has yet to write is of this test
                thread.join(10)
