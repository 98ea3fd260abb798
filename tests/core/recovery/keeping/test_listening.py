"""Processes that share a layer, each with what it sends in its own memory: nothing is recovered over a deaf time."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from tests.support.kept import SOON, Process, hello, memory_of_its_own
from tests.support.layers import IN_MEMORY
from tests.support.lossy import LOSSY
from tests.support.memory import MemoryClient, MemoryPublisher
from tests.support.waiting import until
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.delivery.keeper import Place, PlacedMessage
from tornado_websockets.core.recovery.keeping.journal import Journal
from tornado_websockets.core.recovery.keeping.listening import Listening
from tornado_websockets.core.recovery.keeping.policy import Policy
from tornado_websockets.core.stopping import stop, stopping
from tornado_websockets.store.guard import Guard
from tornado_websockets.store.memory import MemoryStore


@pytest.fixture
def layer() -> Iterator[Any]:
    with override_settings(CHANNEL_LAYERS=LOSSY):
        yield get_channel_layer()


@pytest.fixture
def start(layer: Any) -> Callable[..., Process]:
    def start(seconds: float = 300.0, **options: Any) -> Process:
        options = {"store": memory_of_its_own(seconds=seconds), "history": 20, **options}
        return Process(**options)

    return start


def is_heard(layer: Any) -> bool:
    return any(members for group, members in layer.groups.items() if group.endswith("chat"))


async def visit(process: Process, since: object = None) -> dict[str, Any]:
    """Connect, say hello and leave; the welcome."""
    client = await process.connect()
    welcome = await hello(client, since)
    await client.leave()
    return welcome


async def publish(layer: Any, process: Process, number: int, *listeners: Process) -> None:
    """Publish, and wait for the layer to have it, and for all ``listeners`` to have heard it."""
    before, sent = [stand(each) for each in listeners], len(layer.texts)
    await process.ws.publish("said", {"n": number})
    await until(lambda: len(layer.texts) > sent)
    await until(lambda: all(stand(each) > last for each, last in zip(listeners, before, strict=True)))


def position(process: Process) -> dict[str, int]:
    return process.keeper.position("/chat", process.endpoint.kept_hub.policy)


def stand(process: Process) -> int:
    return sum(position(process).values())


def numbers(welcome: dict[str, Any]) -> list[int]:
    return [frame["data"]["n"] for frame in welcome["events"]]


class TestWhoComesBack:
    async def test_has_what_another_process_sent_meanwhile(self, start, layer):
        here, there = start(), start()
        at = (await visit(here))["at"]
        await publish(layer, there, 1, here)
        await publish(layer, here, 2, here)
        welcome = await visit(here, at)
        assert welcome["recovered"]
        assert sorted(numbers(welcome)) == [1, 2]

    async def test_recovers_nothing_after_a_time_in_which_nobody_listened(self, start, layer):
        here, there = start(seconds=0.05, retain=("track",)), start()
        await here.ws.publish("track", {"n": 0})
        at = (await visit(here))["at"]
        await until(lambda: not is_heard(layer))
        await publish(layer, there, 1)
        client, other = await here.connect(), await here.connect()
        welcome = await hello(client, at)
        assert client.events[0] == "track"  # which stays
        assert not welcome["recovered"]
        assert (await hello(other, welcome["at"]))["recovered"]
        await client.leave()
        await other.leave()

    async def test_gets_what_was_sent_here_since_its_page_was_rendered(self, start, layer):
        here, elsewhere = start(), start()
        at = position(here)  # before anybody listened
        await publish(layer, here, 1)
        welcome = await visit(here, at)
        assert welcome["recovered"]
        assert numbers(welcome) == [1]
        at = await here.keeper.aposition("/chat", here.endpoint.kept_hub.policy)  # now somebody does
        await publish(layer, elsewhere, 2, here)
        assert numbers(await visit(here, at)) == [2]

    async def test_recovers_nothing_over_an_outage_of_the_layer(self, start, layer):
        here = start()
        client = await here.connect()
        before = (await hello(client))["at"]
        layer.error = ConnectionError("down")
        await until(lambda: here.hub.publisher.stretch("/chat") == 0)
        meanwhile = await here.keeper.aposition("/chat", here.endpoint.kept_hub.policy)
        other = await here.connect()
        assert not (await hello(other, before))["recovered"]
        layer.error = None
        await until(lambda: here.hub.publisher.stretch("/chat") != 0)
        for since in (before, meanwhile):
            assert not (await hello(client, since))["recovered"]
        after = (await hello(client))["at"]
        assert (await hello(other, after))["recovered"]
        await client.leave()
        await other.leave()

    async def test_recovers_nothing_where_it_came_during_an_outage(self, start, layer):
        here = start()
        layer.error = ConnectionError("down")
        client = await here.connect()
        at = (await hello(client))["at"]
        layer.error = None
        await until(lambda: here.hub.publisher.stretch("/chat") != 0)
        assert not (await hello(client, at))["recovered"]
        await client.leave()

    async def test_recovers_nothing_where_a_number_is_missing(self, start, layer):
        here, there = start(), start()
        client = await here.connect()
        at = (await hello(client))["at"]
        layer.plan.append("lose")
        await publish(layer, there, 1)
        await publish(layer, there, 2)
        await until(lambda: here.keeper._journals["/chat"][0].gaps)
        assert not (await hello(client, at))["recovered"]  # while it is waited for
        await until(lambda: client.events[-2:] == ["tws.gap", "said"])
        await client.leave()
        assert not (await visit(here, at))["recovered"]

    @pytest.mark.parametrize("has_clients", [True, False])
    async def test_hears_once_what_follows_what_is_lost(self, start, layer, has_clients):
        here, there = start(), start()
        client = await here.connect()
        if has_clients:
            await there.connect()
        layer.plan.append("lose")
        await publish(layer, there, 1)
        await publish(layer, there, 2)
        await until(lambda: "tws.gap" in client.events)
        await publish(layer, there, 3, here)
        assert client.events == ["tws.gap", "said", "said"]


def tracks(client: MemoryClient) -> list[int]:
    return [frame["data"]["n"] for frame in client.received if frame["event"] == "track"]


@pytest.mark.parametrize("history", [0, 20])
class TestTheNewestValue:
    async def test_is_the_one_that_was_heard_last(self, start, history):
        here, there = (start(history=history, retain=("track",)) for _ in range(2))
        clients = [await here.connect(), await there.connect()]
        for number, process in enumerate([here, there, there, here, there], 1):
            await process.ws.publish("track", {"n": number})
            await until(lambda number=number: all(len(tracks(client)) == number for client in clients))
        await asyncio.sleep(4 * SOON["values"].settling)  # after which nobody is turned back
        assert [tracks(client) for client in clients] == [[1, 2, 3, 4, 5]] * 2
        assert [tracks(await process.connect()) for process in (here, there)] == [[5], [5]]

    async def test_is_told_after_all_else_of_the_path_was_forgotten(self, start, history):
        here, there = (start(history=history, retain=("track",)) for _ in range(2))
        client = await here.connect()
        await here.ws.publish("track", {"n": 1})
        await there.ws.publish("track", {"n": 2})
        await until(lambda: tracks(client) == [1, 2])
        await client.leave()
        here.keeper.forget()
        assert tracks(await here.connect()) == [2]
        await here.ws.aforget("track")
        assert tracks(await here.connect()) == []

    async def test_is_compared_with_nothing(self, start, history):
        class Asked(MemoryStore):
            def retained(self, topic):
                questions.append(topic)
                return super().retained(topic)

        questions: list[str] = []
        store = Asked()
        guard = Guard(store, begin_anew=store.begin_anew, retain=store.retain)
        here = start(store=lambda: guard, history=history, retain=("track",))
        there = start(history=history, retain=("track",))
        client = await here.connect()
        for number, process in enumerate([here, there, here], 1):
            await process.ws.publish("track", {"n": number})
            await until(lambda number=number: len(tracks(client)) == number)
        await asyncio.sleep(4 * SOON["values"].settling)
        assert questions == ["/chat"]  # when the client came

    async def test_is_the_one_that_was_heard_while_an_older_one_was_stored(self, start, history):
        class Hearing(MemoryStore):
            def append(self, topic, *arguments):
                text = '{"event":"track","data":{"n":2}}'
                here.keeper.take([PlacedMessage(topic, "track", text, place=Place("another", 1))])
                super().append(topic, *arguments)

        store = Hearing()
        guard = Guard(store, begin_anew=store.begin_anew, retain=store.retain)
        here = start(store=lambda: guard, history=history, retain=("track",))
        client = await here.connect()
        await here.ws.publish("track", {"n": 1})
        assert tracks(await here.connect()) == [2]
        assert tracks(client) == [1, 2]


class TestAPathWithoutClients:
    async def test_is_heard_for_as_long_as_events_are_kept(self, start, layer):
        here = start(seconds=0.2)
        await visit(here)
        assert is_heard(layer)
        await visit(here)
        await until(lambda: not is_heard(layer))

    async def test_is_heard_no_more_when_the_process_stops(self, start, layer):
        here = start()
        await visit(here)
        await stop(here.hub.shard())
        assert here.hub.publisher._receiver.is_stopped
        stopping.begin()
        try:
            await visit(here)
        finally:
            stopping.forget()
        assert not is_heard(layer)

    async def test_is_not_heard_where_the_store_is_shared(self, layer):
        guard = Guard(MemoryStore())
        await visit(Process(history=20, store=lambda: guard))
        assert not is_heard(layer)

    @pytest.mark.parametrize("layers", [{}, IN_MEMORY])
    async def test_is_recovered_from_where_there_are_no_others(self, layers):
        with override_settings(CHANNEL_LAYERS=layers):
            here = Process(history=20, store=memory_of_its_own())
            at = position(here)
            await here.ws.publish("said", {"n": 1})
            assert numbers(await visit(here, at)) == [1]
            assert not here.hub.hears("/chat")

    async def test_makes_room_for_one_that_was_left_later(self):
        class Hearing(MemoryPublisher):
            def stretch(self, topic: str) -> int:
                return 1

        hub, ended = Hub(), []
        hub.publisher = Hearing()
        listening = Listening(hub, ended.append, most=2)
        asked = memory_of_its_own()()
        for topic in ("/a", "/b", "/a", "/c"):
            await listening.go_on(Journal(topic, Policy(20)), asked)
        assert ended == ["/b"]
        await listening.end()
        assert (hub.publisher.log, ended) == ([f"leave {topic}" for topic in ("/b", "/a", "/c")], ["/b", "/a", "/c"])
