"""How connections end when their server stops: clients are told, handlers get time, ``close`` handlers run."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from .lane import Lane
from .workers import overtake

logger = logging.getLogger("tornado_websockets")

#: Close code of RFC 6455 for a server that stops.
GOING_AWAY: Final = 1001

#: Seconds that handlers get to end; then they are cancelled.
PATIENCE: Final = 5.0

#: Seconds that ``close`` handlers get after that.
LAST_SECONDS: Final = 2.0


async def stop(lane: Lane, patience: float = PATIENCE) -> bool:
    """Close every connection, and return when all have gone and their ``close`` handlers are through.

    :param patience: seconds for handlers to end by themselves.
    :returns: whether all have gone.
    """
    if await _is_left(lane, patience):
        return True
    logger.warning("Stopping, although handlers are still running after %g seconds", patience)
    lane.interrupt_all()
    overtake()
    return await _is_left(lane, LAST_SECONDS)


async def _is_left(lane: Lane, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not lane.is_empty:  # until those have gone, too, whose handshake was on its way
                lane.shut_all(GOING_AWAY)
                await asyncio.sleep(0.02)
    return lane.is_empty
