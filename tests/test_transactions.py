import asyncio
import gc
import json
import threading
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction
from django.test import override_settings
from django.utils.connection import ConnectionDoesNotExist

from channels_bridge.relay.messages import NOTES, RELAY
from channels_bridge.relay.publisher import Relay
from tests.support.databases import database_in
from tests.support.layers import BROKER, IN_MEMORY, REFUSING
from tests.support.memory import MemoryClient
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.encoding import encoder
from tornado_websockets.exceptions import PublishError
from tornado_websockets.websocket import WebSocket, endpoint_of


class Undo(Exception):
    """Rolls a transaction back."""


@contextmanager
def undone():
    """A transaction that is rolled back at the end."""
    with suppress(Undo), transaction.atomic():
        yield
        raise Undo


@pytest.fixture(autouse=True)
def a_database(tmp_path):
    with database_in(tmp_path):
        yield


@pytest.fixture
def hub():
    """A process without clients, which has a way out."""
    hub = Hub()
    hub.publisher = relay = Relay(hub, encoder)
    yield hub
    relay._thread.stop()


@pytest.fixture
def layer():
    with override_settings(CHANNEL_LAYERS=BROKER):
        yield get_channel_layer()


@pytest.fixture
def refusing():
    with override_settings(CHANNEL_LAYERS=REFUSING):
        yield


@pytest.fixture
def ws(hub):
    ws = WebSocket("/publication", add_to_handlers=False)
    endpoint_of(ws).hub = hub
    return ws


def events(layer):
    return [json.loads(text)["event"] for text in layer.texts]


def in_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


class TestPublishing:
    def test_returns_when_the_layer_has_taken_it(self, ws, layer):
        ws.publish("say", {"text": "hi"})
        assert layer.texts == ['{"event":"say","data":{"text":"hi"}}']

    def test_sends_to_the_group_of_the_path(self, ws, layer):
        ws.publish("say")
        [(group, message)] = layer.named("group_send")
        assert group == ws.group_name
        assert message["path"] == "/publication"

    def test_keeps_its_order(self, ws, layer):
        for number in range(20):
            ws.publish(f"event{number}")
        assert events(layer) == [f"event{number}" for number in range(20)]

    def test_works_in_a_thread(self, ws, layer):
        in_thread(lambda: ws.publish("say"))
        assert events(layer) == ["say"]

    async def test_works_in_async_code(self, ws, layer):
        await ws.publish("one")
        await ws.apublish("two")
        assert events(layer) == ["one", "two"]

    async def test_needs_no_await(self, ws, layer):
        ws.publish("one")
        ws.apublish("two")
        await ws.publish("three")
        assert events(layer) == ["one", "two", "three"]

    async def test_may_be_a_task(self, ws, layer):
        await asyncio.create_task(ws.publish("one"))
        async with asyncio.TaskGroup() as group:
            group.create_task(ws.apublish("two"))
        assert events(layer) == ["one", "two"]

    async def test_may_be_a_task_that_is_cancelled(self, ws, layer):
        layer.is_hanging = True
        task = asyncio.create_task(ws.publish("one"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_may_be_a_task_that_fails(self, ws, refusing):
        with pytest.raises(PublishError):
            await asyncio.create_task(ws.apublish("one"))

    async def test_works_in_sync_code_below_async_code(self, ws, layer):
        await sync_to_async(ws.publish)("say")
        assert events(layer) == ["say"]

    def test_works_in_async_code_below_sync_code(self, ws, layer):
        async_to_sync(ws.apublish)("say")
        assert events(layer) == ["say"]

    @pytest.mark.parametrize("layers", [{}, IN_MEMORY], ids=["none", "in memory"])
    def test_is_done_at_once_where_nobody_is_elsewhere(self, ws, layers):
        with override_settings(CHANNEL_LAYERS=layers):
            ws.publish("say")

    async def test_can_be_awaited_where_nobody_is_elsewhere(self, ws):
        await ws.publish("say")

    def test_works_without_a_publisher(self, ws, hub):
        hub.publisher = None
        ws.publish("say")

    async def test_without_a_publisher_can_be_awaited(self, ws, hub):
        hub.publisher = None
        await ws.publish("say")

    async def test_serves_the_clients_of_this_process(self, ws):
        client = await MemoryClient(endpoint_of(ws), ws.path).connect()
        await ws.publish("say", "hi")
        assert client.received == [{"event": "say", "data": {"message": "hi"}}]
        await client.leave()


class TestFailing:
    def test_raises_what_event_and_path_were_refused(self, ws, refusing):
        with pytest.raises(PublishError) as caught:
            ws.publish("say")
        assert (caught.value.event, caught.value.path) == ("say", "/publication")

    def test_raises_from_the_error_of_the_layer(self, ws, refusing):
        with pytest.raises(PublishError) as caught:
            ws.publish("say")
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)

    async def test_raises_where_it_is_awaited(self, ws, refusing):
        with pytest.raises(PublishError):
            await ws.publish("say")
        with pytest.raises(PublishError):
            await ws.apublish("say")

    async def test_is_silent_where_it_is_not_awaited(self, ws, refusing, caplog):
        ws.publish("say")
        with pytest.raises(PublishError):
            await ws.publish("again")
        gc.collect()
        assert "never retrieved" not in caplog.text

    async def test_raises_in_sync_code_below_async_code(self, ws, refusing):
        with pytest.raises(PublishError):
            await sync_to_async(ws.publish)("say")

    async def test_serves_the_clients_of_this_process_even_so(self, ws, refusing):
        client = await MemoryClient(endpoint_of(ws), ws.path).connect()
        with pytest.raises(PublishError):
            await ws.publish("say")
        assert client.events == ["say"]
        await client.leave()

    def test_is_logged(self, ws, refusing, caplog):
        with pytest.raises(PublishError):
            ws.publish("say")
        assert "The channel layer takes no messages" in caplog.text


class TestInATransaction:
    def test_waits_for_the_commit(self, ws, layer):
        with transaction.atomic():
            ws.publish("say")
            assert events(layer) == []
        assert events(layer) == ["say"]

    def test_sends_nothing_when_it_is_rolled_back(self, ws, layer):
        with undone():
            ws.publish("say")
        ws.publish("later")
        assert events(layer) == ["later"]

    def test_sends_nothing_when_it_is_marked_for_rollback(self, ws, layer):
        with transaction.atomic():
            ws.publish("say")
            transaction.set_rollback(True)
        assert events(layer) == []

    def test_waits_for_the_outermost_commit(self, ws, layer):
        with transaction.atomic():
            with transaction.atomic():
                ws.publish("say")
            assert events(layer) == []
        assert events(layer) == ["say"]

    def test_sends_nothing_of_a_savepoint_that_is_rolled_back(self, ws, layer):
        with transaction.atomic():
            ws.publish("before")
            with undone():
                ws.publish("undone")
            ws.publish("after")
        assert events(layer) == ["before", "after"]

    def test_does_not_wait_when_told_so(self, ws, layer):
        with transaction.atomic():
            ws.publish("say", on_commit=False)
            assert events(layer) == ["say"]
        assert events(layer) == ["say"]

    def test_keeps_the_data_of_the_moment(self, ws, layer):
        data = {"text": "then"}
        with transaction.atomic():
            ws.publish("say", data)
            data["text"] = "now"
        assert json.loads(layer.texts[0])["data"] == {"text": "then"}

    def test_raises_for_bad_data_at_once(self, ws, layer):
        with transaction.atomic(), pytest.raises(TypeError):
            ws.publish("say", {"value": object()})

    def test_does_not_wait_for_transactions_of_other_threads(self, ws, layer):
        with transaction.atomic():
            in_thread(lambda: ws.publish("say"))
            assert events(layer) == ["say"]

    def test_waits_in_a_thread_for_the_threads_own(self, ws, layer):
        seen = []

        def work():
            with transaction.atomic():
                ws.publish("say")
                seen.append(events(layer))
            seen.append(events(layer))
            connections.close_all()

        in_thread(work)
        assert seen == [[], ["say"]]

    async def test_waits_in_sync_code_below_async_code(self, ws, layer):
        seen = []

        def work():
            with transaction.atomic():
                ws.publish("say")
                seen.append(events(layer))
            connections.close_all()

        await sync_to_async(work)()
        assert seen == [[]]
        assert events(layer) == ["say"]

    def test_waits_in_async_code_below_sync_code(self, ws, layer):
        with undone():
            async_to_sync(ws.apublish)("say")
        assert events(layer) == []

    def test_that_fails_after_the_commit_does_not_undo_it(self, ws, refusing, caplog):
        done = []
        with transaction.atomic():
            ws.publish("say")
            transaction.on_commit(lambda: done.append(1))
        assert done == [1]
        assert "The channel layer takes no messages" in caplog.text

    async def test_can_be_awaited(self, ws, layer):
        def work():
            with transaction.atomic():
                return ws.publish("say")

        await (await sync_to_async(work)())
        await sync_to_async(connections.close_all)()
        assert events(layer) == ["say"]

    @pytest.fixture
    def other(self, tmp_path):
        """The alias of another database."""
        connections.settings["other"] = {
            **deepcopy(connections.settings["default"]),
            "NAME": tmp_path / "other.sqlite3",
        }
        yield "other"
        connections["other"].close()
        del connections["other"]
        del connections.settings["other"]

    def test_waits_for_the_commits_of_all_databases(self, ws, layer, other):
        with transaction.atomic(using=other):
            with transaction.atomic():
                ws.publish("say")
            assert events(layer) == []
        assert events(layer) == ["say"]

    @pytest.mark.parametrize("undone", ["outer", "inner"])
    @pytest.mark.parametrize("outer", ["default", "other"])
    def test_is_dropped_by_a_rollback_of_any(self, ws, layer, other, outer, undone):
        inner = "default" if outer == other else other
        with transaction.atomic(using=outer):
            with transaction.atomic(using=inner):
                ws.publish("say")
                transaction.set_rollback(undone == "inner", using=inner)
            transaction.set_rollback(undone == "outer", using=outer)
        assert events(layer) == []


class TestOrders:
    """To close the connections of a user, and to ask again whether they may stay."""

    @pytest.fixture(params=["disconnect", "recheck"])
    def order(self, request, ws):
        return ws.to(user=1).disconnect if request.param == "disconnect" else partial(ws.recheck, user=1)

    def test_wait_for_the_commit_behind_what_was_sent_before(self, ws, layer, order):
        with transaction.atomic():
            ws.publish("bye")
            order()
            assert layer.named("group_send") == []
        assert [message["type"] for _, message in layer.named("group_send")] == [RELAY, NOTES]

    def test_are_not_given_where_that_is_rolled_back(self, layer, order):
        with undone():
            order()
        assert layer.named("group_send") == []

    def test_that_the_layer_does_not_take_are_an_error(self, refusing, order):
        with pytest.raises(PublishError):
            order()

    async def test_that_the_layer_does_not_take_are_an_error_where_they_are_awaited(self, refusing, order):
        with pytest.raises(PublishError):
            await order()

    async def test_wait_for_the_commit_of_sync_code_above(self, layer, order):
        def view():
            with transaction.atomic():
                async_to_sync(give)()
                assert layer.named("group_send") == []
            connections.close_all()
            assert len(layer.named("group_send")) == 1

        async def give():
            order()

        await asyncio.to_thread(view)


class TestEventLoops:
    def test_one_after_another_can_publish(self, ws, layer):
        asyncio.run(ws.apublish("one"))
        asyncio.run(ws.apublish("two"))
        assert events(layer) == ["one", "two"]

    def test_in_threads_at_the_same_time_can_publish(self, ws, layer):
        threads = [threading.Thread(target=lambda: asyncio.run(ws.apublish("say"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert events(layer) == ["say"] * 8


def test_an_unknown_database_is_no_way_around_a_transaction():
    with undone(), pytest.raises(ConnectionDoesNotExist):
        WebSocket("/transactions", add_to_handlers=False).publish("said", using="defualt")
