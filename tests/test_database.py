import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from tests.project.clients import Client
from tests.project.databases import database_in
from tornado_websockets import database
from tornado_websockets.core.counters import counters
from tornado_websockets.database import refresh_shared_thread, with_database
from tornado_websockets.websocket import WebSocket


@pytest.fixture(autouse=True)
def a_database(tmp_path):
    with database_in(tmp_path):
        yield


@pytest.fixture
def thread():
    """Calls in a worker thread, always the same."""
    with ThreadPoolExecutor(1) as executor:
        yield lambda call: executor.submit(call).result(10)
        executor.submit(close).result(10)


def use():
    """Ask the database something; afterwards the thread has a connection to it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return is_open()


def close():
    connection.close()


def is_open():
    return connection.connection is not None


class TestAroundACall:
    def test_returns_its_result(self):
        assert with_database(lambda: "result") == "result"

    def test_closes_an_obsolete_connection_before(self, thread):
        assert thread(use)
        assert thread(lambda: with_database(is_open)) is False

    def test_closes_an_obsolete_connection_after(self, thread):
        assert thread(lambda: with_database(use))
        assert not thread(is_open)

    def test_closes_it_though_the_call_fails(self, thread):
        def fail():
            use()
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            thread(lambda: with_database(fail))
        assert not thread(is_open)

    def test_keeps_a_connection_that_may_live_longer(self, thread, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
        assert thread(lambda: with_database(use))
        assert thread(is_open)

    def test_leaves_other_threads_alone(self, thread):
        use()
        thread(lambda: with_database(use))
        assert is_open()


class TestSharedThread:
    @pytest.fixture(autouse=True)
    async def an_open_connection(self, monkeypatch):
        monkeypatch.setattr(database, "_last_refresh", 0.0)
        assert await sync_to_async(use)()
        yield
        await sync_to_async(close)()

    async def test_is_rid_of_obsolete_connections(self):
        refresh_shared_thread()
        assert not await sync_to_async(is_open)()

    async def test_is_looked_after_again_when_some_time_has_passed(self, monkeypatch):
        monkeypatch.setattr(database, "_INTERVAL", 0.0)
        refresh_shared_thread()
        assert await sync_to_async(use)()
        refresh_shared_thread()
        assert not await sync_to_async(is_open)()

    async def test_is_not_looked_after_again_at_once(self, monkeypatch):
        monkeypatch.setattr(database, "_INTERVAL", 3600.0)
        monkeypatch.setattr(database, "_last_refresh", -3600.0)
        refresh_shared_thread()
        assert await sync_to_async(use)()
        refresh_shared_thread()
        assert await sync_to_async(is_open)()

    async def test_is_rid_of_broken_connections_alone_while_handlers_run(self, monkeypatch):
        monkeypatch.setattr(database, "_INTERVAL", 0.0)
        monkeypatch.setattr(counters, "handlers_running", 1)
        monkeypatch.setattr(DatabaseWrapper, "is_usable", lambda _: False)  # SQLite's always are
        refresh_shared_thread()
        assert await sync_to_async(is_open)()

        def fail():
            with connection.cursor() as cursor, pytest.raises(OperationalError):
                cursor.execute("SELECT nothing FROM nowhere")

        await sync_to_async(fail)()
        assert await sync_to_async(lambda: connection.errors_occurred)()
        refresh_shared_thread()
        assert not await sync_to_async(is_open)()

    async def test_delays_nobody_while_it_is_busy(self):
        started, end = threading.Event(), threading.Event()

        def work():
            started.set()
            return end.wait(10)

        working = asyncio.ensure_future(sync_to_async(work)())
        await asyncio.to_thread(started.wait, 10)
        refresh_shared_thread()
        assert not end.is_set()
        end.set()
        assert await working


class TestHandlers:
    async def test_leave_no_connection_open(self):
        opened, ws = [], WebSocket("/database", add_to_handlers=False)

        @ws.on
        def ask():
            use()
            opened.append(connection.connection)

        client = await Client(ws).connect()
        await client.send("ask")
        await client.leave()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened[0].execute("SELECT 1")

    async def test_that_are_async_find_no_obsolete_connection(self, monkeypatch):
        monkeypatch.setattr(database, "_last_refresh", 0.0)
        seen, ws = [], WebSocket("/database", add_to_handlers=False)

        @ws.on
        async def ask():
            seen.append(await sync_to_async(is_open)())

        client = await Client(ws).connect()
        await sync_to_async(use)()
        await client.send("ask")
        await client.leave()
        await sync_to_async(close)()
        assert seen == [False]
