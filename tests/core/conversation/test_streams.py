import asyncio
import gc
import threading
import time
import weakref
from collections import Counter
from contextvars import ContextVar

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tests.support.memory import MemoryClient
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.conversation.steps import AHEAD
from tornado_websockets.core.conversation.threads import threads
from tornado_websockets.core.counters import counters
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.core.watching import on_handled
from tornado_websockets.exceptions import Refused
from tornado_websockets.websocket import WebSocket, endpoint_of

somewhere = ContextVar("somewhere", default="nowhere")


@pytest.fixture
def ws():
    return WebSocket("/test", add_to_handlers=False)


@pytest.fixture
async def client(ws):
    client = await MemoryClient(endpoint_of(ws)).connect()
    yield client
    await client.leave()
    await client.connection.fall_silent()


@pytest.fixture
def outcomes():
    """How handlers have ended, as those are told who want to know."""
    outcomes = []
    on_handled.append(lambda client, event, seconds, outcome: outcomes.append(outcome))
    yield outcomes
    on_handled.pop()


def replies(client, id=7):
    """What a frame was answered with so far."""
    return [
        {name: value for name, value in frame.items() if name not in ("event", "id")}
        for frame in client.received
        if frame["event"] == "reply" and frame["id"] == id
    ]


async def all_replies(client, id=7):
    """What a frame is answered with, to the end."""
    await until(lambda: replies(client, id) and "part" not in replies(client, id)[-1])
    return replies(client, id)


def code(client, id=7):
    return replies(client, id)[-1]["error"]["code"]


def register(ws, *, is_plain, closed):
    """Two handlers for the same: ``flow`` yields numbers for ever."""
    if is_plain:

        @ws.on
        def flow():
            try:
                yield from range(1_000_000)
            finally:
                closed.append(True)

    else:

        @ws.on
        async def flow():
            try:
                for number in range(1_000_000):
                    yield number
                    await asyncio.sleep(0)
            finally:
                closed.append(True)


either = pytest.mark.parametrize("is_plain", [False, True], ids=["async", "plain"])


class TestParts:
    async def test_may_be_anything_that_json_can_say(self, ws, client):
        values = [None, "</script>", 1.5, [1, {"a": None}], {}]

        @ws.on
        async def say():
            for value in values:
                yield value

        await client.send("say", id=7)
        assert await all_replies(client) == [*({"part": value} for value in values), {"data": {}}]
        assert "</" not in "".join(map(str, client.transport.sent))

    async def test_are_refused_without_an_id(self, ws, client):
        seen = []

        @ws.on
        async def say():
            seen.append(1)
            yield 1

        await client.send("say")
        await turns()
        assert [frame["data"]["code"] for frame in client.received] == ["missing_id"]
        assert seen == []

    async def test_come_of_what_a_decorated_generator_makes_too(self, ws, client):
        @ws.on_event("say")
        def decorated(data):
            def parts():
                yield data["n"]

            return parts()

        await client.send("say", {"n": 1}, id=7)
        assert await all_replies(client) == [{"part": 1}, {"data": {}}]
        await client.send("say", {"n": 1})
        await until(lambda: "warning" in client.events)

    async def test_stay_in_order_with_what_the_generator_emits(self, ws, client):
        @ws.on
        async def say(socket):
            socket.emit("first")
            yield 1
            socket.emit("second")
            yield 2

        await client.send("say", id=7)
        await all_replies(client)
        assert client.events == ["first", "reply", "second", "reply", "reply"]

    async def test_hold_up_no_later_event(self, ws, client):
        go_on = asyncio.Event()

        @ws.on
        async def say():
            await go_on.wait()
            yield 1

        @ws.on
        async def echo(data):
            return data

        await client.send("say", id=7)
        await client.send("echo", {"n": 2}, id=8)
        assert replies(client, 8) == [{"data": {"n": 2}}]
        go_on.set()
        assert await all_replies(client) == [{"part": 1}, {"data": {}}]

    async def test_let_a_handler_emit_to_all(self, ws, client):
        @ws.on
        async def say():
            ws.emit("said", {"n": 1})
            yield 1

        await client.send("say", id=7)
        await all_replies(client)
        assert client.events == ["said", "reply", "reply"]

    @either
    async def test_are_counted_as_a_handler_that_runs(self, ws, client, is_plain):
        before = counters.handlers_running
        register(ws, is_plain=is_plain, closed=[])
        await client.send("flow", id=7)
        await until(lambda: replies(client))
        assert counters.handlers_running == before + 1
        await client.send("tws.cancel", id=7)
        await all_replies(client)
        assert counters.handlers_running == before


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (Refused("enough", "No more.", most=1), {"code": "enough", "message": "No more.", "most": 1}),
            (PermissionDenied("secret"), {"code": "forbidden", "message": "This is not allowed."}),
            (
                ValidationError({"title": ["Too long."]}),
                {
                    "code": "invalid_data",
                    "message": "The data do not fit. title: Too long.",
                    "fields": [{"path": "title", "message": "Too long."}],
                },
            ),
            (RuntimeError("secret"), {"code": "handler_error", "message": "The handler of the event failed."}),
            (asyncio.CancelledError(), {"code": "handler_error", "message": "The handler of the event failed."}),
        ],
        ids=lambda value: type(value).__name__,
    )
    @either
    async def test_answer_as_those_of_handlers_do(self, ws, client, caplog, *, error, expected, is_plain):
        def plain():
            yield 1
            raise error

        async def awaiting():
            yield 1
            raise error

        ws.on_event("say")(plain if is_plain else awaiting)
        await client.send("say", id=7)
        assert await all_replies(client) == [{"part": 1}, {"error": expected}]
        failures = [record for record in caplog.records if record.levelname == "ERROR"]
        assert len(failures) == (expected["code"] == "handler_error")

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [(Refused("enough"), "refused"), (Refused("handler_error"), "refused"), (RuntimeError(), "failed")],
        ids=repr,
    )
    @pytest.mark.usefixtures("caplog")
    async def test_are_refusals_where_an_application_says_so(self, ws, client, outcomes, *, error, outcome):
        @ws.on
        def say():
            yield 1
            raise error

        await client.send("say", id=7)
        await all_replies(client)
        await until(lambda: outcomes)
        assert outcomes == [outcome]

    async def test_are_those_of_its_end_where_it_fails_there(self, ws, client, caplog, outcomes):
        @ws.on
        async def say():
            try:
                yield {1, 2}
            finally:
                raise Refused("handler_error")

        await client.send("say", id=7)
        await all_replies(client)
        await until(lambda: outcomes)
        assert outcomes == ["refused"]

    @either
    async def test_of_a_part_that_cannot_be_sent_close_the_generator(self, ws, client, is_plain, caplog):
        closed = []

        def plain():
            try:
                yield {1, 2}
            finally:
                closed.append(True)

        async def awaiting():
            try:
                yield {1, 2}
            finally:
                closed.append(True)

        ws.on_event("say")(plain if is_plain else awaiting)
        await client.send("say", id=7)
        await all_replies(client)
        assert (code(client), closed) == ("handler_error", [True])
        assert "not JSON serializable" in caplog.text


class TestLimits:
    async def test_are_eight_at_a_time_by_default(self, ws, client):
        register(ws, is_plain=False, closed=[])
        for number in range(9):
            await client.send("flow", id=number)
        assert code(client, 8) == "rate_limited"
        await client.send("tws.cancel", id=0)
        await all_replies(client, 0)
        await client.send("flow", id=9)
        await until(lambda: replies(client, 9))
        assert "part" in replies(client, 9)[0]

    async def test_are_a_setting(self, ws):
        register(ws, is_plain=False, closed=[])
        client = await MemoryClient(endpoint_of(ws), limits=Limits(max_streams=1)).connect()
        await client.send("flow", id=1)
        await client.send("flow", id=2)
        assert code(client, 2) == "rate_limited"
        await client.leave()

    async def test_refuse_an_id_in_use(self, ws, client):
        register(ws, is_plain=False, closed=[])
        await client.send("flow", id=7)
        await client.send("flow", id=7)
        await until(lambda: any("error" in reply for reply in replies(client)))
        [error] = [reply["error"] for reply in replies(client) if "error" in reply]
        assert error["code"] == "invalid_data"

    async def test_refuse_an_id_in_use_to_any_other_event(self, ws, client):
        register(ws, is_plain=False, closed=[])
        ws.on_event("say")(lambda: pytest.fail("It has an id in use."))
        await client.send("flow", id=7)
        await client.send("say", id=7)
        assert code(client) == "invalid_data"

    async def test_let_an_id_be_used_again_after_the_end(self, ws, client):
        @ws.on
        async def say():
            yield 1

        for _ in range(3):
            await client.send("say", id=7)
            count = len(replies(client))
            await until(lambda count=count: len(replies(client)) == count + 2)
        assert replies(client) == [{"part": 1}, {"data": {}}] * 3


class TestCancelling:
    @either
    async def test_closes_the_generator_before_it_is_answered(self, ws, client, is_plain):
        closed = []
        register(ws, is_plain=is_plain, closed=closed)
        await client.send("flow", id=7)
        await until(lambda: replies(client))
        await client.send("tws.cancel", id=7)
        await all_replies(client)
        assert (code(client), closed) == ("cancelled", [True])

    async def test_interrupts_what_an_async_generator_awaits(self, ws, client):
        closed = []

        @ws.on
        async def say():
            try:
                await asyncio.sleep(1000)
                yield 1
            finally:
                async with asyncio.timeout(5):  # works as ever
                    await asyncio.sleep(0)
                closed.append(True)

        await client.send("say", id=7)
        await turns()
        await client.send("tws.cancel", id=7)
        await all_replies(client)
        assert (code(client), closed) == ("cancelled", [True])

    async def test_waits_for_the_step_of_a_plain_generator(self, ws, client):
        begun, go_on, closed = threading.Event(), threading.Event(), []

        @ws.on
        def say():
            try:
                begun.set()
                go_on.wait(10)
                yield 1
            finally:
                closed.append(True)

        await client.send("say", id=7)
        await until(begun.is_set)
        await client.send("tws.cancel", id=7)
        await turns()
        assert replies(client) == []
        go_on.set()
        await all_replies(client)
        assert (code(client), closed) == ("cancelled", [True])

    async def test_ends_a_generator_that_will_not_be_interrupted(self, ws, client):
        @ws.on
        async def say():
            while True:
                try:
                    await asyncio.sleep(1000)
                except asyncio.CancelledError:
                    yield "never"

        await client.send("say", id=7)
        await turns()
        await client.send("tws.cancel", id=7)
        await all_replies(client)
        assert replies(client)[-1]["error"]["code"] == "cancelled"

    async def test_before_the_first_step_runs_nothing(self, ws, client):
        seen = []

        @ws.on
        async def say():
            seen.append(1)
            yield 1

        await client.send("say", id=7)
        await client.send("tws.cancel", id=7)
        await all_replies(client)
        assert (code(client), seen) == ("cancelled", [])

    async def test_reaches_what_waits_behind_a_handler(self, ws, client):
        seen, go_on = [], asyncio.Event()

        @ws.on
        async def wait():
            await go_on.wait()

        @ws.on
        async def say():
            seen.append(1)
            yield 1

        waiting = asyncio.create_task(client.send("wait"))
        await turns()
        cancel = '{"event": "tws.cancel", "id": 7}'
        assert not client.connection.answer_at_once(cancel)  # its own turn comes as well
        go_on.set()
        await waiting
        await client.send("say", id=7)
        assert (code(client), seen) == ("cancelled", [])
        await client.connection.received(cancel)
        await client.send("say", id=7)
        await until(lambda: replies(client)[-1] == {"data": {}})
        assert seen == [1]

    async def test_of_what_has_ended_is_passed_over(self, ws, client):
        await client.send("tws.cancel", id=7)
        assert client.received == []

    async def test_without_an_id_is_refused(self, ws, client):
        await client.send("tws.cancel")
        assert [frame["data"]["code"] for frame in client.received] == ["missing_id"]

    async def test_logs_what_goes_wrong_then(self, ws, client, caplog):
        @ws.on
        async def say():
            try:
                yield 1
            finally:
                raise RuntimeError("in the end")

        await client.send("say", id=7)
        await until(lambda: replies(client))
        await client.send("tws.cancel", id=7)
        if "error" not in replies(client)[-1]:
            await all_replies(client)
        assert "in the end" in caplog.text

    async def test_thousands_of_times_leaves_nothing_behind(self, ws, client):
        alive = weakref.WeakSet()

        @ws.on
        async def say():
            alive.add(asyncio.current_task())
            await asyncio.sleep(1000)
            yield 1

        @ws.on
        def say_plainly():
            yield 1

        tasks = len(asyncio.all_tasks())
        for number in range(2_000):
            await client.send("say" if number % 10 else "say_plainly", id=number)
            if number % 2:
                await asyncio.sleep(0)
            await client.send("tws.cancel", id=number)
            if number % 7 == 6:
                await client.connection.fall_silent()
            client.transport.sent.clear()
        await client.connection.fall_silent()
        await until(lambda: threads.is_idle and len(asyncio.all_tasks()) <= tasks)
        gc.collect()
        assert len(alive) == 0


class TestPace:
    @either
    async def test_is_that_of_the_line(self, ws, client, is_plain):
        taken = []

        def plain():
            for number in range(100):
                taken.append(number)
                yield number

        async def awaiting():
            for number in range(100):
                taken.append(number)
                yield number

        ws.on_event("say")(plain if is_plain else awaiting)
        client.transport.hold()
        await client.send("say", id=7)
        await until(lambda: taken)
        await asyncio.sleep(0.02)
        assert taken == [0]
        client.transport.take(3)
        await until(lambda: len(client.received) == 3)
        await asyncio.sleep(0.02)
        # A plain one goes one, two, then four steps at a time while nothing waits, as it may have seemed.
        assert taken == list(range(7))[: len(taken)] if is_plain else taken == [0, 1, 2, 3]
        client.transport.release()
        assert len(await all_replies(client)) == 101

    async def test_lets_others_have_their_turn(self, ws, client):
        @ws.on
        async def say():
            while True:
                yield 1  # which awaits nothing

        await client.send("say", id=7)
        await turns(3)  # the loop goes round
        await client.send("tws.cancel", id=7)
        await all_replies(client)


class TestLeaving:
    @either
    async def test_closes_the_generator(self, ws, is_plain):
        closed = []
        register(ws, is_plain=is_plain, closed=closed)
        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("flow", id=7)
        await until(lambda: replies(client))
        await client.leave()
        await until(lambda: closed)
        assert "error" not in replies(client)[-1]

    @either
    async def test_is_noticed_by_what_is_sent(self, ws, is_plain, caplog):
        closed = []
        register(ws, is_plain=is_plain, closed=closed)
        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("flow", id=7)
        await until(lambda: replies(client))
        client.transport.error = ClientGone()
        await until(lambda: closed)
        await client.leave()
        assert caplog.text == ""

    async def test_ends_what_waits_for_the_line(self, ws):
        closed = []
        register(ws, is_plain=False, closed=closed)
        client = await MemoryClient(endpoint_of(ws)).connect()
        client.transport.hold()
        await client.send("flow", id=7)
        await turns()
        await client.leave()
        await until(lambda: closed)

    async def test_counts_as_slow_only_while_its_line_takes_nothing(self, ws, monkeypatch):
        waiting, go_on = asyncio.Event(), asyncio.Event()

        async def keep_pace(connection):
            waiting.set()
            await go_on.wait()
            return 0.0

        monkeypatch.setattr(Connection, "keep_pace", keep_pace)
        register(ws, is_plain=False, closed=[])
        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("flow", id=7)
        await asyncio.wait_for(waiting.wait(), 10)
        (stream,) = client.connection.conversation.streams._running.values()
        await asyncio.sleep(0.01)
        assert stream.stalled == 0
        client.transport.hold()
        client.connection.write("x")
        await turns()
        assert stream.stalled >= 0.01
        client.transport.release()
        await client.leave()
        go_on.set()

    @pytest.mark.parametrize("way", ["end", "kick", "on_lost"])
    async def test_is_what_a_close_of_ours_is_too(self, ws, way):
        closed = []
        register(ws, is_plain=False, closed=closed)
        client = await MemoryClient(endpoint_of(ws)).connect()
        await client.send("flow", id=7)
        await until(lambda: replies(client))
        getattr(client.connection, way)(*{"end": [Close(4001, "")], "kick": [4001], "on_lost": []}[way])
        await until(lambda: closed)
        await client.leave()

    async def test_keeps_the_shard_from_being_empty_until_all_is_closed(self, ws):
        go_on = asyncio.Event()

        @ws.on
        async def say():
            try:
                await asyncio.sleep(1000)
                yield 1
            finally:
                await go_on.wait()

        client = await MemoryClient(endpoint_of(ws)).connect()
        shard = client.connection.shard
        await client.send("say", id=7)
        await turns()
        await client.leave()
        assert not shard.is_empty
        go_on.set()
        await until(lambda: shard.is_empty)


class TestPlainGenerators:
    async def test_stay_in_order_with_what_they_emit(self, ws, client):
        @ws.on
        def say(socket):
            for _ in range(100):
                socket.emit("first")
                yield 1
                ws.emit("second")
                yield 2

        await client.send("say", id=7)
        await all_replies(client)
        told = [frame.get("part", frame["event"]) for frame in client.received]
        assert told == ["first", 1, "second", 2] * 100 + ["reply"]

    async def test_have_one_thread_and_one_context_from_first_to_last(self, ws, client):
        seen = []

        @ws.on
        def say():
            try:
                for number in range(3):
                    seen.append((threading.get_ident(), somewhere.get()))
                    somewhere.set(number)
                    yield number
            finally:
                seen.append((threading.get_ident(), somewhere.get()))

        await client.send("say", id=7)
        await all_replies(client)
        assert [place for _, place in seen] == ["nowhere", 0, 1, 2]
        assert len({thread for thread, _ in seen}) == 1
        assert seen[0][0] != threading.get_ident()

    async def test_are_at_work_at_the_same_time(self, ws, client):
        together = threading.Barrier(3, timeout=10)

        @ws.on
        def say():
            yield together.wait()

        for number in range(3):
            await client.send("say", id=number)
        assert sorted([(await all_replies(client, number))[0]["part"] for number in range(3)]) == [0, 1, 2]

    async def test_are_no_obstacle_to_the_sync_handlers_of_the_same_path(self, ws, client):
        go_on = threading.Event()

        @ws.on
        def say():
            yield go_on.wait(10)

        @ws.on
        def echo(data):
            return data

        await client.send("say", id=7)
        await client.send("echo", {"n": 1}, id=8)
        assert replies(client, 8) == [{"data": {"n": 1}}]
        go_on.set()
        await all_replies(client)

    async def test_wait_for_one_to_end_when_there_are_too_many(self, ws):
        go_on, begun = threading.Event(), []

        @ws.on
        def say():
            begun.append(True)
            yield go_on.wait(10)

        crowd = [await MemoryClient(endpoint_of(ws), limits=Limits(max_streams=32)).connect() for _ in range(2)]
        for number in range(32):
            await crowd[0].send("say", id=number)
        await until(lambda: len(begun) == 32)
        await crowd[1].send("say", id=1)
        await crowd[1].send("say", id=2)
        await turns()
        await crowd[1].send("tws.cancel", id=1)
        await all_replies(crowd[1], 1)
        assert (code(crowd[1], 1), len(begun)) == ("cancelled", 32)
        began = time.monotonic()
        go_on.set()
        assert await all_replies(crowd[1], 2) == [{"part": True}, {"data": {}}]
        assert time.monotonic() - began < 5
        for client in crowd:
            await client.leave()
            await client.connection.fall_silent()
        await until(lambda: threads.is_idle)


@either
async def test_what_shows_others_what_goes_on_is_no_part_of_that(ws, client, is_plain):
    closed, handled = [], []
    register(ws, is_plain=is_plain, closed=closed)
    endpoint_of(ws).is_hidden = True
    client.transport.hold()
    on_handled.append(lambda client, event, seconds, outcome: handled.append(event))
    try:
        running = counters.handlers_running
        await client.send("flow", id=7)
        await until(lambda: client.transport.sending)
        seconds = counters.handler_seconds
        assert counters.handlers_running == running
        client.transport.release()
        await client.send("tws.cancel", id=7)
        await client.connection.fall_silent()
        assert closed == [True]
        assert (counters.handlers_running, counters.handler_seconds, handled) == (running, seconds, [])
    finally:
        on_handled.pop()


class TestTwoHundred:
    """At a time, in one process: eight of each of 25 clients."""

    @pytest.fixture
    async def crowd(self, ws):
        crowd = [await MemoryClient(endpoint_of(ws)).connect() for _ in range(25)]
        yield crowd
        for client in crowd:
            client.transport.release()
            await client.leave()
        for client in crowd:
            await client.connection.fall_silent()
        await until(lambda: threads.is_idle)

    async def begin(self, crowd):
        for id_ in range(8):
            for client in crowd:
                await client.send("flow", id=id_)

    async def test_async_ones_take_turns(self, ws, crowd):
        register(ws, is_plain=False, closed=[])
        await self.begin(crowd)
        begun, sent = Counter(), Counter()
        while max((sent - begun).values(), default=0) < 30:
            await asyncio.sleep(0)
            sent = Counter(each for client in crowd for each in ids_of(client))
            if len(begun) < 200:
                begun = sent
        assert min((sent - begun).values()) > 25

    async def test_plain_ones_hold_up_nobody(self, ws, crowd):
        register(ws, is_plain=True, closed=[])

        @ws.on
        async def echo(data):
            return data

        await self.begin(crowd)
        await until(lambda: sum(count > 50 for client in crowd for count in Counter(ids_of(client)).values()) == 32, 60)
        await crowd[0].send("echo", {"n": 1}, id="echo")
        await until(lambda: replies(crowd[0], "echo"), 1)
        assert replies(crowd[0], "echo") == [{"data": {"n": 1}}]

    async def test_plain_ones_are_never_far_ahead_of_the_line(self, ws, crowd):
        taken = {client.socket: [] for client in crowd}

        @ws.on
        def flow(socket):
            while True:
                taken[socket].append(1)
                yield "x" * 1000

        def ahead():
            return max(len(taken[client.socket]) - len(client.transport.sent) for client in crowd)

        await self.begin(crowd)
        while sum(len(client.transport.sent) for client in crowd) < 5_000:
            assert ahead() <= 8 * AHEAD.parts
            await asyncio.sleep(0)
        for client in crowd:
            client.transport.hold()
        for _ in range(100):
            assert ahead() <= 8 * AHEAD.parts
            await asyncio.sleep(0.001)


def ids_of(client):
    """The replies in parts of which each frame that was sent is one."""
    return [(client, text[:30].partition('"id":')[2].partition(",")[0]) for text in client.transport.sent]
