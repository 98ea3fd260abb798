"""Django's database connections in the threads that handlers run in.

During a request, Django's own signals drop connections that broke or grew too old. Handlers run outside of requests,
so the same is done around them.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from asgiref.sync import SyncToAsync

from .core.counters import counters

#: Seconds between two looks at the shared thread.
_INTERVAL = 1.0

_last_refresh = 0.0


def with_database(call: Callable[[], Any]) -> Any:
    """Call in a worker thread, with unusable and obsolete connections of that thread closed before and after."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def refresh_shared_thread() -> None:
    """Close them, once a second at most, in the one thread that Django's async ORM shares.

    While handlers are running, which may read from a cursor, only those that broke. It is queued there ahead of what
    the coming handler will ask of the database, and awaited by nobody: a thread that is busy with somebody's slow query
    must not delay handlers that need no database.
    """
    global _last_refresh  # noqa: PLW0603 there is one such thread in a process
    now = time.monotonic()
    if now - _last_refresh >= _INTERVAL:
        from django.db import close_old_connections

        _last_refresh = now
        with suppress(RuntimeError):  # the system has no thread for it
            SyncToAsync.single_thread_executor.submit(
                _close_broken if counters.handlers_running else close_old_connections
            )


def _close_broken() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.connection is None or connection.in_atomic_block or not connection.errors_occurred:
            continue
        if connection.is_usable():
            connection.errors_occurred = False
        else:
            connection.close()
