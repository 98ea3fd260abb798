import asyncio
import contextvars
import sys
from types import SimpleNamespace

import pytest

from channels_bridge.transports.asgi import AsgiTransport
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.inbox import MAX_WAITING
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.eager import start
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED, Offer

TEXT = {"type": "websocket.receive", "text": "hi"}
END = {"type": "websocket.disconnect", "code": 1000}


@pytest.fixture
def sent():
    return []


@pytest.fixture
def incoming():
    return asyncio.Queue()


@pytest.fixture
async def transport(incoming, sent):
    async def send(message):
        sent.append(message)

    return AsgiTransport(incoming.get, send)


def failing(error):
    """A transport whose server raises that."""

    async def send(message):
        raise error

    return AsgiTransport(asyncio.Queue().get, send)


class Reader:
    """A connection as a transport sees it."""

    def __init__(self, answers=(), offer=NOTHING_OFFERED):
        self.offer = offer
        self.closed = self.is_long_gone = False
        self.lost = 0
        self.offered = []
        self._answers = answers

    def on_lost(self):
        self.lost += 1

    def answer_at_once(self, message):
        self.offered.append(message)
        return message in self._answers


class TestSending:
    async def test_speaks_asgi(self, transport, sent):
        await transport.accept()
        await transport.send("hi")
        await transport.close(4000, "bye")
        assert sent == [
            {"type": "websocket.accept"},
            {"type": "websocket.send", "text": "hi"},
            {"type": "websocket.close", "code": 4000, "reason": "bye"},
        ]

    async def test_refuses_a_handshake_by_closing(self, transport, sent):
        await transport.refuse()
        assert sent == [{"type": "websocket.close"}]

    @pytest.mark.parametrize("call", ["accept", "refuse", "send", "close"])
    async def test_tells_that_the_client_has_gone(self, call):
        arguments = {"send": ["hi"], "close": [4000, ""]}.get(call, [])
        error = ConnectionResetError("gone")
        with pytest.raises(ClientGone) as caught:
            await getattr(failing(error), call)(*arguments)
        assert caught.value.__cause__ is error

    async def test_lets_a_fault_be_one(self):
        with pytest.raises(ZeroDivisionError):
            await failing(ZeroDivisionError()).send("hi")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no task can begin at once")
class TestSendingThroughAMiddleware:
    @pytest.fixture
    def seen(self):
        return []

    @pytest.fixture
    async def transport(self, incoming, seen):
        depth = contextvars.ContextVar("depth", default=0)

        async def send(message):
            token = depth.set(depth.get() + 1)
            async with asyncio.timeout(10):  # which asks for a task of its own
                await asyncio.sleep(0)
            depth.reset(token)  # in the context that it was set in
            seen.append(message["text"])

        return AsgiTransport(incoming.get, send, is_wrapped=True)

    async def test_is_done_in_a_task(self, transport, seen):
        rests = []
        asyncio.get_running_loop().call_soon(lambda: rests.append(start(transport.send("hi"))))  # from no task
        await until(lambda: seen)
        await rests[0]
        assert seen == ["hi"]

    async def test_is_over_at_once_where_it_need_not_wait(self, incoming):
        seen = []

        async def send(message):
            seen.append(message["text"])

        assert start(AsgiTransport(incoming.get, send, is_wrapped=True).send("hi")) is None
        assert seen == ["hi"]

    async def test_keeps_its_context_though_another_task_ends_it(self, transport, seen):
        rest = start(transport.send("hi"))

        async def end():
            await rest

        await asyncio.create_task(end())
        assert seen == ["hi"]

    async def test_is_cancelled_with_whoever_waits(self):
        cancelled = []

        async def send(message):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        sending = asyncio.ensure_future(AsgiTransport(print, send, is_wrapped=True).send("hi"))
        await turns()
        sending.cancel()
        await asyncio.wait([sending])
        assert cancelled == [True]


class TestReceiving:
    async def test_goes_on_until_the_client_has_gone(self, transport, incoming):
        incoming.put_nowait(TEXT)
        incoming.put_nowait(END)
        assert [await transport.receive(), await transport.receive()] == ["hi", None]

    @pytest.mark.parametrize(
        ("message", "content"),
        [
            ({"text": None, "bytes": b"x"}, b"x"),
            ({"bytes": b"x"}, b"x"),
            ({"text": "x", "bytes": None}, "x"),
            ({"text": ""}, ""),
            ({"bytes": b""}, b""),
        ],
        ids=repr,
    )
    async def test_takes_either_form_of_a_message(self, transport, incoming, message, content):
        incoming.put_nowait({"type": "websocket.receive", **message})
        assert await transport.receive() == content

    async def test_is_over_once_it_was_aborted(self, transport, incoming):
        incoming.put_nowait(TEXT)
        transport.abort(4008)
        assert await transport.receive() is None

    async def test_ends_when_it_is_aborted(self, incoming, sent):
        transports = []

        async def serve():
            async def send(message):
                sent.append(message)

            transports.append(AsgiTransport(incoming.get, send))
            result = await transports[0].receive()
            await transports[0].finish()
            return result, asyncio.current_task().cancelling()

        serving = asyncio.create_task(serve())
        await turns()
        transports[0].abort(4008)
        transports[0].abort(4009)
        assert await asyncio.wait_for(serving, 10) == (None, 0)
        assert sent == [{"type": "websocket.close", "code": 4008, "reason": ""}]

    async def test_can_be_cancelled_by_the_server(self, incoming):
        async def serve():
            await AsgiTransport(incoming.get, print).receive()

        serving = asyncio.create_task(serve())
        await turns()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    async def test_can_be_cancelled_by_the_server_though_it_was_aborted(self, incoming):
        transports = []

        async def serve():
            transports.append(AsgiTransport(incoming.get, print))
            await transports[0].receive()

        serving = asyncio.create_task(serve())
        await turns()
        transports[0].abort(4008)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


class TestFinishing:
    async def test_closes_only_what_was_aborted(self, transport, sent):
        await transport.finish()
        assert sent == []

    async def test_is_no_error_when_the_client_has_gone(self, caplog):
        transport = failing(ConnectionResetError())
        transport.abort(4008)
        await transport.finish()
        assert caplog.records == []

    async def test_logs_a_fault(self, caplog):
        transport = failing(ZeroDivisionError())
        transport.abort(4008)
        await transport.finish()
        assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]

    async def test_hides_the_token_of_whom_a_fault_is_about(self, caplog):
        transport = failing(ZeroDivisionError("the secret"))
        transport.begin(Reader(offer=Offer("the secret", secrets=["the secret"])))
        transport.abort(4008)
        transport.end()
        await transport.finish()
        assert "ZeroDivisionError: <token>" in caplog.text
        assert "the secret" not in caplog.text

    async def test_waits_no_longer_than_it_may_for_a_close_frame_that_hangs(self):
        async def send(message):
            await asyncio.Event().wait()

        transport = AsgiTransport(print, send)
        transport.abort(4008)
        await transport.finish(seconds=0.02)


class Probing(AsgiTransport):
    """Counts how often it has looked for the client's socket."""

    def __init__(self, *arguments, waits):
        super().__init__(*arguments)
        self.probes, self._waits = 0, waits

    def has_more(self):
        return self._waits

    def _probe(self):
        self.probes += 1


class TestProbing:
    """Whether something is sent to find out that a client has left, whose end is behind what is not read."""

    @staticmethod
    def probed(incoming, *, waits, closed=False):
        transport = Probing(incoming.get, None, waits=waits)
        transport.begin(Reader())
        transport._connection.closed = closed
        transport.read_on_if_late()
        return transport

    async def test_is_done_while_something_waits_behind_what_is_handled(self, incoming):
        transport = self.probed(incoming, waits=True)
        assert transport.probes == 1
        transport.end()

    @pytest.mark.parametrize(("waits", "closed"), [(False, False), (True, True)])
    async def test_is_not_done_where_nothing_waits_nor_once_it_is_closed(self, incoming, waits, closed):
        transport = self.probed(incoming, waits=waits, closed=closed)
        assert transport.probes == 0
        transport.end()

    async def test_is_not_done_while_all_is_read_ahead(self, incoming):
        transport = self.probed(incoming, waits=False)
        transport.read_on_if_late()
        transport.read_on_if_late()
        assert transport.probes == 0
        for _ in range(MAX_WAITING):
            incoming.put_nowait(TEXT)
        await until(incoming.empty)
        transport.read_on_if_late()
        assert transport.probes == 1
        transport.end()


class TestReadingAhead:
    """What is read while a handler runs."""

    @pytest.fixture
    async def busy(self, transport):
        """A transport whose consumer is at work."""
        transport.begin(Reader(answers=["ping"]))
        yield transport
        transport.end()

    @staticmethod
    def look_twice(transport):
        for _ in range(2):  # once to see that it has not received since the last time
            transport.read_on_if_late()

    async def test_begins_when_a_handler_runs_at_two_looks_in_a_row(self, busy, incoming):
        incoming.put_nowait(TEXT)
        busy.read_on_if_late()
        await turns()
        assert incoming.qsize() == 1
        busy.read_on_if_late()
        await until(incoming.empty)
        assert await busy.receive() == "hi"

    async def test_does_not_begin_while_the_consumer_receives(self, busy, incoming):
        receiving = asyncio.ensure_future(busy.receive())
        await turns()
        self.look_twice(busy)
        incoming.put_nowait(TEXT)
        assert await receiving == "hi"

    async def test_begins_at_once_where_that_is_wanted(self, busy, incoming):
        incoming.put_nowait(TEXT)
        busy.read_on()
        await until(incoming.empty)
        assert await busy.receive() == "hi"

    async def test_that_is_wanted_needs_no_beginning_while_the_consumer_receives(self, busy, incoming):
        receiving = asyncio.ensure_future(busy.receive())
        await turns()
        busy.read_on()
        incoming.put_nowait(TEXT)
        assert await receiving == "hi"

    async def test_does_not_begin_where_nobody_is_served(self, transport, incoming):
        transport.read_on()
        incoming.put_nowait(TEXT)
        await turns()
        assert incoming.qsize() == 1

    async def test_offers_what_comes_behind_a_message_that_is_about_to_be_taken(self, busy, incoming):
        busy.read_on()
        receiving = asyncio.ensure_future(busy.receive())
        await turns()
        for text in ("hi", "ping"):  # in one go: the consumer has not begun with the first
            incoming.put_nowait({"type": "websocket.receive", "text": text})
        assert await receiving == "hi"
        await turns()
        assert busy._connection.offered == ["ping"]
        assert incoming.empty()

    async def test_notices_a_client_that_leaves(self, busy, incoming):
        self.look_twice(busy)
        incoming.put_nowait(END)
        await until(lambda: busy._connection.lost)
        assert await busy.receive() is None

    @pytest.mark.parametrize("is_reading", [True, False])
    async def test_keeps_nothing_of_a_client_that_has_left_a_while_ago(self, busy, incoming, is_reading):
        for message in (TEXT, TEXT):
            incoming.put_nowait(message)
        if is_reading:
            busy.read_on()
            await until(incoming.empty)
        busy._connection.is_long_gone = True
        self.look_twice(busy)
        await until(incoming.empty)
        for message in (TEXT, END):
            incoming.put_nowait(message)
        assert await busy.receive() is None

    async def test_leaves_out_what_is_answered_at_once(self, busy, incoming):
        self.look_twice(busy)
        for text in ("ping", "hi"):
            incoming.put_nowait({"type": "websocket.receive", "text": text})
        await until(lambda: len(busy._connection.offered) == 2)
        assert await busy.receive() == "hi"

    async def test_offers_nothing_while_no_handler_runs(self, busy, incoming):
        self.look_twice(busy)
        receiving = asyncio.ensure_future(busy.receive())
        await turns()
        incoming.put_nowait({"type": "websocket.receive", "text": "ping"})
        assert await receiving == "ping"
        assert busy._connection.offered == []

    async def test_queues_what_a_connection_without_such_answers_gets(self, transport, incoming):
        transport.begin(SimpleNamespace(offer=NOTHING_OFFERED, closed=False, is_long_gone=False))
        self.look_twice(transport)
        incoming.put_nowait(TEXT)
        await until(incoming.empty)
        assert await transport.receive() == "hi"
        transport.end()
