"""Every store, real ones, each empty."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.support.databases import database_named
from tests.support.postgres import Postgres
from tornado_websockets.store import Retention, Store
from tornado_websockets.store.database import DatabaseStore
from tornado_websockets.store.memory import MemoryStore
from tornado_websockets.store.redis import RedisStore

KINDS = ["memory", "redis", "sqlite", "postgresql"]

_numbers = count(1)

#: Makes a store with a retention; two of one namespace are the stores of two processes.
Make = Callable[[Retention], Store]


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The alias of a database in a file."""
    path = tmp_path_factory.mktemp("store") / "store.sqlite3"
    with database_named("store_sqlite", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}) as alias:
        yield alias


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The alias of a database on PostgreSQL; without one the test is skipped, in CI it fails."""
    server = Postgres()
    try:
        with database_named("store_postgresql", server.settings()) as alias:
            yield alias
    finally:
        server.stop()


@pytest.fixture
def namespace() -> str:
    """A name that no other test uses."""
    return f"test-{os.getpid()}-{next(_numbers)}"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of each store."""
    return str(request.param)


@pytest.fixture
def make(kind: str, request: pytest.FixtureRequest) -> Make:
    """Makes a store of each kind."""
    if kind == "memory":
        return MemoryStore
    if kind == "redis":
        redis = request.getfixturevalue("redis")
        return lambda retention: RedisStore(redis.url, retention)
    alias: str = request.getfixturevalue(kind)
    return lambda retention: DatabaseStore(retention, alias)


@pytest.fixture
def store(make: Make, namespace: str) -> Store:
    """Each store, empty."""
    return make(Retention(namespace=namespace))
