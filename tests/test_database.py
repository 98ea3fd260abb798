import asyncio
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from tests.support.databases import database_in
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.core.handlers.executor import Threads
from tornado_websockets.database import idle_database, with_database
from tornado_websockets.websocket import WebSocket, endpoint_of


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


class TestHandlers:
    async def test_leave_no_connection_open(self):
        opened, ws = [], WebSocket("/database", add_to_handlers=False)

        @ws.on
        def ask():
            use()
            opened.append(connection.connection)

        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("ask")
        await client.leave()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened[0].execute("SELECT 1")

    async def test_that_are_async_leave_no_connection_open(self):
        opened, ws = [], WebSocket("/database", add_to_handlers=False)

        @ws.on
        async def ask():
            await sync_to_async(use)()
            opened.append(await sync_to_async(lambda: connection.connection)())

        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("ask")
        await client.leave()
        await until(lambda: is_closed(opened[0]))

    async def test_that_are_async_keep_their_thread(self):
        threads, ws = [], WebSocket("/database", add_to_handlers=False)

        @ws.on
        async def ask():
            threads.extend([await sync_to_async(threading.get_ident)() for _ in range(3)])

        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("ask")
        await client.leave()
        assert len(set(threads)) == 1

    async def test_that_are_async_do_not_wait_for_the_queries_of_another(self):
        begun, end, ws = threading.Event(), threading.Event(), WebSocket("/database", add_to_handlers=False)

        def work():
            begun.set()
            return end.wait(10)

        @ws.on
        async def slow():
            await sync_to_async(work)()

        @ws.on
        async def quick():
            return await sync_to_async(lambda: "quick")()

        slow_client, client = (
            await MemoryClient(endpoint_of(ws)).connect(),
            await MemoryClient(endpoint_of(ws)).connect(),
        )
        working = asyncio.ensure_future(slow_client.send("slow"))
        await asyncio.to_thread(begun.wait, 10)
        await client.send("quick", id=1)
        assert not end.is_set()
        assert client.received == [{"event": "reply", "id": 1, "data": "quick"}]
        end.set()
        await working
        await slow_client.leave()
        await client.leave()

    async def test_that_are_async_do_not_wait_for_a_query_that_was_given_up(self):
        end, ws = threading.Event(), WebSocket("/database", add_to_handlers=False)

        @ws.on
        async def slow():
            async with asyncio.timeout(0.01):
                await sync_to_async(end.wait)(30)

        @ws.on
        async def quick():
            return await sync_to_async(lambda: "quick")()

        client = await MemoryClient(endpoint_of(ws)).connect()
        try:
            await client.send("slow", id=1)
            await asyncio.wait_for(client.send("quick", id=2), 10)
        finally:
            end.set()
        assert [reply["id"] for reply in client.received] == [1, 2]
        assert client.received[1]["data"] == "quick"
        await client.leave()


class TestIdleThreads:
    def test_close_what_is_too_old(self, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0.2)
        threads = Threads("idle", 1, idle_database)
        opened = threads.submit(lambda: use() and connection.connection).result(10)
        assert threads.submit(is_open).result(10)
        deadline = time.monotonic() + 10
        while not is_closed(opened):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not threads.submit(is_open).result(10)

    def test_keep_what_may_live_for_ever(self, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
        threads = Threads("idle", 1, idle_database)
        assert threads.submit(use).result(10)
        assert threads.submit(idle_database.seconds).result(10) is None
        threads.submit(close).result(10)


def is_closed(opened):
    try:
        opened.total_changes  # noqa: B018 which asks whether it is open
    except sqlite3.ProgrammingError:
        return True
    return False
