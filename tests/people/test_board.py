"""Orders that the channel layer does not bring, between two processes in one that share a store."""

import asyncio
import threading
from contextlib import AsyncExitStack
from time import monotonic
from types import SimpleNamespace

import pytest
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.layers import BROKER, REFUSING
from tests.support.scripts import FORKS, run_script
from tests.support.waiting import turns, until
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.recovery.record import Entry, Record
from tornado_websockets.exceptions import PublishError
from tornado_websockets.people import board
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


async def test_that_no_thread_can_be_had_for_are_kept_by_who_gives_them_or_an_error(start, monkeypatch, caplog):
    keeping = board._Keeping()
    keeping._threads.finish(monotonic())
    monkeypatch.setattr(board, "_keeping", keeping)
    with settings():
        ws, store = start(), shared_store().store
        before = len(store.read(ORDERS).events)
        await asyncio.to_thread(ws.to(user=ADA).disconnect)
        assert len(store.read(ORDERS).events) == before + 1
        assert "An order is not in the store" not in caplog.text
        with pytest.raises(PublishError):
            await ws.to(user=ADA).disconnect()  # for which its event loop would have to stand
    assert "An order is not in the store (disconnect): RuntimeError('The process is ending" in caplog.text


#: A process with a store that says what it keeps.
PROCESS = """
import asyncio, atexit, ctypes, os, signal, sys, time, types

def give():
    try:
        ws.to(user=1).disconnect()
    except Exception as error:
        print(repr(error), repr(error.__cause__), flush=True)

if {is_late}:
    atexit.register(give)  # what was registered first is called last

import django
from django.conf import settings

here = sys.modules["here"] = types.ModuleType("here")
options = {{"STORE": "here.Waiting"}}
settings.configure(INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="here", TORNADO_WEBSOCKETS=options)
django.setup()
from tornado_websockets.core.handlers.workers import Workers
from tornado_websockets.store.memory import MemoryStore
from tornado_websockets.websocket import WebSocket

class Waiting(MemoryStore):
    waits = True

    def publish(self, *arguments):
        print("kept", flush=True)
        return super().publish(*arguments)

here.urlpatterns, here.Waiting = [], Waiting
ws = WebSocket("/chat")
give()
"""


def run_process(script="", *, is_late=False):
    """What it prints after it has given a first order; whatever goes on, it ends."""
    first, *rest = run_script(PROCESS.format(is_late=is_late) + script, are_warnings_errors=False).splitlines()
    assert first == "kept"
    return rest


def test_of_a_handler_that_goes_on_while_the_process_ends_are_kept():
    script = """
def handle():
    time.sleep(0.3)
    give()
    print("given", flush=True)

async def serve():
    Workers("handlers", 1, lambda call: call()).run(handle)
    await asyncio.sleep(0.1)

asyncio.run(serve())
"""
    assert run_process(script) == ["kept", "given"]


def test_that_are_given_when_the_store_is_asked_no_more_are_an_error():
    [said] = run_process(is_late=True)
    assert said.startswith("PublishError('disconnect', '/chat') StoreError('publish', 'The process is ending")


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_of_a_forked_process_are_kept(fork):
    script = f"""
child = {fork}
if child == 0:
    signal.alarm(10)
    give()
    os._exit(0)
os.waitpid(child, 0)
"""
    assert run_process(script) == ["kept"]
