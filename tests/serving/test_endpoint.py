import asyncio
import threading

import pytest
from django.test import override_settings

from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.auth.recheck import logins
from tornado_websockets.core.connections.admission import admission
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.closing import INTERNAL_ERROR, Close
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.exceptions import EmitHandlerError, InvalidInstanceError
from tornado_websockets.paths import PathPattern
from tornado_websockets.people.board import board
from tornado_websockets.people.orders import late_orders
from tornado_websockets.serving.authorization import MOST_THREADS
from tornado_websockets.serving.endpoint import Endpoint
from tornado_websockets.websocket import WebSocket, endpoint_of

ANYWHERE = override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": True})


def endpoint_at(path, authorize=None):
    return Endpoint(PathPattern(path), 1, authorize)


@pytest.fixture
def endpoint():
    return endpoint_at("/chat")


@pytest.fixture
async def client(endpoint):
    client = await MemoryClient(endpoint, "/chat").connect()
    yield client
    await client.leave()


class Notes:
    """An observer that notes what it is told."""

    is_needed = False

    def __init__(self, name, log):
        self.name = name
        self.log = log

    def on_connected(self, connection):
        self.log.append(f"{self.name}: {connection.id} came")

    def on_disconnected(self, connection):
        self.log.append(f"{self.name}: {connection.id} went")


class TestByDefault:
    def test_shares_hub_and_admission_of_the_process(self, endpoint):
        assert (endpoint.hub, endpoint.admission) == (hub, admission)

    def test_has_its_logins_checked(self, endpoint):
        assert endpoint.observers == [logins, late_orders, board]
        assert [each.is_needed for each in endpoint.observers] == [True, True, False]

    def test_has_neither_context_nor_clients(self, endpoint):
        assert (endpoint.context, endpoint.handlers) == (None, [])

    def test_is_the_inside_of_a_websocket(self):
        ws = WebSocket("/chat", add_to_handlers=False)
        assert endpoint_of(ws).pattern.text == ws.path
        assert endpoint_of(ws).handlers is ws.handlers
        assert endpoint_of(ws).websocket is ws

    def test_tells_its_path(self, endpoint):
        assert repr(endpoint) == "<Endpoint /chat>"


class TestClients:
    async def test_are_in_handlers_while_they_are_connected(self, endpoint, client):
        assert endpoint.handlers == [client.socket]
        await client.leave()
        assert endpoint.handlers == []

    async def test_are_told_to_each_observer_in_order(self, endpoint):
        log = []
        endpoint.observers = [Notes("first", log), Notes("second", log)]
        client = await MemoryClient(endpoint, "/chat").connect()
        await client.leave()
        id = client.connection.id
        assert log == [f"first: {id} came", f"second: {id} came", f"first: {id} went", f"second: {id} went"]

    async def test_stay_where_an_observer_fails(self, endpoint, caplog):
        class Fails(Notes):
            def on_connected(self, connection):
                raise RuntimeError("came")

            def on_disconnected(self, connection):
                raise RuntimeError("went")

        log = []
        endpoint.observers = [Fails("fails", log), Notes("second", log)]
        client = await MemoryClient(endpoint, "/chat").connect()
        id = client.connection.id
        assert (client.connection.closed, log) == (False, [f"second: {id} came"])
        await client.leave()
        assert log == [f"second: {id} came", f"second: {id} went"]
        where = f"(path '/chat', connection {id})"
        assert [record.getMessage() for record in caplog.records] == [
            f"Fails failed as a client has joined {where}",
            f"Fails failed as a client has left {where}",
        ]
        assert [str(record.exc_info[1]) for record in caplog.records] == ["came", "went"]

    async def test_are_closed_where_one_fails_that_is_needed(self, endpoint, caplog):
        class User:
            @property
            def is_authenticated(self):
                raise RuntimeError("the database is away")

        client = await MemoryClient(endpoint, "/chat", user=User()).connect()
        await until(lambda: client.transport.sent == [Close(INTERNAL_ERROR, "")])
        assert f"Logins failed as a client has joined (path '/chat', connection {client.connection.id})" in caplog.text
        await client.leave()
        assert endpoint.handlers == []

    async def test_have_no_token_in_the_log_where_an_observer_fails(self, endpoint, caplog):
        class Fails(Notes):
            def on_connected(self, connection):
                raise RuntimeError(f"Cannot look up {connection.offer.token}")

        endpoint.observers = [Fails("fails", [])]
        client = MemoryClient(endpoint, "/chat", offer=Offer("the secret", secrets=["the secret"]))
        await client.connect()
        assert "RuntimeError: Cannot look up <token>" in caplog.text
        assert "the secret" not in caplog.text
        await client.leave()

    async def test_are_in_handlers_when_observers_are_told(self, endpoint):
        class Looks(Notes):
            def on_connected(self, connection):
                self.log.append(list(endpoint.handlers) == [connection.socket])

            def on_disconnected(self, connection):
                self.log.append(list(endpoint.handlers) == [])

        log = []
        endpoint.observers = [Looks("looks", log)]
        await (await MemoryClient(endpoint, "/chat").connect()).leave()
        assert log == [True, True]

    async def test_may_have_been_removed_by_the_application(self, endpoint, client):
        endpoint.handlers.clear()
        await client.leave()
        assert client.connection.closed

    async def test_are_forgotten_in_a_forked_process(self, endpoint, client):
        endpoint.forget()  # as core.forking has it called
        assert endpoint.handlers == []


class TestStrangers:
    """What an application has put among the connections."""

    def test_are_refused(self, endpoint):
        endpoint.handlers = ["a stranger"]
        with pytest.raises(InvalidInstanceError) as caught:
            endpoint.refuse_strangers()
        assert caught.value.actual_instance == "a stranger"

    async def test_are_no_connections(self, endpoint, client):
        endpoint.refuse_strangers()

    def test_forbid_to_broadcast(self, endpoint):
        endpoint.handlers = ["a stranger"]
        with pytest.raises(InvalidInstanceError):
            endpoint.refuse_to_broadcast("say", "/chat")


class TestBroadcasting:
    def test_is_refused_outside_of_handlers(self, endpoint):
        with pytest.raises(EmitHandlerError) as caught:
            endpoint.refuse_to_broadcast("say", "/chat")
        assert (caught.value.event, caught.value.path) == ("say", "/chat")

    @ANYWHERE
    def test_is_allowed_there_by_a_setting(self, endpoint):
        endpoint.refuse_to_broadcast("say", "/chat")

    async def test_is_allowed_in_handlers(self, endpoint, client):
        done = []

        async def say():
            endpoint.refuse_to_broadcast("said", "/chat")
            done.append(1)

        endpoint.dispatcher.register(say)
        await client.send("say")
        assert done == [1]


class TestAuthorize:
    async def test_by_default_lets_everyone_in(self, endpoint):
        assert await endpoint.is_authorized(MemoryClient(endpoint).connection) is True

    @pytest.mark.parametrize("answer", [True, False, 1, 0, None, "yes", ""], ids=repr)
    @pytest.mark.parametrize("kind", ["sync", "async", "awaitable"])
    async def test_decides_by_its_answer(self, kind, answer):
        async def coroutine(socket):
            return answer

        def awaitable(socket):
            return coroutine(socket)

        authorize = {"sync": lambda socket: answer, "async": coroutine, "awaitable": awaitable}
        endpoint = endpoint_at("/authorize", authorize=authorize[kind])
        assert await endpoint.is_authorized(MemoryClient(endpoint).connection) is bool(answer)

    async def test_is_asked_with_the_socket(self):
        seen = []
        endpoint = endpoint_at("/authorize", authorize=seen.append)
        connection = MemoryClient(endpoint).connection
        await endpoint.is_authorized(connection)
        assert seen == [connection.socket]

    async def test_may_block_when_it_is_sync(self):
        threads = []
        endpoint = endpoint_at("/authorize", authorize=lambda socket: threads.append(threading.get_ident()))
        await endpoint.is_authorized(MemoryClient(endpoint).connection)
        assert threads != [threading.get_ident()]

    async def test_runs_where_the_transport_says(self):
        calls = []

        async def run(call):
            calls.append("run")
            return call()

        endpoint = endpoint_at("/authorize", authorize=lambda socket: True)
        assert await endpoint.is_authorized(MemoryClient(endpoint).connection, run)
        assert calls == ["run"]

    @pytest.mark.parametrize("is_async", [True, False])
    async def test_that_stops_an_iteration_lets_nobody_in(self, is_async, caplog):
        def fail(socket):
            return next(iter([]))

        async def fail_later(socket):
            fail(socket)

        endpoint = endpoint_at("/authorize", authorize=fail_later if is_async else fail)
        assert await asyncio.wait_for(endpoint.is_authorized(MemoryClient(endpoint).connection), 5) is False
        assert len(caplog.records) == 1

    @pytest.mark.parametrize("decides", ["authorize", "authenticate"])
    async def test_is_not_asked_about_one_who_leaves_while_it_waits_for_a_thread(self, decides, caplog):
        asked, released = [], threading.Event()

        def ask(socket):
            asked.append(socket)
            released.wait(10)

        options = {decides: ask if decides == "authorize" else [ask]}
        endpoint = endpoint_of(WebSocket("/crowd", add_to_handlers=False, **options))
        clients = [MemoryClient(endpoint) for _ in range(MOST_THREADS + 2)]
        decisions = [asyncio.create_task(endpoint.is_authorized(client.connection)) for client in clients]
        await until(lambda: len(asked) == MOST_THREADS)
        clients[-2].transport.is_gone = True
        released.set()
        outcomes = await asyncio.gather(*decisions)
        assert len(asked) == MOST_THREADS + 1
        assert clients[-2].socket not in asked
        assert outcomes[-2] is False
        assert len(caplog.records) == (MOST_THREADS + 1 if decides == "authorize" else 0)

    @pytest.mark.parametrize("is_async", [True, False])
    async def test_that_fails_lets_nobody_in_and_is_logged(self, is_async, caplog):
        def fail(socket):
            raise LookupError("mine")

        async def fail_later(socket):
            fail(socket)

        endpoint = endpoint_at("/authorize", authorize=fail_later if is_async else fail)
        assert await endpoint.is_authorized(MemoryClient(endpoint).connection) is False
        [record] = caplog.records
        assert (record.name, record.levelname) == ("tornado_websockets", "ERROR")
        assert isinstance(record.exc_info[1], LookupError)
