from collections.abc import Callable
from typing import Any

import pytest


class CountingWorker:
    """Runs what may block, and counts it."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        return call()


@pytest.fixture
def worker() -> CountingWorker:
    return CountingWorker()
