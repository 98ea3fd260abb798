"""The counter's WebSocket: a button that everyone can press, and what that looks like over time.

The numbers are those of one process, and gone when it ends. Several processes would need a place in common to
count in, a database or Redis.
"""

import asyncio
import logging

from counter.samples import Overview, Sample, Tally, Total
from tornado_websockets import Socket
from tornado_websockets.exceptions import PublishError
from tornado_websockets.websocket import WebSocket

PERIOD = 1  # seconds between two samples

logger = logging.getLogger(__name__)

tally = Tally()
sampling: set[asyncio.Task[None]] = set()

# region shown
counter = WebSocket("/counter", sends={"welcome": Overview, "pressed": Total, "sample": Sample})
# endregion


@counter.on
async def open(socket: Socket) -> None:
    samples = [*tally.samples]
    socket.emit("welcome", {"total": tally.total, "visitors": len(counter.handlers), "samples": samples})
    if not sampling:
        sampling.add(asyncio.create_task(sample()))


# region shown
@counter.on
async def press() -> None:
    counter.emit("pressed", {"total": tally.press()})


# endregion


@counter.on
async def close(socket: Socket) -> None:
    if all(other is socket for other in counter.handlers):
        while sampling:
            sampling.pop().cancel()


async def sample() -> None:
    """Tell everyone how the last second was, for as long as somebody looks."""
    while True:
        await asyncio.sleep(PERIOD)
        try:
            await counter.apublish("sample", {**tally.sample(len(counter.handlers))})
        except PublishError:
            logger.warning("A sample reached no other process; the next one is due in %d s.", PERIOD)
