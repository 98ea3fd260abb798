"""A turnstile that counts who waits."""

import asyncio

from tornado_websockets.core.delivery.turnstile import Turnstile


class CountingTurnstile(Turnstile):
    """The same, for the running loop.

    :ivar waits: how often somebody had to wait.
    """

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.waits = 0

    async def wait(self) -> None:
        self.waits += 1
        await super().wait()
