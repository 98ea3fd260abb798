"""Rows on real databases, and what is published of them."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.following.models import TABLES, Message, Picture, Ticket
from tests.support.memory import MemoryPublisher
from tests.support.postgres import Postgres
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.following.table import table_of
from tornado_websockets.serving.discovery import followed_late
from tornado_websockets.websocket import WebSocket, endpoint_of

Told = list[tuple[str, str, dict[str, Any]]]


class Wire:
    """What leaves a process, as (path, event, data)."""

    def __init__(self) -> None:
        self.hub = Hub()
        self._publisher = MemoryPublisher()
        self.hub.publisher = self._publisher

    def websocket(self, path: str, **options: Any) -> WebSocket:
        """One that is heard here."""
        ws = WebSocket(path, add_to_handlers=False, **options)
        endpoint_of(ws).hub = self.hub
        return ws

    def take(self) -> Told:
        """What has left since this was called last."""
        frames = [(message.topic, json.loads(message.text)) for message in self._publisher.messages]
        self._publisher.log.clear()
        return [(path, frame["event"], frame["data"]) for path, frame in frames]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Whoever follows a model in a test does so until its end."""
    late = followed_late[:]
    yield Wire()
    followed_late[:] = late
    for model in (Message, Picture, Ticket):
        table_of(model)._followings.clear()
        table_of(model)._columns.clear()


def _tables(alias: str, settings: dict[str, Any]) -> Iterator[str]:
    connections.settings[alias] = {**deepcopy(connections.settings["default"]), **settings}
    try:
        with connections[alias].schema_editor() as editor:
            for model in TABLES:
                editor.create_model(model)
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("rows") / "rows.sqlite3"
    options = {"init_command": "PRAGMA synchronous=OFF"}
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}
    yield from _tables("rows_sqlite", settings)


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[str]:
    server = Postgres()
    try:
        yield from _tables("rows_postgresql", server.settings())
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> str:
    """The alias of each kind of database."""
    alias: str = request.getfixturevalue(f"_{request.param}")
    return alias


@pytest.fixture
def database(_sqlite: str) -> str:
    """The alias of a database, where its kind does not matter."""
    return _sqlite


@pytest.fixture
def queries(database: str) -> Callable[[Callable[[], Any]], list[str]]:
    """Counts what a call asks the database."""
    from django.test.utils import CaptureQueriesContext

    def count(call: Callable[[], Any]) -> list[str]:
        with CaptureQueriesContext(connections[database]) as captured:
            call()
        return [query["sql"] for query in captured.captured_queries]

    return count
