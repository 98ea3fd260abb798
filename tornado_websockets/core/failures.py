"""What is said of handlers that fail, and of clients that are given up."""

import logging
from typing import TYPE_CHECKING

from ..exceptions import is_connection_closed
from .counters import counters

if TYPE_CHECKING:
    from .connection import Connection

logger = logging.getLogger("tornado_websockets")


def log_failure(connection: "Connection", event: str, error: BaseException) -> None:
    """Count and log an error with its traceback, unless it only says that the client has gone."""
    where = connection.path, connection.id
    if connection.closed and is_connection_closed(error):
        logger.info("The handler of %r found its client gone (path %.64r, connection %s)", event, *where)
        return
    counters.handler_errors += 1
    logger.error("The handler of %r failed (path %.64r, connection %s)", event, *where, exc_info=error)


def is_departure(reason: str | Exception) -> bool:
    """Whether sending ended because the client has left, for whatever reason: that is what most exceptions say."""
    return isinstance(reason, Exception) and not isinstance(reason, (AttributeError, TypeError))


def log_loss(connection: "Connection", reason: str | Exception) -> None:
    """Count and log a client that takes too little (a text says so), or cannot be sent to (an error does)."""
    where = connection.path, connection.id
    if isinstance(reason, str):
        counters.slow_clients_closed += 1
        logger.warning("Closing a slow client: %s (path %.64r, connection %s)", reason, *where)
    else:
        logger.error("Sending failed (path %.64r, connection %s)", *where, exc_info=reason)


def log_flood(connection: "Connection", reason: str) -> None:
    """Count and log a client that is cut off for what it does."""
    counters.flooding_clients_closed += 1
    logger.warning("Closing a client: %s (path %.64r, connection %s)", reason, connection.path, connection.id)
