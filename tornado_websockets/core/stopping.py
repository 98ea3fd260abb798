"""How connections end when their server stops: clients are told, handlers get time, ``close`` handlers run."""

import asyncio
from contextlib import suppress
from typing import Final

from .conversation.threads import threads
from .delivery.shard import Shard
from .handlers.workers import overtake
from .logger import logger
from .protocol.closing import GOING_AWAY

#: Seconds that handlers get to end; then they are cancelled.
HANDLER_SECONDS: Final = 5.0

#: Seconds that ``close`` handlers get after that.
CLOSE_HANDLER_SECONDS: Final = 2.0


async def stop(shard: Shard, patience: float = HANDLER_SECONDS, last: float = CLOSE_HANDLER_SECONDS) -> bool:
    """Close every connection, and return when all have gone and their ``close`` handlers are through.

    :param patience: seconds for handlers to end by themselves.
    :param last: seconds for ``close`` handlers after that.
    :returns: whether all have gone.
    """
    if await _is_left(shard, patience):
        return True
    logger.warning("Stopping, although handlers are still running after %g seconds", patience)
    shard.cancel_handlers()
    overtake()
    threads.abandon_threads()
    return await _is_left(shard, last)


async def _is_left(shard: Shard, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not shard.is_empty:  # until those have gone, too, whose handshake was on its way
                shard.close_all(GOING_AWAY)
                await asyncio.sleep(0.02)
    return shard.is_empty
