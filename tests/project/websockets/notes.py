"""What handlers leave in the server's log for a test to find."""

import logging

logger = logging.getLogger(__name__)


def note(key: str, text: str) -> None:
    """Write a line that ``Log.notes(key)`` finds."""
    logger.info("note %s %s", key, text)
