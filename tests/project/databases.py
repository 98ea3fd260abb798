"""A database in a file, where all threads see the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asgiref.sync import SyncToAsync
from django.db import connections


@contextmanager
def database_in(directory: Path) -> Iterator[None]:
    """Let every thread's default connection lead to a new file in ``directory``."""
    configured = connections.settings["default"]
    before = configured["NAME"]
    configured["NAME"] = directory / "test.sqlite3"
    _close_all()
    try:
        yield
    finally:
        _close_all()
        configured["NAME"] = before


def _close_all() -> None:
    """Close the connections of this thread, and of the one that async tests share."""
    connections.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()
