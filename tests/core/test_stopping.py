import asyncio
import threading
from functools import partial

import pytest

from tests.support.memory import MemoryClient
from tests.support.scripts import run_script
from tests.support.waiting import run_on_clock, turns, until
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.stopping import STANDSTILL_SECONDS, Stop, StopTimes, stop, stopping
from tornado_websockets.websocket import WebSocket, endpoint_of


class Interruptible(MemoryClient):
    """A client that is served by a task, as servers do it."""

    async def connect(self, accept=None):
        await super().connect(accept)
        self.transport.cancel_handler = self.cancel_handler
        self.events_to_handle = asyncio.Queue()
        self.serving = asyncio.create_task(self.serve())
        return self

    async def serve(self):
        try:
            while (event := await self.events_to_handle.get()) is not None:
                await self.send(event)
        finally:
            await self.leave()

    def cancel_handler(self):
        self.serving.cancel()


@pytest.fixture(autouse=True)
def process():
    """It goes on afterwards."""
    yield
    stopping.forget()


@pytest.fixture
def ws():
    return WebSocket("/stopping", add_to_handlers=False)


@pytest.fixture
def closed(ws):
    """What the ``close`` handler, which blocks, was called for."""
    closed = []

    def close(socket):
        closed.append(socket.id)

    ws.on(close)
    return closed


@pytest.fixture
async def client(ws):
    return await Interruptible(endpoint_of(ws), "/stopping").connect()


async def test_returns_at_once_where_nobody_is():
    assert await stop(hub.shard(), 0.0)


async def test_tells_clients_and_waits_for_their_close_handlers(client, closed):
    stopping = asyncio.create_task(stop(hub.shard()))
    await until(lambda: client.transport.sent)
    assert client.transport.sent == [Close(1001, "")]
    assert not stopping.done()
    client.events_to_handle.put_nowait(None)
    assert await stopping
    assert closed == [client.connection.id]


async def test_sends_first_what_was_under_way(ws, client):
    clients = [client, *[await Interruptible(endpoint_of(ws), "/stopping").connect() for _ in range(49)]]
    for number in range(100):
        hub.emit(Message("/stopping", str(number), f'{{"event": "{number}"}}'))
    stopping = asyncio.create_task(stop(hub.shard()))
    await until(lambda: all(Close(1001, "") in one.transport.sent for one in clients))
    for one in clients:
        one.events_to_handle.put_nowait(None)
    assert await stopping
    assert {tuple(one.events) for one in clients} == {tuple(map(str, range(100)))}


async def test_tells_those_too_that_come_meanwhile(ws, client, closed):
    stopping = asyncio.create_task(stop(hub.shard()))
    await until(lambda: client.transport.sent)
    late = await Interruptible(endpoint_of(ws), "/stopping").connect()
    await until(lambda: late.transport.sent)
    for one in (client, late):
        one.events_to_handle.put_nowait(None)
    assert await stopping


async def test_lets_a_handler_end(ws, client, closed):
    began, go_on, ended = asyncio.Event(), asyncio.Event(), []

    @ws.on
    async def work():
        began.set()
        await go_on.wait()
        ended.append(len(closed))

    client.events_to_handle.put_nowait("work")
    client.events_to_handle.put_nowait(None)
    await began.wait()
    stopping = asyncio.create_task(stop(hub.shard()))
    await until(lambda: client.transport.sent)
    go_on.set()
    assert await stopping
    assert (ended, len(closed)) == ([0], 1)


async def test_cancels_a_handler_that_does_not_end(ws, client, closed, caplog):
    began, cancelled = asyncio.Event(), []

    @ws.on
    async def work():
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(len(closed))
            raise

    client.events_to_handle.put_nowait("work")
    await began.wait()
    assert await stop(hub.shard(), 0.05)
    assert (cancelled, len(closed)) == ([0], 1)
    assert [record.getMessage() for record in caplog.records] == [
        "Stopping, although handlers are still running after 0.05 seconds"
    ]


async def test_runs_close_handlers_though_another_handler_blocks_their_thread(ws, client, closed):
    started, end, skipped = threading.Event(), threading.Event(), []

    @ws.on
    def work():
        started.set()
        end.wait(10)

    @ws.on
    def too_late():
        skipped.append(1)

    other = await Interruptible(endpoint_of(ws), "/stopping").connect()
    client.events_to_handle.put_nowait("work")
    await asyncio.to_thread(started.wait, 10)
    other.events_to_handle.put_nowait("too_late")
    assert await stop(hub.shard(), 0.05)
    assert len(closed) == 2
    end.set()
    await endpoint_of(ws).workers.run(int)
    assert skipped == []


async def test_says_when_a_close_handler_does_not_end(ws, client):
    go_on = asyncio.Event()

    @ws.on
    async def close():
        await go_on.wait()

    client.events_to_handle.put_nowait(None)
    assert not await stop(hub.shard(), 0.05, 0.05)
    go_on.set()
    await client.serving


class TestStop:
    @pytest.fixture
    def log(self):
        """What happened, in order."""
        return []

    def test_the_process_is_known_to_stop_before_anything_else_happens(self):
        async def test():
            Stop(hub.shard(), 1001, lambda: None)
            assert stopping.has_begun

        assert not stopping.has_begun
        asyncio.run(test())

    def test_everything_is_served_on_for_the_delay_then_the_port_closes_then_clients_are_told(self, ws, log):
        async def test(clock):
            client = await Interruptible(endpoint_of(ws), "/stopping").connect()
            stop = Stop(hub.shard(), 1012, lambda: log.append(list(client.transport.sent)), StopTimes(delay=3.0))
            telling = asyncio.create_task(stop.tell())
            await clock.forward(2.9)
            assert (log, client.transport.sent) == ([], [])
            await clock.forward(0.2)
            await telling
            assert log == [[]]
            assert client.transport.sent == [Close(1012, "retry=1000")]
            client.events_to_handle.put_nowait(None)
            assert await stop.end()

        run_on_clock(test)

    async def test_those_who_come_while_others_are_told_get_the_same_word(self, ws, client):
        stop = Stop(hub.shard(), 1001, lambda: None)
        await stop.tell()
        late = await Interruptible(endpoint_of(ws), "/stopping").connect()
        for one in (client, late):
            one.events_to_handle.put_nowait(None)
        assert await stop.end()
        assert late.transport.sent == client.transport.sent == [Close(1001, "retry=1000")]

    def test_handlers_and_drain_together_have_six_seconds(self, ws):
        async def test(clock):
            clients = [await Interruptible(endpoint_of(ws), "/stopping").connect() for _ in range(50)]
            stop = Stop(hub.shard(), 1001, lambda: None, StopTimes(drain=5.0))
            telling = asyncio.create_task(stop.tell())
            while not telling.done():
                await clock.forward(0.1)
            assert 0.9 < stop.patience <= 1.0
            for client in clients:
                client.events_to_handle.put_nowait(None)
            assert await stop.end()

        run_on_clock(test)

    async def test_in_a_hurry_nothing_is_waited_for_but_close_handlers(self, ws, client, closed):
        began = asyncio.Event()

        @ws.on
        async def work():
            began.set()
            await asyncio.Event().wait()

        client.events_to_handle.put_nowait("work")
        await began.wait()
        stop = Stop(hub.shard(), 1001, lambda: None, StopTimes(delay=600.0, drain=5.0, handlers=600.0, echo=0.0))
        telling = asyncio.create_task(stop.tell())
        await turns()
        assert not telling.done()
        stop.hurry()
        await telling
        assert await stop.end()
        assert closed == [client.connection.id]

    def test_a_signal_that_comes_twice_at_once_is_one(self):
        async def test(clock):
            stop = Stop(hub.shard(), 1001, lambda: None, StopTimes(delay=600.0))
            telling = asyncio.create_task(stop.tell())
            stop.hurry()
            await clock.forward(1.1)
            assert not telling.done()
            stop.hurry()
            await telling

        run_on_clock(test)

    def test_a_client_that_takes_what_was_sent_to_it_before_is_waited_for(self, ws):
        async def test(clock):
            client = await Interruptible(endpoint_of(ws), "/stopping").connect()
            client.transport.hold()
            for number in range(5):
                client.connection.socket.emit(str(number))
            stop = Stop(hub.shard(), 1012, lambda: None)
            await stop.tell()
            hearing = asyncio.create_task(stop.heard())
            for _ in range(5):
                await clock.forward(STANDSTILL_SECONDS - 0.2)
                assert not hearing.done()
                client.transport.take(1)
            client.transport.release()
            await clock.forward(0.1)
            await hearing
            assert client.transport.sent[-1] == Close(1012, "retry=1000")
            client.events_to_handle.put_nowait(None)
            assert await stop.end()

        run_on_clock(test)

    def test_one_that_takes_nothing_is_waited_for_a_second(self, ws):
        async def test(clock):
            client = await Interruptible(endpoint_of(ws), "/stopping").connect()
            client.transport.hold()
            client.connection.socket.emit("something")
            stop = Stop(hub.shard(), 1012, lambda: None)
            await stop.tell()
            hearing = asyncio.create_task(stop.heard())
            await clock.forward(STANDSTILL_SECONDS - 0.1)
            assert not hearing.done()
            await clock.forward(0.2)
            await hearing
            client.events_to_handle.put_nowait(None)
            assert await stop.end()

        run_on_clock(test)

    @pytest.mark.parametrize("is_late", [False, True])
    def test_who_is_about_to_connect_gets_an_answer(self, ws, is_late):
        async def test(clock):
            client = Interruptible(endpoint_of(ws), "/stopping")
            assert client.connection.admit() is None
            stop = Stop(hub.shard(), 1012, lambda: None)
            await stop.tell()
            hearing = asyncio.create_task(stop.heard())
            await clock.forward(STANDSTILL_SECONDS + 0.1 if is_late else 0.1)
            assert hearing.done() == is_late
            assert client.transport.cancellations == is_late
            await client.connect()
            await clock.forward(0.1)
            await hearing
            assert client.transport.sent == [Close(1012, "retry=1000")]
            client.events_to_handle.put_nowait(None)
            await client.serving
            assert await stop.end()

        run_on_clock(test)

    async def test_clients_are_told_though_the_port_cannot_be_closed(self, client, caplog):
        def close_port():
            raise OSError("no such port")

        stop = Stop(hub.shard(), 1001, close_port)
        await stop.tell()
        assert client.transport.sent == [Close(1001, "retry=1000")]
        client.events_to_handle.put_nowait(None)
        assert await stop.end()
        assert [record.exc_info[0] for record in caplog.records] == [OSError]


def test_a_forked_process_is_not_stopping():
    script = (
        "import os\n"
        "from tornado_websockets.core.stopping import stopping\n"
        "stopping.begin()\n"
        "child = os.fork()\n"
        "if child == 0:\n    os._exit(stopping.has_begun)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), stopping.has_begun)\n"
    )
    assert run_script(script).split() == ["0", "True"]


async def test_what_ends_before_clients_are_told_ends_together(client):
    ended, met = [], asyncio.Barrier(2)

    async def meet():
        await met.wait()
        ended.append(client.transport.sent.copy())

    shard = hub.shard()
    shard.endings |= {meet, partial(meet)}
    stop = Stop(shard, 1001, lambda: None)
    await stop.tell()
    assert ended == [[], []]
    client.events_to_handle.put_nowait(None)
    await stop.end()
