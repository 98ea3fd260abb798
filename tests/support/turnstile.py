"""A turnstile that counts who waits, and one that lets through whom a test says."""

import asyncio
from typing import TypeVar

import pytest

from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.delivery.turnstile import Turnstile


class CountingTurnstile(Turnstile):
    """The same, for the running loop.

    :ivar waits: how often somebody had to wait.
    """

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.waits = 0

    async def wait(self, weight: int = 1) -> None:
        self.waits += 1
        await super().wait(weight)


class HeldTurnstile(Turnstile):
    """The same, for the running loop; it lets nobody through by itself."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def let_through(self, count: int) -> int:
        """Let so many go on who came first. Returns how many of them were still there."""
        return sum(self._waiting.popleft()() for _ in range(count))

    def _schedule(self) -> None:
        pass


AnyTurnstile = TypeVar("AnyTurnstile", bound=Turnstile)


def put_up(turnstile: AnyTurnstile, monkeypatch: pytest.MonkeyPatch) -> AnyTurnstile:
    """Have clients of the running loop wait at ``turnstile``, which is returned."""
    monkeypatch.setattr(hub.shard(), "turnstile", turnstile)
    return turnstile
