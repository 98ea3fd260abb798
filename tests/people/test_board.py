"""Orders that the channel layer does not bring, between two processes in one that share a store."""

import asyncio
import threading
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.layers import BROKER, REFUSING
from tests.support.waiting import turns, until
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.recovery.record import Entry, Record
from tornado_websockets.exceptions import PublishError
from tornado_websockets.people.board import MOST_KEPT, ORDERS, THREADS, Board, BoardPace
from tornado_websockets.people.sharing import shared_store
from tornado_websockets.store import current
from tornado_websockets.store.memory import MemoryStore
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket, endpoint_of

ADA = SimpleNamespace(pk=1, is_authenticated=True)


class KeptStore(MemoryStore):
    """One that all processes here share."""

    waits = True


class NonsenseStore(KeptStore):
    """One that answers nonsense first.

    :ivar answers: what it answers.
    """

    answers = (None, 7, Record("epoch", events=[None]), Record("epoch", events=None))

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.left = list(self.answers)

    def read(self, topic, with_events=True):
        return self.left.pop() if self.left else super().read(topic, with_events)


class BrokenStore(KeptStore):
    """One that keeps nothing."""

    def publish(self, topic, token, entries, keep):
        raise ConnectionError


def settings(store="KeptStore", layers=REFUSING):
    return override_settings(CHANNEL_LAYERS=layers, TORNADO_WEBSOCKETS={"STORE": f"{__name__}.{store}"})


@pytest.fixture
def start(key):
    """Starts what is another process to others."""
    looks = []

    def start(authorize=None):
        ws, hub = WebSocket(f"/ordered/{key}", add_to_handlers=False, authorize=authorize), Hub()
        endpoint_of(ws).hub = hub
        hub.publisher = Relay(hub, Encoder())
        own = Board(BoardPace(interval=0.02))
        looks.append(own)
        endpoint_of(ws).observers[-1] = own
        return ws

    yield start
    for own in looks:
        for _, task in own._looking.values():
            task.cancel()


async def is_looking(ws):
    """Return when the store was looked at once: what is there by then is old."""
    own = endpoint_of(ws).observers[-1]
    await until(lambda: own.looks)


async def test_work_though_the_layer_is_down(start):
    with settings():
        here, there = start(), start()
        async with Client(there.path, user=ADA, websocket=there) as client:
            await is_looking(there)
            await here.to(user=ADA).disconnect(4100)
            await until(lambda: client.close_code == 4100)


async def test_to_ask_again_work_too(start):
    answers = [True, False]
    with settings():
        here, there = start(), start(lambda socket: answers.pop(0))
        async with Client(there.path, user=ADA, websocket=there) as client:
            await is_looking(there)
            await here.arecheck(user=ADA)
            await until(lambda: client.close_code == 4403)


async def test_that_the_layer_has_brought_are_carried_out_once(start):
    with settings(layers=BROKER):
        here, there = start(), start()
        async with Client(there.path, user=ADA, websocket=there) as client:
            await is_looking(there)
            await here.to(user=ADA).disconnect(4100)
            await until(lambda: client.close_code == 4100)
        async with Client(there.path, user=ADA, websocket=there) as again:
            before = endpoint_of(there).observers[-1].looks
            await until(lambda: endpoint_of(there).observers[-1].looks > before + 2)
            assert again.close_code is None


async def test_that_come_by_the_hundred_take_few_threads(start):
    with settings():
        ws, store = start(), shared_store().store
        before = len(store.read(ORDERS).events)
        await asyncio.gather(*(ws.to(user=ADA).disconnect() for _ in range(100)))
        assert 0 < sum(thread.name.startswith("WebSocket order") for thread in threading.enumerate()) <= THREADS
        assert len(store.read(ORDERS).events) == before + 100


async def test_that_were_given_before_anybody_was_here_are_old(start):
    with settings():
        here, there = start(), start()
        await here.to(user=ADA).disconnect(4100)
        async with Client(there.path, user=ADA, websocket=there) as client:
            await until(lambda: endpoint_of(there).observers[-1].looks > 2)
            assert client.close_code is None


async def test_are_looked_for_once_however_many_websockets_have_a_history(key):
    with settings():
        own = Board(BoardPace(interval=1000))
        rooms = [WebSocket(f"/{key}/{number}", add_to_handlers=False, history=number) for number in range(3)]
        for ws in rooms:
            endpoint_of(ws).observers[-1] = own
        async with AsyncExitStack() as stack:
            for ws in rooms:
                await stack.enter_async_context(Client(ws.path, websocket=ws))
            await until(lambda: own.looks)
            await turns()
            assert own.looks == 1
            [(_, task)] = own._looking.values()
            task.cancel()


async def test_that_neither_the_layer_nor_the_store_has_taken_are_an_error(start):
    with settings("BrokenStore"):
        ws = start()
        with pytest.raises(PublishError) as raised:
            await ws.to(user=ADA).disconnect()
        assert (raised.value.event, raised.value.path) == ("disconnect", ws.path)
        assert isinstance(raised.value.__cause__, PublishError)
        with pytest.raises(PublishError):
            await asyncio.to_thread(ws.recheck, user=ADA)


async def test_work_as_soon_as_the_store_answers_no_nonsense_any_more(start, monkeypatch):
    monkeypatch.setattr(current, "keep_tests_to_memory", lambda: None)
    with settings("NonsenseStore"):
        here, there = start(), start()
        async with Client(there.path, user=ADA, websocket=there) as client:
            own = endpoint_of(there).observers[-1]
            await until(lambda: own.looks > len(NonsenseStore.answers))
            await here.to(user=ADA).disconnect(4100)
            await until(lambda: client.close_code == 4100)


async def test_work_beside_what_is_none(start):
    with settings():
        here, there = start(), start()
        async with Client(there.path, user=ADA, websocket=there) as client:
            await is_looking(there)
            texts = [
                "no JSON",
                "[" * 100_000,
                "7",
                "{}",
                '{"event":["disconnect"],"text":"{}"}',
                '{"event":"disconnect","text":7}',
            ]
            store = shared_store().store
            await asyncio.to_thread(store.publish, ORDERS, "token", [Entry(text) for text in texts], MOST_KEPT)
            await here.to(user=ADA).disconnect(4100)
            await until(lambda: client.close_code == 4100)


async def test_are_looked_for_by_one_alone_and_by_another_when_all_have_left(start):
    with settings():
        there = start()
        own = endpoint_of(there).observers[-1]
        for _ in range(2):
            async with Client(there.path, websocket=there):
                [(_, task)] = own._looking.values()
                async with Client(there.path, websocket=there):
                    assert list(own._looking.values()) == [(asyncio.get_running_loop(), task)]
            await until(task.done)
            assert not own._looking


async def test_are_looked_for_still_where_one_ends_that_another_has_taken_the_place_of(start):
    with settings():
        there = start()
        own, control = endpoint_of(there).observers[-1], endpoint_of(there).hub.control
        async with Client(there.path, websocket=there):
            loop, first = own._looking[control]
            later = loop.create_future()
            own._looking[control] = loop, later  # as where the loop of the first stood for a while
        await until(first.done)
        assert own._looking[control] == (loop, later)
        later.cancel()


async def test_without_a_store_the_layer_alone_counts(start):
    with override_settings(CHANNEL_LAYERS=REFUSING):
        ws = start()
        with pytest.raises(PublishError):
            await ws.to(user=ADA).disconnect()
