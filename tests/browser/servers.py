"""The servers of the tests of one directory: each kind is started once, when first asked for."""

import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.example.chat_server import ChatServer

# What tests leave behind, and the numbers of their rows.
EMPTIED = (
    "chat_message",
    "weather_import",
    "weather_reading",
    "shopping_item",
    "notes_note",
    "auth_user",
    "sqlite_sequence",
)


class ChatServers:
    """One server of each kind, with a copy of `database` in `directory` and `variables` in its environment."""

    def __init__(self, database: Path, directory: Path, **variables: str) -> None:
        self._database = database
        self._directory = directory
        self._variables = variables
        self._servers: dict[str, ChatServer] = {}

    @asynccontextmanager
    async def visit(self, kind: str) -> AsyncIterator[ChatServer]:
        """Let a test use a server, with nothing in its database; its log must be clean in the end."""
        if kind not in self._servers:
            database = Path(shutil.copy(self._database, self._directory / f"{kind}.sqlite3"))
            self._servers[kind] = ChatServer(database, kind, **self._variables)
        server = self._servers[kind]
        server.log.clear()
        if not server.is_running:
            await server.start()
        _empty(server.database)
        yield server
        assert not server.trouble, "\n".join(server.log)

    async def stop(self) -> None:
        for server in self._servers.values():
            await server.stop()
            assert not server.trouble, "\n".join(server.log)


def _empty(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        for table in EMPTIED:
            connection.execute(f"DELETE FROM {table}")
