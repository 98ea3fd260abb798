"""A database in a file, where all threads see the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections


@contextmanager
def database_in(directory: Path) -> Iterator[None]:
    """Let every thread's default connection lead to a new file in ``directory``."""
    configured = connections.settings["default"]
    before = configured["NAME"]
    configured["NAME"] = directory / "test.sqlite3"
    connections.close_all()
    try:
        yield
    finally:
        connections.close_all()
        configured["NAME"] = before
