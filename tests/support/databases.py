"""A database in a file, where all threads see the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from asgiref.sync import SyncToAsync
from django.core.management import call_command
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


@contextmanager
def database_named(alias: str, settings: dict[str, Any]) -> Iterator[str]:
    """Let ``alias`` lead to another database, which has the tables of the store; yields the alias."""
    connections.settings[alias] = {**deepcopy(connections.settings["default"]), **settings}
    call_command("migrate", "websocket_store", database=alias, verbosity=0)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
