"""The door by which those who connect come in, watched."""

import asyncio

from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.delivery.turnstile import Door


class WatchedDoor(Door):
    """Counts those who have come in on the running event loop.

    :ivar came: how many.
    """

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.came = 0
        hub.shard().door = self

    async def enter(self) -> None:
        await super().enter()
        self.came += 1
