"""One process, and two of them side by side, on a store that they share."""

import asyncio
import contextlib
import errno
import json
import os
import threading
import time
from dataclasses import replace
from time import monotonic
from types import SimpleNamespace

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from tests.support.kept import SOON, Process, hello
from tests.support.layers import BROKER
from tests.support.memory import MemoryPublisher
from tests.support.turnstile import CountingTurnstile
from tests.support.waiting import turns, until
from tornado_websockets.core.breaker import BreakerTiming
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.keeper import Place, PlacedMessage
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.core.recovery.keeping.healing import HealTiming
from tornado_websockets.core.recovery.position import position_to_text
from tornado_websockets.core.recovery.reads import GATHERING
from tornado_websockets.core.recovery.record import Entry, Retention
from tornado_websockets.exceptions import PublishError, StoreError
from tornado_websockets.store.guard import Guard, GuardTiming
from tornado_websockets.store.memory import MemoryStore

ADA, BOB = (SimpleNamespace(pk=number, is_authenticated=True) for number in (1, 2))


class Down(MemoryStore):
    def read(self, *arguments):
        raise OSError("down")

    append = publish = lasts = retained = forget = read


class Hanging(MemoryStore):
    """Takes nothing before it goes on."""

    waits = True

    def __init__(self):
        super().__init__()
        self.goes_on = threading.Event()
        self.reads = 0

    def read(self, *arguments):
        record = super().read(*arguments)
        self.reads += 1
        return record

    def append(self, *arguments):
        self.goes_on.wait(5)
        super().append(*arguments)

    def publish(self, *arguments):
        self.goes_on.wait(5)
        return super().publish(*arguments)


@pytest.fixture
def guard():
    return Guard(MemoryStore())


@pytest.fixture
def layer():
    with override_settings(CHANNEL_LAYERS=BROKER):
        yield get_channel_layer


@pytest.fixture
def start(guard):
    def start(**options):
        return Process(**{"store": lambda: guard, "history": 100, "has_relay": False, **options})

    return start


class SlowStore(MemoryStore):
    """One that takes its time."""

    waits = True

    def append(self, *arguments):
        time.sleep(0.05)
        super().append(*arguments)

    def publish(self, *arguments):
        time.sleep(0.05)
        return super().publish(*arguments)


@contextlib.asynccontextmanager
async def losing(layer):
    """Have what is sent over the layer meanwhile, which must be something, get nowhere."""
    groups, before = layer.groups, len(layer.texts)
    layer.groups = {}
    yield
    await until(lambda: len(layer.texts) > before)
    await turns()
    layer.groups = groups


def said(client, event="said"):
    return [frame["data"]["n"] for frame in client.received if frame["event"] == event]


async def is_said(client, *numbers):
    await until(lambda: said(client) == list(numbers))


class TestWhatIsNumbered:
    async def test_every_event_says_its_place(self, start):
        process = start()

        @process.ws.on
        async def say(socket, data):
            process.ws.emit("said", {"n": 1})
            socket.broadcast("said", {"n": 2})
            socket.emit("noted")

        one, other = await process.connect(), await process.connect()
        await one.send("say")
        await process.ws.publish("said", {"n": 3})
        sender = other.received[0]["at"].partition(".")[0]
        assert [frame["at"] for frame in other.received] == [f"{sender}.1", f"{sender}.2", f"{sender}.3"]
        assert [(frame["event"], frame.get("at")) for frame in one.received] == [
            ("said", f"{sender}.1"),
            ("noted", None),
            ("said", f"{sender}.3"),
        ]

    async def test_without_history_nothing_does(self, start):
        process = start(history=0)
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        assert client.received == [{"event": "said", "data": {"n": 1}}]

    async def test_numbers_keep_their_order_whoever_sends(self, start):
        process = start()

        @process.ws.on
        def say(data):
            for _ in range(50):
                process.ws.emit("said", {"n": 0})

        clients = [await process.connect(kwargs={}) for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.send("say"))
        for client in clients:
            await until(lambda client=client: len(client.received) == 200)
            numbers = [int(frame["at"].partition(".")[2]) for frame in client.received]
            assert numbers == list(range(1, 201))

    async def test_a_handler_keeps_its_order_with_what_it_sends_to_one(self, start):
        process = start()

        @process.ws.on
        async def say(socket):
            for number in range(300):
                process.ws.emit("said", {"n": 2 * number})
                socket.emit("said", {"n": 2 * number + 1})
            return {}

        others = [await process.connect() for _ in range(8)]
        client = await process.connect()
        await client.send("say", id=1)
        await until(lambda: client.events.count("reply") == 1)
        assert said(client) == list(range(600))
        assert client.events[-1] == "reply"
        await until(lambda: all(len(said(other)) == 300 for other in others))

    async def test_a_forked_process_numbers_anew(self, start, monkeypatch):
        process = start()
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        monkeypatch.setattr(os, "getpid", lambda: -1)
        await process.ws.publish("said", {"n": 2})
        first, second = (frame["at"].partition(".") for frame in client.received)
        assert first[0] != second[0]
        assert first[2] == second[2] == "1"


class TestHello:
    async def test_a_first_one_is_told_where_the_topic_stands(self, start):
        process = start()
        client = await process.connect()
        welcome = await hello(client)
        assert (welcome["id"], welcome["recovered"], welcome["events"]) == (client.connection.id, False, [])
        assert list(welcome["at"].values()) == [0]

    async def test_nobody_else_waits_behind_those_who_say_hello(self, start):
        process = start()
        shard = process.hub.shard()
        shard.greetings, shard.turnstile = greetings, turnstile = CountingTurnstile(), CountingTurnstile()
        await hello(await process.connect())
        assert (greetings.waits, turnstile.waits) == (1, 0)

    async def test_one_that_has_left_waits_no_more(self, start):
        ended = []

        class Endless(CountingTurnstile):
            async def wait(self):
                self.waits += 1
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(True)

        process = start()
        process.hub.shard().greetings = greetings = Endless()
        client = await process.connect()
        await client.send("tws.hello", {"since": None})
        await until(lambda: greetings.waits)
        await client.leave()
        await turns()
        assert ended == [True]

    async def test_one_that_fails_is_logged_without_the_token(self, start, monkeypatch, caplog):
        async def welcome(*_):
            raise LookupError("no secret")

        process = start()
        client = await process.connect(offer=Offer("secret", secrets=["secret"]))
        monkeypatch.setattr(process.endpoint.kept_hub, "welcome", welcome)
        await client.send("tws.hello", {"since": None})
        await until(lambda: "A hello was not answered" in caplog.text)
        assert "LookupError: no <token>" in caplog.text
        assert "secret" not in caplog.text

    async def test_one_that_has_left_meanwhile_is_not_answered(self, start):
        store = Hanging()
        guard = Guard(store)
        client = await start(store=lambda: guard).connect()
        before = store.reads
        client.connection.on_lost()
        await client.send("tws.hello", {"since": None})
        await asyncio.sleep(5 * GATHERING)
        assert store.reads == before

    async def test_one_that_was_away_is_told_what_it_missed(self, start):
        process = start()
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        since = (await hello(client))["at"]
        await client.leave()
        for number in (2, 3):
            await process.ws.publish("said", {"n": number})
        back = await process.connect()
        welcome = await hello(back, since)
        assert welcome["recovered"] is True
        assert [event["data"]["n"] for event in welcome["events"]] == [2, 3]
        assert all("at" in event for event in welcome["events"])

    async def test_what_came_live_is_not_told_again(self, start):
        process = start()
        client = await process.connect()
        since = (await hello(client))["at"]
        await client.leave()
        await process.ws.publish("said", {"n": 1})
        back = await process.connect()
        await process.ws.publish("said", {"n": 2})
        welcome = await hello(back, since)
        assert [event["data"]["n"] for event in welcome["events"]] == [1]
        assert said(back) == [2]
        assert max(welcome["at"].values()) == 2

    async def test_what_the_store_takes_while_it_answers_is_not_missing(self, start):
        class Answering(Hanging):
            """Has read when it takes what it was given before, and tells of that afterwards."""

            def read(self, topic, with_events=True):
                record = super().read(topic, with_events)
                if is_asked.is_set():
                    self.goes_on.set()
                    is_stored.wait(5)
                return record

        is_asked, is_stored = threading.Event(), threading.Event()
        store = Answering()
        guard = Guard(store)
        process = start(store=lambda: guard)
        store.goes_on.set()
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        since = (await hello(client))["at"]
        store.goes_on.clear()
        stored = asyncio.ensure_future(process.ws.publish("said", {"n": 2}))
        stored.add_done_callback(lambda _: is_stored.set())
        back = await process.connect()  # which hears all from 3 on
        is_asked.set()
        welcome = await hello(back, since)
        assert (welcome["recovered"], [event["data"]["n"] for event in welcome["events"]]) == (True, [2])

    async def test_without_history_the_id_alone(self, start):
        client = await start(history=0).connect()
        assert await hello(client, {"x": 1}) == {"id": client.connection.id}

    async def test_its_own_earlier_broadcasts_are_not_told(self, start):
        process = start()

        @process.ws.on
        async def say(socket, data):
            socket.broadcast("said", data)

        client, other = await process.connect(), await process.connect()
        since = (await hello(client))["at"]
        await client.send("say", {"n": 1})
        await client.leave()
        back = await process.connect()
        assert (await hello(back, since, ids=[client.connection.id]))["events"] == []
        assert len((await hello(back, since))["events"]) == 1
        assert said(other) == [1]

    async def test_a_store_that_was_emptied_recovers_nothing(self, start, guard):
        process = start()
        client = await process.connect()
        since = (await hello(client))["at"]
        guard.store.clear()
        assert (await hello(client, since))["recovered"] is False

    @pytest.mark.parametrize("has_looked", [True, False])
    async def test_after_that_any_process_recovers_again(self, start, guard, layer, has_looked):
        here, other = (start(has_relay=True) for _ in range(2))
        client = await here.connect()
        await other.ws.publish("said", {"n": 1})
        await is_said(client, 1)
        guard.store.clear()
        if has_looked:
            await here.keeper.look()
        since = (await hello(client))["at"]
        await client.leave()
        back = await start(has_relay=True).connect()
        assert (await hello(back, since))["recovered"] is True

    async def test_what_is_not_kept_any_more_recovers_nothing(self, start):
        process = start(history=3)
        client = await process.connect()
        since = (await hello(client))["at"]
        await client.leave()
        for number in range(4):
            await process.ws.publish("said", {"n": number})
        back = await process.connect()
        welcome = await hello(back, since)
        assert (welcome["recovered"], welcome["events"]) == (False, [])

    async def test_what_was_forgotten_is_told_to_nobody(self, start):
        process = start()
        client = await process.connect()
        since = (await hello(client))["at"]
        await client.leave()
        await process.ws.publish("said", {"n": 1})
        await process.ws.aforget(None)
        back = await process.connect()
        assert await hello(back, since) == {**await hello(back, since), "recovered": False, "events": []}

    async def test_many_share_a_look_at_the_store(self, start):
        reads = []

        class Counting(MemoryStore):
            def read(self, topic, with_events=True):
                reads.append(topic)
                return super().read(topic, with_events)

        guard = Guard(Counting())
        process = start(store=lambda: guard)
        clients = [await process.connect() for _ in range(1_000)]
        reads.clear()
        await asyncio.gather(*(client.send("tws.hello", {"since": None}) for client in clients))
        await until(lambda: all("tws.welcome" in client.events for client in clients))
        assert len(reads) == 1

    @pytest.mark.parametrize(
        "data",
        [
            {"since": []},
            {"since": {"a": -1}},
            {"since": {"a": 1.5}},
            {"since": {"a": True}},
            {"since": {str(number): 1 for number in range(1_001)}},
            {"ids": "x"},
            {"ids": [1]},
            {"ids": ["x"] * 101},
        ],
        ids=str,
    )
    async def test_one_that_makes_no_sense_is_refused(self, start, data):
        client = await start().connect()
        await client.send("tws.hello", data, id=7)
        assert [frame["error"]["code"] for frame in client.received] == ["invalid_data"]

    async def test_the_first_is_free_and_later_ones_count(self, start):
        client = await start().connect(limits=Limits(max_messages_per_second=1))
        await hello(client)
        await hello(client)
        await client.send("tws.hello", id=3)
        assert client.received[-1]["error"]["code"] == "rate_limited"

    async def test_it_passes_a_handler_that_runs(self, start):
        process = start()
        goes_on = asyncio.Event()

        @process.ws.on
        async def wait():
            await goes_on.wait()

        client = await process.connect()
        waiting = asyncio.create_task(client.send("wait"))
        await asyncio.sleep(0)
        assert client.connection.answer_at_once('{"event":"tws.hello","data":{}}')
        await until(lambda: "tws.welcome" in client.events)
        assert not client.connection.answer_at_once('{"event":"tws.hello","data":{}}')
        goes_on.set()
        await waiting


class TestBetweenProcesses:
    async def start_two(self, start, **options):
        return start(has_relay=True, **options), start(has_relay=True, **options)

    async def start_two_of_which_one_listens(self, start, **options):
        """One of two processes with a client each, and the client of the other, which has heard its first event."""
        here, there = await self.start_two(start, **options)
        mine, _ = await here.connect(), await there.connect()
        await there.ws.publish("said", {"n": 1})
        await is_said(mine, 1)
        return there, mine

    async def test_what_the_layer_loses_comes_from_the_store(self, start, layer):
        there, mine = await self.start_two_of_which_one_listens(start)
        async with losing(layer()):
            await there.ws.publish("said", {"n": 2})
        await there.ws.publish("said", {"n": 3})
        await is_said(mine, 1, 2, 3)
        assert "tws.gap" not in mine.events

    async def test_what_the_layer_brings_twice_is_told_once(self, start, layer, caplog):
        here, there = await self.start_two(start)
        mine, _ = await here.connect(), await there.connect()
        await there.ws.publish("said", {"n": 1})
        await layer().group_send(*layer().named("group_send")[-1])
        await there.ws.publish("said", {"n": 2})
        await is_said(mine, 1, 2)
        assert caplog.text == ""

    async def test_what_the_store_makes_good_does_not_count_as_lost(self, start, layer, caplog):
        there, mine = await self.start_two_of_which_one_listens(start)
        group, message = layer().named("group_send")[-1]
        before = counters.messages_lost
        await layer().group_send(group, {**message, "first": 5, "texts": [], "keys": [], "places": None})
        await there.ws.publish("said", {"n": 2})
        await is_said(mine, 1, 2)
        assert (counters.messages_lost, caplog.text) == (before, "")

    async def test_a_store_that_gives_no_answer_is_asked_again(self, start, layer, guard, monkeypatch):
        there, mine = await self.start_two_of_which_one_listens(start)
        async with losing(layer()):
            await there.ws.publish("said", {"n": 2})
        asked = []

        def fail(*_):
            asked.append(monotonic())
            raise OSError("down")

        with monkeypatch.context() as patch:
            patch.setattr(guard.store, "read", fail)
            await there.ws.publish("said", {"n": 3})
            await until(lambda: asked and asked[-1] > asked[0] + SOON["healing"].patience)
        await is_said(mine, 1, 2, 3)
        assert "tws.gap" not in mine.events

    async def test_what_a_store_that_comes_back_does_not_have_yet_is_waited_for(self, start, layer, guard, monkeypatch):
        timing = replace(SOON["healing"], patience=60.0, silence=600.0, tails=60.0)
        there, mine = await self.start_two_of_which_one_listens(start, timing={**SOON, "healing": timing})
        async with losing(layer()):
            await there.ws.publish("said", {"n": 2})
        read, asked, answers = guard.store.read, [], []
        is_back = False

        def come_back(*arguments):
            asked.append(arguments)
            if not is_back:
                raise OSError("down")
            record = read(*arguments)
            answers.append(record)
            events = [event for event in record.events if event.number != 2]
            return replace(record, events=events) if len(answers) < 3 else record

        monkeypatch.setattr(guard.store, "read", come_back)
        await there.ws.publish("said", {"n": 3})
        await until(lambda: asked)
        (gap,) = mine.connection.endpoint.hub.keeper._journals["/chat"][0].gaps.values()
        gap.since -= 2 * timing.patience  # so long has the store been down
        is_back = True
        await is_said(mine, 1, 2, 3)
        assert "tws.gap" not in mine.events

    @pytest.mark.parametrize("stored", [0, 1], ids=["the first", "a later one"])
    async def test_what_was_shown_elsewhere_and_is_not_stored_yet_is_not_missing(self, start, stored):
        store = Hanging()
        guard = Guard(store)
        here, there = start(store=lambda: guard), start(store=lambda: guard)
        client = await there.connect()
        store.goes_on.set()
        since = (await hello(client))["at"]
        for number in range(stored):
            await there.ws.publish("said", {"n": number})
        store.goes_on.clear()
        publishing = asyncio.create_task(there.ws.publish("said", {"n": stored}))
        await is_said(client, *range(stored + 1))
        since |= dict(place.split(".") for place in [frame["at"] for frame in client.received if "at" in frame])
        back, before = await here.connect(), store.reads
        welcoming = asyncio.create_task(hello(back, {sender: int(number) for sender, number in since.items()}))
        await until(lambda: store.reads > before)
        store.goes_on.set()
        welcome = await welcoming
        assert (welcome["recovered"], welcome["events"]) == (True, [])
        await publishing

    @pytest.mark.parametrize(("forgotten", "looks"), [(0, 3), (1, 1)], ids=["of now", "of another time"])
    async def test_numbers_that_nobody_has_given_are_waited_for_a_moment(self, start, forgotten, looks):
        store = Hanging()
        guard = Guard(store)
        process = start(store=lambda: guard, timing={"healing": HealTiming(behind=(0.01, 0.01))})
        client = await process.connect()
        since, before = (await hello(client))["at"], store.reads
        since = {sender: number + forgotten for sender, number in since.items()}
        assert (await hello(client, {**since, "nobody": 5}))["recovered"] is False
        assert store.reads - before == looks

    async def test_a_last_event_that_is_lost_is_found(self, start, layer):
        there, mine = await self.start_two_of_which_one_listens(start)
        async with losing(layer()):
            await there.ws.publish("said", {"n": 2})
        await is_said(mine, 1, 2)

    async def test_what_nobody_has_is_told_to_be_missing(self, start, layer, guard):
        here, there = await self.start_two(start)
        mine, theirs = await here.connect(), await there.connect()
        await there.ws.publish("said", {"n": 1})
        await is_said(mine, 1)
        async with losing(layer()):
            await there.ws.publish("said", {"n": 2})
            await there.ws.aforget(None)
        await there.ws.publish("said", {"n": 3})
        await until(lambda: mine.events == ["said", "tws.gap", "said"])
        assert "tws.gap" not in theirs.events

    async def start_one_whose_other_has_ended(self, start, guard, *, has_looked=True):
        """It, where a client stood that has heard the other, and one more, after the store was emptied."""
        timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}
        here, other = await self.start_two(start, timing=timing)
        client, _ = await here.connect(), await other.connect()
        for number in range(1, 4):
            await other.ws.publish("said", {"n": number})
        await is_said(client, 1, 2, 3)
        if has_looked:
            await here.keeper.look()
        since = (await hello(client))["at"] if has_looked else {"x": 1}
        guard.store.clear()
        return here, start(has_relay=True, timing=timing), other, since

    @pytest.mark.parametrize("has_looked", [True, False], ids=["a while ago", "just now"])
    async def test_after_a_store_was_emptied_nothing_is_told_again_of_who_has_ended(
        self, start, layer, guard, has_looked, monkeypatch
    ):
        if not has_looked:
            monkeypatch.setattr("tornado_websockets.core.recovery.keeping.journal.SETTLING", 0.0)
        here, there, _, since = await self.start_one_whose_other_has_ended(start, guard, has_looked=has_looked)
        answers = []
        for process in (there, here, there, here):
            welcome = await hello(await process.connect(), since)
            since = welcome["at"]
            answers.append((welcome["recovered"], welcome["events"], since))
        at = answers[0][2]
        assert answers == [(False, [], at), *[(True, [], at)] * 3]

    async def test_what_such_a_one_may_have_sent_since_is_not_taken_for_told(self, start, layer, guard):
        here, there, _, _ = await self.start_one_whose_other_has_ended(start, guard, has_looked=False)
        since = (await hello(await there.connect()))["at"]
        welcome = await hello(await here.connect(), since)
        assert (welcome["recovered"], welcome["events"]) == (False, [])

    @pytest.mark.parametrize("is_stored", [True, False])
    async def test_one_that_lives_counts_again_from_what_it_sends(self, start, layer, guard, is_stored, monkeypatch):
        here, there, other, _ = await self.start_one_whose_other_has_ended(start, guard)
        client = await here.connect()
        since = (await hello(client))["at"]
        if not is_stored:
            monkeypatch.setattr(guard.store, "append", Down().append)
        await other.ws.publish("said", {"n": 4})
        await is_said(client, 4)
        assert (await hello(await here.connect(), since))["recovered"] is False  # whether it had 1 to 3 is not known
        at = (await hello(client))["at"]
        assert at == {**since, other.keeper._journals["/chat"][0].sender: 4}
        assert (await hello(await here.connect(), at))["recovered"] is True
        if is_stored:
            assert (await hello(await there.connect(), at))["recovered"] is True

    async def start_one_that_looks_by_itself_seldom(self, start):
        """It, a client of it that has heard an event, and a process without clients."""
        timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}
        here, elsewhere = start(has_relay=True, timing=timing), start()
        client = await here.connect()
        await elsewhere.ws.publish("said", {"n": 1})
        await here.keeper.look()
        await is_said(client, 1)
        return here, elsewhere, client

    async def break_off(self, here, layer):
        layer.error = ConnectionError("down")
        await until(lambda: here.hub.publisher.stretch("/chat") == 0)

    async def go_on(self, here, layer):
        layer.error = None
        await until(lambda: here.hub.publisher.stretch("/chat") != 0)

    @pytest.mark.parametrize("has_looked", [True, False], ids=["looks meanwhile", "looks then"])
    async def test_what_a_store_had_that_was_emptied_is_told_to_be_missing_where_the_layer_was_away(
        self, start, layer, guard, caplog, has_looked
    ):
        here, elsewhere, client = await self.start_one_that_looks_by_itself_seldom(start)
        before = counters.messages_lost
        await self.break_off(here, layer())
        await elsewhere.ws.publish("said", {"n": 2})
        guard.store.clear()
        if has_looked:
            await here.keeper.look()
        await self.go_on(here, layer())
        await until(lambda: "tws.gap" in client.events)
        await elsewhere.ws.publish("said", {"n": 3})
        await here.keeper.look()
        await is_said(client, 1, 3)
        await asyncio.sleep(2 * SOON["healing"].patience)
        assert client.events.count("tws.gap") == 1
        assert counters.messages_lost == before + 1
        assert "when it was emptied (path '/chat')" in caplog.text

    async def test_who_says_hello_is_not_told_so_too(self, start, layer, guard):
        here, elsewhere, client = await self.start_one_that_looks_by_itself_seldom(start)
        since = (await hello(client))["at"]
        await self.break_off(here, layer())
        await elsewhere.ws.publish("said", {"n": 2})
        guard.store.clear()
        assert not (await hello(client, since))["recovered"]
        await self.go_on(here, layer())
        await asyncio.sleep(2 * SOON["healing"].patience)
        assert "tws.gap" not in client.events

    @pytest.mark.parametrize("was_away", [False, True], ids=["never away", "away, and nothing is missing since"])
    async def test_nothing_is_missing_where_a_store_was_emptied_and_all_was_heard(self, start, layer, guard, was_away):
        here, elsewhere, client = await self.start_one_that_looks_by_itself_seldom(start)
        if was_away:
            await self.break_off(here, layer())
            await elsewhere.ws.publish("said", {"n": 2})
            await self.go_on(here, layer())
            await is_said(client, 1, 2)
        guard.store.clear()
        await here.keeper.look()
        (journal, _) = here.keeper._journals["/chat"]
        assert (journal.doubt, journal.gaps) == (None, {})
        await hello(client)
        assert "tws.gap" not in client.events

    async def test_what_was_missed_of_several_comes_in_the_order_of_the_store(self, start, guard):
        process = start(timing={**SOON, "healing": replace(SOON["healing"], tails=60.0)})
        client = await process.connect()
        for number in range(1, 7):
            text = f'{{"event":"said","data":{{"n":{number}}}}}'
            guard.store.append("/chat", f"sender {number % 2}", (number + 1) // 2, [Entry(text)], 100)
        await process.keeper.look()
        await is_said(client, *range(1, 7))

    async def test_a_command_s_order_outlasts_a_store_and_a_layer_that_fail_together(self, start, layer):
        class Failing(MemoryStore):
            waits, is_down = True, False

            def publish(self, *arguments):
                if self.is_down:
                    raise OSError("down")
                return super().publish(*arguments)

            def append(self, *arguments):
                if self.is_down:
                    raise OSError("down")
                super().append(*arguments)

        store = Failing()
        guard = Guard(store)
        timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}  # nothing is found by looking
        here, there = (start(has_relay=True, store=lambda: guard, timing=timing) for _ in range(2))
        theirs = await there.connect()
        await here.ws.apublish("said", {"n": 1})
        await is_said(theirs, 1)
        store.is_down, layer().error = True, ConnectionRefusedError("down")
        for number in (2, 3):
            with pytest.raises(PublishError):
                await here.ws.apublish("said", {"n": number})
        store.is_down, layer().error = False, None
        for number in range(4, 8):
            await here.ws.apublish("said", {"n": number})
        await is_said(theirs, *range(1, 8))

    async def test_a_process_without_clients_has_its_numbers_of_the_store(self, start, layer):
        here, there = await self.start_two(start)
        client = await here.connect()
        await there.ws.publish("said", {"n": 1})
        await there.ws.publish("said", {"n": 2})
        await is_said(client, 1, 2)
        epoch = next(iter((await hello(client))["at"]))
        assert [frame["at"] for frame in client.received if "at" in frame] == [f"{epoch}p.1", f"{epoch}p.2"]

    async def test_however_many_commands_have_published_a_position_is_small(self, start):
        for _ in range(100):
            await start().ws.publish("said", {"n": 1})
        page = start()
        assert len(await page.ws.aposition()) < 300

    async def test_however_many_workers_have_come_and_gone_a_position_is_small(self, start):
        for _ in range(80):
            process = start()
            client = await process.connect()
            await process.ws.publish("said", {"n": 1})
            await client.leave()
        since = (await hello(await start().connect()))["at"]
        assert 60 < len(since) <= 64
        assert len(position_to_text({sender: number + 1_000_000 for sender, number in since.items()})) < 3_000

    async def test_what_is_for_some_is_for_them_everywhere(self, start, layer):
        here, there = await self.start_two(start)
        mine, theirs = await here.connect(), await there.connect()
        since = (await hello(mine))["at"]
        await there.ws.to(connection=mine.socket).publish("said", {"n": 1})
        await there.ws.publish("said", {"n": 2})
        await is_said(mine, 1, 2)
        await is_said(theirs, 2)
        back = await there.connect()
        welcome = await hello(back, since, ids=[mine.connection.id])
        assert (welcome["recovered"], [event["data"]["n"] for event in welcome["events"]]) == (True, [2])

    async def test_what_the_store_numbers_when_it_was_told_already_holds_nobody_up(self, layer):
        guard = Guard(Hanging())
        guard.store.goes_on.set()
        timing = {**SOON, "healing": replace(SOON["healing"], delay=5.0)}
        here, there = (Process(history=100, store=lambda: guard, timing=timing) for _ in range(2))
        client = await here.connect()
        guard.store.goes_on.clear()
        first = asyncio.ensure_future(there.ws.publish("said", {"n": 1}))
        await is_said(client, 1)  # under a number of the process
        guard.store.goes_on.set()
        await first
        started = monotonic()
        await there.ws.publish("said", {"n": 2})
        await is_said(client, 1, 2)
        assert monotonic() - started < 2
        at = [frame["at"].rpartition(".") for frame in client.received if "at" in frame]
        assert at[0][0] != at[1][0]
        assert [number for _, _, number in at] == ["1", "2"]

    async def test_a_store_in_memory_alone_numbers_what_threads_send_at_a_time(self, start):
        """Nothing there can be numbered twice, so nothing carries a mark for that case."""

        class Held(Hanging):
            waits = False  # it is the thread that is not run for a while

        guard = Guard(Held())
        process = start(store=lambda: guard)
        process.hub.publisher = MemoryPublisher()
        one = asyncio.create_task(asyncio.to_thread(process.ws.publish, "said", {"n": 1}))
        await asyncio.sleep(process.keeper._writer.timing.patience + 0.1)
        two = asyncio.create_task(asyncio.to_thread(process.ws.publish, "said", {"n": 2}))
        await until(lambda: len(process.keeper._journals["/chat"][0].queue) == 2)
        process.keeper.hurry("/chat")
        guard.store.goes_on.set()
        await asyncio.gather(one, two)
        events = guard.store.read("/chat").events
        assert [(each.number, each.audience, json.loads(each.text)["data"]["n"]) for each in events] == [
            (1, "", 1),
            (2, "", 2),
        ]

    async def test_only_paths_are_kept(self, start):
        process = start()
        client = await process.connect()
        await client.connection.attend(wait=True)
        assert len(process.keeper) == 1

    async def test_topics_without_clients_are_not_remembered(self, start):
        class Waiting(MemoryStore):
            waits = True

        guard = Guard(Waiting())
        process = start(path="/room/<int:number>", store=lambda: guard)
        for number in range(20):
            await process.ws.publish("said", number=number, fail_silently=True)
        await until(lambda: len(process.keeper) == 0)
        assert len(guard.store.read("/room/7").events) == 1

    @pytest.mark.parametrize("has_clients", [True, False])
    async def test_who_is_disconnected_has_heard_what_was_sent_before(self, layer, has_clients):
        guard = Guard(SlowStore())
        here, there = (Process(store=lambda: guard, history=100) for _ in range(2))
        client = await there.connect(user=ADA)
        await client.connection.attend(wait=True)
        if has_clients:
            await here.connect(user=BOB)
        here.ws.to(user=ADA).publish("bye")
        await here.ws.to(user=ADA).disconnect(4100)
        await until(lambda: Close(4100) in client.transport.sent)
        assert client.events == ["bye"]


class TestTrouble:
    async def test_a_store_that_is_down_costs_no_delivery(self, start, layer):
        guard = Guard(Down())
        here, there = (start(path="/down", has_relay=True, store=lambda: guard) for _ in range(2))
        mine, theirs = await here.connect(), await there.connect()
        await there.ws.publish("said", {"n": 1})
        await is_said(mine, 1)
        await is_said(theirs, 1)
        welcome = await hello(mine, {"x": 1})
        assert (welcome["recovered"], len(welcome["at"])) == (False, 2)

    @pytest.mark.parametrize("has_relay", [True, False])
    @pytest.mark.parametrize("layer", [BROKER, {}], ids=["layer", "no layer"])
    async def test_nothing_that_is_held_up_waits_for_the_store(self, start, monkeypatch, has_relay, layer):
        guard = Guard(Hanging())
        process = start(store=lambda: guard, has_relay=has_relay)
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: True)

        def publish():
            started = monotonic()
            process.ws.publish("said", {"n": 1}, on_commit=False)
            return monotonic() - started

        with override_settings(CHANNEL_LAYERS=layer):
            assert await asyncio.to_thread(publish) < 1
            guard.store.goes_on.set()
            await until(lambda: guard.store.read("/chat").events)

    async def test_nor_for_whether_it_has_what_the_layer_refuses(self, start, monkeypatch):
        guard = Guard(Hanging())
        process = start(store=lambda: guard)
        process.hub.publisher = MemoryPublisher()
        process.hub.publisher.error = ValueError("refused")
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: True)
        started = monotonic()
        with pytest.raises(PublishError):
            await process.ws.publish("said", {"n": 1})
        assert monotonic() - started < 1
        guard.store.goes_on.set()

    @pytest.mark.parametrize("has_clients", [True, False], ids=["numbered here", "numbered by the store"])
    @pytest.mark.parametrize("store", [MemoryStore, SlowStore])
    async def test_what_the_layer_refuses_and_the_store_cannot_keep_is_an_error(self, start, store, has_clients):
        guard = Guard(store(), retention=Retention(bytes=1_000))
        process = start(store=lambda: guard)
        process.hub.publisher = MemoryPublisher()
        if has_clients:
            await process.connect()
        await process.ws.publish("said", {"n": "x" * 2_000})
        process.hub.publisher.error = ValueError("refused")
        await process.ws.publish("said", {"n": "x" * 500})
        with pytest.raises(PublishError):
            await process.ws.publish("said", {"n": "x" * 2_000})

    async def test_what_the_store_cannot_keep_is_no_error_where_nobody_could_hear_it(self, start):
        guard = Guard(MemoryStore(), retention=Retention(bytes=1_000))
        process = start(store=lambda: guard, has_relay=True)
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}):
            await asyncio.to_thread(process.ws.publish, "said", {"n": "x" * 2_000})

    async def test_what_neither_takes_is_an_error(self, start):
        guard = Guard(Down())
        process = start(store=lambda: guard)
        process.hub.publisher = MemoryPublisher()
        process.hub.publisher.error = ValueError("refused")
        with pytest.raises(PublishError):
            await process.ws.publish("said", {"n": 1})
        process.hub.publisher.error = None
        await process.ws.publish("said", {"n": 2})

    @override_settings(CHANNEL_LAYERS={})
    async def test_nor_does_a_layer_that_is_not_there(self, start):
        guard = Guard(Down())
        process = start(store=lambda: guard, has_relay=True)
        with pytest.raises(PublishError):
            await process.ws.publish("said", {"n": 1})

    async def test_a_store_that_hangs_keeps_the_layer_waiting_for_a_moment_only(self, start, layer):
        guard = Guard(Hanging(), timing=GuardTiming(call_timeout=2.0))
        here, there = (start(has_relay=True, store=lambda: guard) for _ in range(2))
        mine, theirs = await here.connect(), await there.connect()
        started = asyncio.get_running_loop().time()
        await there.ws.publish("said", {"n": 1})
        await is_said(mine, 1)
        assert asyncio.get_running_loop().time() - started < 1.5
        assert said(theirs) == [1]
        guard.store.goes_on.set()

    async def test_one_that_fails_keeps_nobody_from_leaving(self, start):
        guard = Guard(Hanging(), timing=GuardTiming(call_timeout=0.05))
        process = start(store=lambda: guard)
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        (journal, _) = process.keeper._journals["/chat"]
        await until(lambda: journal.is_failing)
        started = monotonic()
        await client.leave()
        assert monotonic() - started < 1
        guard.store.goes_on.set()

    async def test_what_a_slow_store_numbers_after_all_is_told_once(self, start, layer):
        guard = Guard(Hanging())
        here, there = (start(has_relay=True, store=lambda: guard) for _ in range(2))
        client, away = await here.connect(), await here.connect()
        since = (await hello(away))["at"]
        await away.leave()
        await there.ws.publish("said", {"n": 1})
        await is_said(client, 1)
        guard.store.goes_on.set()
        await until(lambda: len(guard.store.read("/chat").events) == 2)
        back = await here.connect()
        (journal, _) = here.keeper._journals["/chat"]
        await until(lambda: len(journal.lasts) == 2)  # after which nothing more is shown
        welcome = await hello(back, since)
        assert welcome["recovered"]
        assert [event["data"]["n"] for event in welcome["events"]] == [1]
        page = {**since, client.received[0]["at"].partition(".")[0]: 1}
        assert (await hello(back, page))["events"] == []
        await asyncio.sleep(3 * SOON["healing"].tails)  # in which the second one is found
        assert said(client) == [1]

    async def test_a_client_that_leaves_while_it_is_silent_is_counted_out_though_that_is_cancelled(self, start):
        guard = Guard(Hanging())
        process = start(store=lambda: guard)
        process.hub.publisher = publisher = MemoryPublisher()
        kept_hub = process.endpoint.kept_hub
        await kept_hub.enter("/chat", wait=False)
        kept_hub.emit(Message("/chat", "said", '{"event":"said","data":{"n":1}}'))
        leaving = asyncio.create_task(kept_hub.leave("/chat"))
        await turns()
        assert process.hub.topics() == ["/chat"]  # it waits for what was sent last
        leaving.cancel()
        await asyncio.wait([leaving])
        assert leaving.cancelled()
        assert process.hub.topics() == []
        guard.store.goes_on.set()
        await until(lambda: "leave /chat" in publisher.log)


class TestWhoConnectsWhileTheStoreIsSilent:
    """What others send meanwhile may not reach it, and whoever they are, nothing is lost without a word."""

    class Silent(MemoryStore):
        is_silent, reads = True, 0

        def read(self, *arguments):
            if self.is_silent:
                raise OSError("down")
            self.reads += 1
            return super().read(*arguments)

        def send(self, number, sender="another"):
            self.append("/chat", sender, number, [Entry(self.text(number))], 100)

        @staticmethod
        def text(number):
            return f'{{"event":"said","data":{{"n":{number}}}}}'

    @pytest.fixture
    def store(self):
        return self.Silent()

    @pytest.fixture
    def process(self, start, store):
        guard = Guard(store)
        timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}
        return start(store=lambda: guard, timing=timing)

    @pytest.fixture
    def patient(self, process):
        """The process, which has all the time for who says hello."""
        healing = process.keeper._healing
        healing.timing = replace(healing.timing, patience=600.0)
        return process

    @staticmethod
    async def nobody_is_in_doubt(process):
        (journal, _) = process.keeper._journals["/chat"]
        assert not journal.end_doubt(0.0)
        await until(lambda: not journal.is_healing)

    @staticmethod
    def hear(process, number):
        """What another process sends comes over the layer."""
        text = TestWhoConnectsWhileTheStoreIsSilent.Silent.text(number)
        process.keeper.take([PlacedMessage("/chat", "said", text, place=Place("another", number))])

    @staticmethod
    async def come_back(process, store):
        store.is_silent = False
        await process.keeper.look()

    async def test_is_told_that_something_may_be_missing_of_whom_it_has_not_heard(self, process, store, caplog):
        client = await process.connect()
        before = counters.messages_lost
        store.send(1)
        await self.come_back(process, store)
        self.hear(process, 1)  # too late
        self.hear(process, 2)
        await until(lambda: "tws.gap" in client.events)
        assert client.events == ["said", "tws.gap"]
        assert counters.messages_lost == before + 1
        assert "may have been lost while the store gave no answer" in caplog.text

    async def test_is_told_that_once_and_nobody_who_comes_later_is(self, process, store):
        client = await process.connect()
        store.send(1)
        await self.come_back(process, store)
        later = await process.connect()
        (journal, _) = process.keeper._journals["/chat"]
        await until(lambda: not journal.is_healing)
        await process.keeper.look()
        assert (client.events, later.events, journal.is_healing) == (["tws.gap"], [], False)

    async def test_gets_what_follows_what_it_has_heard(self, process, store):
        client = await process.connect()
        self.hear(process, 1)
        for number in (1, 2, 3):
            store.send(number)
        await self.come_back(process, store)
        await is_said(client, 1, 2, 3)
        (journal, _) = process.keeper._journals["/chat"]
        assert (journal.doubt, client.events) == (None, ["said"] * 3)

    async def test_is_told_that_something_may_be_missing_before_the_first_that_it_has_heard(self, process, store):
        client = await process.connect()
        self.hear(process, 2)
        for number in (1, 2):
            store.send(number)
        await self.come_back(process, store)
        await until(lambda: client.events == ["said", "tws.gap"])

    async def test_is_told_so_of_whom_others_had_heard_who_have_left(self, process, store):
        store.is_silent = False
        client = await process.connect()
        self.hear(process, 1)
        await client.leave()
        for number in (1, 2, 3):
            store.send(number)
        store.is_silent = True
        client = await process.connect()
        self.hear(process, 3)
        assert said(client) == [3]  # it need not wait for what was sent before it came
        await self.come_back(process, store)
        await until(lambda: client.events == ["said", "tws.gap"])

    async def test_is_told_nothing_where_others_have_sent_nothing(self, process, store):
        client = await process.connect()
        assert not (await hello(client))["recovered"]
        await process.ws.publish("said", {"n": 1})
        await self.come_back(process, store)
        (journal, _) = process.keeper._journals["/chat"]
        assert (journal.doubt, client.events) == (None, ["tws.welcome", "said"])

    async def test_gets_all_with_its_welcome_where_it_says_where_it_stood(self, patient, store):
        store.is_silent = False
        before = await patient.connect()
        since = (await hello(before))["at"]
        await before.leave()
        store.is_silent = True
        client = await patient.connect()
        store.send(1)
        await self.come_back(patient, store)
        welcome = await hello(client, since)
        assert (welcome["recovered"], [event["data"]["n"] for event in welcome["events"]]) == (True, [1])
        await self.nobody_is_in_doubt(patient)
        assert client.events == ["tws.welcome"]

    @pytest.mark.parametrize("is_first", [True, False], ids=["its hello", "a look"])
    async def test_begins_with_its_welcome_where_it_stood_nowhere(self, patient, store, is_first):
        client = await patient.connect()
        store.send(1)
        if is_first:
            store.is_silent = False
        else:
            await self.come_back(patient, store)
        assert (await hello(client))["at"]["another"] == 1
        await self.nobody_is_in_doubt(patient)
        assert client.events == ["tws.welcome"]

    @pytest.mark.parametrize("since", [{"x": 1}, None], ids=["somewhere", "nowhere"])
    async def test_is_told_that_something_may_be_missing_where_its_hello_had_no_answer(self, process, store, since):
        client = await process.connect()
        await hello(client, since)
        store.send(1)
        await self.come_back(process, store)
        await until(lambda: client.events == ["tws.welcome", "tws.gap"])

    async def test_nobody_is_shown_what_was_sent_before_by_the_hello_of_another(self, process, store):
        client, other = await process.connect(), await process.connect()
        for number in range(1, 4):
            store.send(number)
        store.is_silent = False
        await hello(other, {"x": 1})
        await until(lambda: "tws.gap" in client.events)
        assert client.events == ["tws.gap"]

    async def test_is_told_the_newest_value_that_it_has_missed(self, start, store):
        guard = Guard(store)
        timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}
        process = start(store=lambda: guard, timing=timing, history=0, retain=("track",))
        client = await process.connect()
        store.append("/chat", "another", 1, [Entry('{"event":"track","data":{"n":1}}', "", "track")], 0)
        await self.come_back(process, store)
        await until(lambda: said(client, "track") == [1])
        assert client.events == ["track"]

    class Slow(Silent):
        waits, is_silent = True, False

        def __init__(self):
            super().__init__()
            self.goes_on = threading.Event()

        def read(self, *arguments):
            self.goes_on.wait(5)
            return super().read(*arguments)

        def retained(self, *arguments):
            self.goes_on.wait(5)
            return super().retained(*arguments)

    @pytest.fixture
    def start_slow(self, start):
        def start_slow(**options):
            store = self.Slow()
            guard = Guard(store)
            timing = {**SOON, "healing": replace(SOON["healing"], tails=60.0)}
            return start(store=lambda: guard, timing=timing, **options), store

        return start_slow

    async def connect_late(self, process, number):
        """A client that others are heard before, while the store takes its time."""
        connecting = asyncio.create_task(process.connect())
        await until(lambda: "/chat" in process.keeper._journals)
        self.hear(process, number)
        return await connecting

    async def test_is_told_so_too_where_the_answer_only_takes_its_time(self, start_slow):
        process, store = start_slow()
        client = await process.connect()
        store.send(1)
        store.goes_on.set()
        await until(lambda: client.events == ["tws.gap"])

    async def test_is_told_nothing_of_what_was_sent_before_it_came(self, start_slow):
        process, store = start_slow()
        client = await self.connect_late(process, 5)
        store.send(5)
        store.goes_on.set()
        (journal, _) = process.keeper._journals["/chat"]
        await until(lambda: journal.is_founded)
        assert (journal.doubt, client.events) == (None, [])

    async def test_is_told_of_what_was_sent_before_another_came(self, start_slow):
        process, store = start_slow()
        client = await process.connect()
        self.hear(process, 5)
        await process.connect()
        store.send(5)
        store.goes_on.set()
        await until(lambda: client.events == ["said", "tws.gap"])

    async def test_is_told_a_value_that_was_set_before_it_came(self, start_slow):
        process, store = start_slow(retain=("track",))
        client = await self.connect_late(process, 5)
        store.append("/chat", "another", 4, [Entry('{"event":"track","data":{"n":4}}', "", "track")], 100)
        store.send(5)
        store.goes_on.set()
        await until(lambda: client.events == ["track"])

    async def test_where_it_answers_one_question_is_enough_for_all_who_come(self, process, store):
        store.is_silent = False
        store.send(1)
        clients = [await process.connect() for _ in range(3)]
        (journal, _) = process.keeper._journals["/chat"]
        assert (store.reads, journal.doubt, journal.is_healing) == (1, None, False)
        assert not any(client.events for client in clients)


class Switched(MemoryStore):
    """Fails while it is told to.

    :ivar failures: calls that are still to fail, whether or not it is down.
    """

    waits, is_down, failures = True, False, 0

    def append(self, *arguments):
        self._fail()
        super().append(*arguments)

    def publish(self, *arguments):
        self._fail()
        return super().publish(*arguments)

    def forget(self, *arguments):
        self._fail()
        super().forget(*arguments)

    def _fail(self):
        if self.is_down or self.failures:
            self.failures -= not self.is_down
            raise OSError("down")


class Instant(Switched):
    waits = False


def kept(guard, path):
    return [json.loads(event.text)["data"]["n"] for event in guard.store.read(path).events]


class TestAProcessWithoutAnEventLoop:
    """As a WSGI server is, or a worker of Celery, without a channel layer."""

    @pytest.fixture(params=["sync", "on a loop of its own"])
    def publish(self, request):
        """Publishes as such a process does, and tells whether that failed."""

        def publish(ws, number, room):
            try:
                if request.param == "sync":
                    ws.publish("said", {"n": number}, room=room)
                else:
                    asyncio.run(self.publish_on_a_loop(ws, number, room))
            except PublishError:
                return False
            return True

        return publish

    @staticmethod
    async def publish_on_a_loop(ws, number, room):
        await ws.apublish("said", {"n": number}, room=room)

    @pytest.mark.parametrize("store", [Switched, Instant])
    @pytest.mark.parametrize("has_relay", [True, False])
    @override_settings(CHANNEL_LAYERS={})
    def test_keeps_nothing_that_was_refused(self, start, publish, store, has_relay):
        guard = Guard(store())
        process = start(path="/<int:room>", store=lambda: guard, has_relay=has_relay)
        guard.store.is_down = True
        assert not any(publish(process.ws, 1, room) for room in range(20))
        assert len(process.keeper) == 0
        guard.store.is_down = False
        assert publish(process.ws, 2, 7)
        assert kept(guard, "/7") == [2]
        assert len(process.keeper) == 0

    @pytest.mark.parametrize("store", [Switched, Instant])
    def test_keeps_nothing_that_it_emits_in_vain(self, start, store):
        guard = Guard(store())
        process = start(store=lambda: guard)
        guard.store.is_down = True
        process.endpoint.kept_hub.emit(Message("/chat", "said", '{"event":"said","data":{"n":1}}'))
        assert len(process.keeper) == 0

    async def test_has_no_thread_wait_for_what_another_was_refused_and_tells_others_that_this_is_missing(self, start):
        class Slow(Switched):
            def publish(self, *arguments):
                is_asked.set()
                goes_on.wait(5)
                return super().publish(*arguments)

        is_asked, goes_on = threading.Event(), threading.Event()
        guard = Guard(Slow())
        guard.store.failures = 1
        process, there = (start(store=lambda: guard) for _ in range(2))
        client = await there.connect()
        outcomes = []

        def publish(number):
            try:
                process.ws.publish("said", {"n": number})
            except PublishError:
                outcomes.append(-number)
            else:
                outcomes.append(number)

        first, second = (threading.Thread(target=publish, args=(number,), daemon=True) for number in (1, 2))
        first.start()
        await until(is_asked.is_set)
        second.start()
        (journal, _) = process.keeper._journals["/chat"]
        await until(lambda: len(journal.queue) == 2)
        goes_on.set()
        await until(lambda: sorted(outcomes) == [-1, 2])
        assert kept(guard, "/chat") == [2]
        await until(lambda: len(process.keeper) == 0)
        await is_said(client, 2)
        assert client.events == ["tws.gap", "said"]

    def test_asks_a_store_that_has_hung_before_it_says_so(self, start):
        class Hung(Switched):
            def publish(self, *arguments):
                goes_on.wait(5)
                return super().publish(*arguments)

        goes_on = threading.Event()
        breaker = BreakerTiming(patience=0.02, probe_interval=0.0)
        guard = Guard(Hung(), timing=GuardTiming(call_timeout=0.05, breaker=breaker))
        process = start(store=lambda: guard)
        with pytest.raises(PublishError):
            process.ws.publish("said", {"n": 1})
        assert not guard.is_closed
        goes_on.set()
        process.ws.publish("said", {"n": 2})
        assert 2 in kept(guard, "/chat")

    def test_finishes_what_is_held_up_when_the_loop_of_whoever_has_sent_it_has_ended(self, start, monkeypatch):
        guard = Guard(Switched())
        guard.store.failures = 2
        process = start(store=lambda: guard, path="/<int:room>")
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: True)
        asyncio.run(self.publish_on_a_loop(process.ws, 1, 1))
        deadline = monotonic() + 5
        while (kept(guard, "/1") != [1] or len(process.keeper)) and monotonic() < deadline:
            time.sleep(0.001)
        assert kept(guard, "/1") == [1]
        assert len(process.keeper) == 0

    async def test_has_no_thread_try_again_what_was_refused_beside_what_is_held_up(self, start, monkeypatch):
        guard = Guard(Switched())
        guard.store.is_down = True
        process = start(store=lambda: guard)
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: is_held_up)
        is_held_up = True
        await asyncio.to_thread(process.ws.publish, "said", {"n": 1})
        (journal, _) = process.keeper._journals["/chat"]
        await until(lambda: journal.is_failing)
        is_held_up = False
        with pytest.raises(PublishError):
            await asyncio.to_thread(process.ws.publish, "said", {"n": 2})
        await until(lambda: len(journal.queue) == 1)
        guard.store.is_down = False
        await until(lambda: len(process.keeper) == 0)
        assert kept(guard, "/chat") == [1]

    async def test_drops_what_was_refused_on_a_loop_that_goes_on(self, start):
        guard = Guard(Switched())
        guard.store.is_down = True
        process = start(store=lambda: guard)
        with pytest.raises(PublishError):
            await process.ws.publish("said", {"n": 1})
        await until(lambda: len(process.keeper) == 0)

    async def test_is_told_that_nothing_was_forgotten_and_remembers_nothing_of_it(self, start):
        guard = Guard(Switched())
        guard.store.is_down = True
        process = start(store=lambda: guard, path="/<int:room>")
        for room in range(20):
            with pytest.raises(StoreError):
                await process.ws.aforget(None, room=room)
            with pytest.raises(StoreError):
                await asyncio.to_thread(process.ws.forget, None, room=room)
        assert len(process.keeper) == 0

    def test_goes_on_after_no_event_loop_could_be_had(self, start, monkeypatch, caplog):
        def fail():
            raise OSError(errno.EMFILE, "Too many open files")

        guard = Guard(Switched())
        process = start(store=lambda: guard)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "new_event_loop", fail)
            patch.setattr(asyncio.events, "new_event_loop", fail)
            with pytest.raises(PublishError):
                process.ws.publish("said", {"n": 1})
        assert "What was sent is not stored" in caplog.text
        assert len(process.keeper) == 0
        process.ws.publish("said", {"n": 2})
        assert kept(guard, "/chat") == [2]

    @pytest.mark.parametrize("lacks", ["threads", "event loops"])
    def test_stores_what_is_held_up_once_it_can(self, start, monkeypatch, caplog, lacks):
        def fail(*_, **__):
            raise RuntimeError("can't start new thread")

        guard = Guard(Switched())
        process = start(store=lambda: guard)
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: True)
        with monkeypatch.context() as patch:
            if lacks == "threads":
                patch.setattr(process.keeper._writer._threads, "submit", fail)
            else:
                patch.setattr(asyncio, "new_event_loop", fail)
                patch.setattr(asyncio.events, "new_event_loop", fail)
            for number in range(1, 121):
                process.ws.publish("said", {"n": number})
            deadline = monotonic() + 5
            while process.keeper._journals["/chat"][0].is_writing and monotonic() < deadline:
                time.sleep(0.001)
            assert len(process.keeper._journals["/chat"][0].queue) <= 101
            while "What was sent is not stored" not in caplog.text and monotonic() < deadline:
                time.sleep(0.001)
        assert "What was sent is not stored" in caplog.text
        process.ws.publish("said", {"n": 121})
        deadline = monotonic() + 5
        while len(process.keeper) and monotonic() < deadline:
            time.sleep(0.001)
        assert kept(guard, "/chat")[-3:] == [119, 120, 121]

    def test_says_that_what_is_held_up_is_not_stored_as_the_process_ends(self, start, monkeypatch, caplog):
        guard = Guard(Switched())
        process = start(store=lambda: guard)
        monkeypatch.setattr(process.endpoint.kept_hub, "_is_held_up", lambda: True)
        process.keeper._writer._threads.finish(monotonic())
        process.ws.publish("said", {"n": 1})
        assert not process.keeper._journals["/chat"][0].is_writing
        assert "What was sent is not stored" in caplog.text
        assert "The process is ending" in caplog.text

    def test_lets_go_in_time_of_what_a_loop_has_left_behind(self, start):
        async def publish(room):
            process.ws.publish("said", {"n": 1}, room=room)

        guard = Guard(Switched(), retention=Retention(seconds=0.0))
        guard.store.is_down = True
        timing = {**SOON, "healing": replace(SOON["healing"], idle=0.0)}
        process = start(store=lambda: guard, path="/<int:room>", timing=timing, most_unwatched=10)
        for room in range(50):
            asyncio.run(publish(room))
        assert len(process.keeper) <= 10


class TestWatching:
    async def test_goes_on_until_nothing_is_known_of_those_who_have_left(self, start):
        timing = {**SOON, "healing": replace(SOON["healing"], tails=0.01, idle=0.1)}
        process = start(path="/<int:room>", timing=timing)
        for room in range(3):
            client = await process.connect(f"/{room}", kwargs={"room": room})
            await process.ws.publish("said", {"n": 1}, room=room)
            await client.leave()
        assert len(process.keeper) == 3
        await until(lambda: len(process.keeper) == 0)
        await until(lambda: process.keeper._healing._watching is None)

    async def test_shows_who_is_about_to_connect_nothing_that_was_sent_while_nobody_was_there(self, start, guard):
        process = start()
        client = await process.connect()
        await process.ws.publish("said", {"n": 1})
        await client.leave()
        guard.store.append("/chat", "another", 1, [Entry('{"event":"said","data":{"n":2}}')], 100)
        await process.hub.enter("/chat")
        (journal, _) = process.keeper._journals["/chat"]
        await process.keeper.look()  # before it is found out where the path stands
        assert (journal.gaps, journal.lasts["another"]) == ({}, 1)

    async def test_begins_anew_for_who_comes_as_it_ends(self, start):
        healing, looks = start(timing={**SOON, "healing": HealTiming(tails=0.0)}).keeper._healing, []

        def watched():
            looks.append(1)
            if len(looks) < 3:
                asyncio.get_running_loop().call_soon(healing.watch, watched)

        healing.watch(watched)
        await until(lambda: len(looks) == 3)

    async def test_is_done_by_one_alone(self, start):
        healing, looks = start(timing={**SOON, "healing": HealTiming(tails=0.0)}).keeper._healing, []

        def watched():
            looks.append(asyncio.current_task())
            if len(looks) == 1:
                asyncio.get_running_loop().call_soon(healing.watch, watched)
                return None
            return {} if len(looks) < 40 else None

        healing.watch(watched)
        await until(lambda: len(looks) > 5)
        healing.watch(watched)
        await until(lambda: len(looks) == 40)
        assert len(set(looks)) == 2

    async def test_goes_on_where_one_ends_that_another_has_taken_the_place_of(self, start):
        healing = start(timing={**SOON, "healing": HealTiming(tails=0.0)}).keeper._healing
        healing.watch(lambda: None)
        first, later = healing._watching, asyncio.get_running_loop().create_future()
        healing._watching = later  # as where the loop of the first stood for a while
        await until(first.done)
        assert healing._watching is later
        later.cancel()

    async def test_reads_no_events_to_find_out_where_a_topic_stands(self, start):
        class Noting(MemoryStore):
            def read(self, topic, with_events=True):
                asked.append(with_events)
                return super().read(topic, with_events)

        asked = []
        guard = Guard(Noting())
        process = start(store=lambda: guard)
        await process.connect()
        process.endpoint.hub.keeper._journals["/chat"][0].lose_touch()
        asked.clear()
        await process.keeper.look()
        assert asked == [False]

    @pytest.mark.parametrize("nonsense", ["of a topic", "of all"])
    async def test_reads_where_a_topic_stands_if_its_position_makes_no_sense(self, start, nonsense):
        class Confused(MemoryStore):
            def lasts(self, topics):
                return None if nonsense == "of all" else {**super().lasts(topics), "/1": "nonsense"}

        guard = Guard(Confused())
        process = start(store=lambda: guard, path="/<int:room>", timing={**SOON, "healing": HealTiming()})
        for room in (1, 2):
            await process.connect(f"/{room}", kwargs={"room": room})
            guard.store.append(f"/{room}", "another", 1, [Entry('{"event":"said","data":{"n":1}}')], 100)
        await process.keeper.look()
        for room in (1, 2):
            journal, _ = process.keeper._journals[f"/{room}"]
            await until(lambda journal=journal: journal.lasts.get("another"))


class TestRetainedValues:
    async def test_are_told_before_anything_else(self, start):
        process = start(history=0, retain=("track",))

        @process.ws.on
        async def open(socket):  # noqa: A001 the name of the event
            socket.emit("hi")

        first = await process.connect()
        await process.ws.publish("track", {"n": 1})
        await process.ws.publish("track", {"n": 2})
        late = await process.connect()
        assert late.received == [{"event": "track", "data": {"n": 2}}, {"event": "hi", "data": {}}]
        assert first.events == ["hi", "track", "track"]

    async def test_of_another_process(self, start, layer):
        here, there = (start(has_relay=True, history=0, retain=("track",)) for _ in range(2))
        await there.ws.publish("track", {"n": 1})
        client = await here.connect()
        assert client.events == ["track"]

    @pytest.mark.parametrize("history", [0, 100], ids=["beside a value", "where the other has no history"])
    async def test_what_is_for_one_user_is_told_to_nobody_else(self, start, layer, history):
        here = start(has_relay=True, history=history, retain=("track",))
        there = start(has_relay=True, history=0, retain=() if history else ("track",))
        one, other = await there.connect(user=ADA), await there.connect(user=BOB)
        layer().is_hanging = True  # so that what comes after the first one goes together
        for event in ("news", "news", "track"):
            here.ws.to(user=ADA).publish(event, {"n": 1})
        await turns()
        layer().is_hanging = False
        await here.ws.publish("end")
        await until(lambda: len(one.events) == 4)
        await until(lambda: "end" in other.events)
        assert sorted(one.events) == ["end", "news", "news", "track"]
        assert other.events == ["end"]

    async def test_one_that_was_forgotten_is_not_told(self, start):
        process = start(retain=("track",))
        await process.connect()
        await process.ws.publish("track", {"n": 1})
        await process.ws.aforget("track")
        assert (await process.connect()).events == []

    async def test_everybody_ends_with_the_same(self, start, layer):
        here, there = (start(has_relay=True, history=0, retain=("track",)) for _ in range(2))
        clients = [await here.connect(), await there.connect()]
        for number in range(5):
            here.ws.publish("track", {"n": number})
            there.ws.publish("track", {"n": 10 + number})
        await until(lambda: all(len(client.events) > 9 for client in clients))
        newest = (await here.connect()).received[0]
        await until(lambda: all(client.received[-1] == newest for client in clients))

    async def test_one_that_comes_while_the_store_is_asked_is_compared_too(self, start):
        class Asked(MemoryStore):
            def retained(self, topic):
                values = super().retained(topic)
                while late:
                    hear(late.pop())
                return values

        def hear(number):
            text = f'{{"event":"track","data":{{"n":{number}}}}}'
            process.keeper.take([PlacedMessage("/chat", "track", text, place=Place(f"sender {number}", 1))])

        guard, late = Guard(Asked()), []
        process = start(store=lambda: guard, history=0, retain=("track",))
        client = await process.connect()
        await process.ws.publish("track", {"n": 1})
        late.append(3)
        hear(2)
        await until(lambda: said(client, "track")[-1:] == [3])
        await until(lambda: said(client, "track")[-1] == 1)

    async def test_what_the_store_takes_while_it_answers_is_newer(self, start):
        class Answering(Hanging):
            def retained(self, topic):
                values = super().retained(topic)
                if is_asked.is_set():
                    self.goes_on.set()
                    is_stored.wait(5)
                return values

        is_asked, is_stored = threading.Event(), threading.Event()
        store = Answering()
        guard = Guard(store)
        timing = {**SOON, "values": replace(SOON["values"], patience=10.0)}
        process = start(store=lambda: guard, history=0, retain=("track",), timing=timing)
        store.goes_on.set()
        await process.connect()
        await process.ws.publish("track", {"n": 1})
        store.goes_on.clear()
        stored = asyncio.ensure_future(process.ws.publish("track", {"n": 2}))
        stored.add_done_callback(lambda _: is_stored.set())
        is_asked.set()
        assert said(await process.connect(), "track") == [2]
        assert is_stored.is_set()  # while it was asked

    async def test_a_recovery_leaves_no_older_one(self, start, guard):
        process = start(retain=("track",))
        client = await process.connect()
        since = (await hello(client))["at"]
        await process.ws.publish("track", {"n": 1})
        guard.store.append(
            "/chat",
            "another",
            1,
            [Entry('{"event":"track","data":{"n":2}}', "", "track")],
            100,
        )
        await client.leave()
        back = await process.connect()
        assert said(back, "track") == [2]
        welcome = await hello(back, {**since, "another": 1})
        assert [event["data"]["n"] for event in welcome["events"]] == [1]
        await until(lambda: said(back, "track") == [2, 2])
