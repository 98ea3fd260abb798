"""Django's database connections in the threads that handlers run in.

During a request, Django's own signals drop connections that broke or grew too old. Handlers run outside of requests,
so the same is done around them, and while a thread has nothing to do.
"""

import time
from collections.abc import Callable
from typing import Any

from .core.conversation.threads import threads
from .core.handlers.leasing import leases


def with_database(call: Callable[[], Any]) -> Any:
    """Call in a worker thread, with unusable and obsolete connections of that thread closed before and after."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def close_old_connections() -> None:
    """Close the connections of this thread that broke, or are older than ``CONN_MAX_AGE``."""
    from django.db import close_old_connections

    close_old_connections()


def close_broken_connections() -> None:
    """Close the connections of this thread that broke; others may be reading from one that is only old."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.connection is None or connection.in_atomic_block or not connection.errors_occurred:
            continue
        if connection.is_usable():
            connection.errors_occurred = False
        else:
            connection.close()


class IdleDatabase:
    """Closes the connections of a thread that has nothing to do, when ``CONN_MAX_AGE`` says so."""

    def seconds(self) -> float | None:
        """Until the next one is due; ``None`` where none ever is."""
        from django.db import connections

        due = [
            connection.close_at
            for connection in connections.all(initialized_only=True)
            if connection.connection is not None and connection.close_at is not None
        ]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def tidy(self) -> None:
        """Close those that are due."""
        close_old_connections()


idle_database = IdleDatabase()

leases.look_after(close_old_connections, close_old_connections, close_broken_connections, idle_database)
threads.look_after(with_database, idle_database)
