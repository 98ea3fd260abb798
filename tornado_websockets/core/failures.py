"""What is said of handlers that fail."""

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
