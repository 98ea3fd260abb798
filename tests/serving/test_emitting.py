import asyncio

import pytest
from django.test import override_settings

from tests.support.memory import MemoryClient, MemoryPublisher
from tests.support.waiting import until
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.delivery.shard import Pace
from tornado_websockets.exceptions import EmitHandlerError, InvalidInstanceError, PublishError
from tornado_websockets.paths import PathPattern
from tornado_websockets.serving.emitting import Emitter, emitting_connection
from tornado_websockets.serving.endpoint import Endpoint
from tornado_websockets.transactions import Options

ANYWHERE = override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": True})


class Place:
    """A WebSocket in a process of its own: what is sent there, and who hears it."""

    def __init__(self, path, hub=None):
        self.endpoint = Endpoint(PathPattern(path), 1, None)
        self.endpoint.hub = hub or Hub()
        self.endpoint.hub.publisher = self.publisher = MemoryPublisher()
        self.emitter = Emitter(self.endpoint)
        self.clients = []

    async def connect(self, **parameters):
        client = MemoryClient(self.endpoint, self.endpoint.pattern.build(parameters), parameters)
        self.clients.append(client)
        return await client.connect()

    def on(self, callback):
        self.endpoint.dispatcher.register(callback)

    async def leave(self):
        for client in self.clients:
            await client.leave()


@pytest.fixture
async def chat():
    place = Place("/chat")
    yield place
    await place.leave()


@pytest.fixture
async def rooms():
    place = Place("/room/<slug:room>")
    yield place
    await place.leave()


def said(topic, key=None):
    return Message(topic, "said", '{"event":"said","data":{"message":"hi"}}', key)


class TestEmitting:
    async def test_reaches_those_here_and_elsewhere_who_are_where_the_handler_is(self, rooms):
        async def say():
            await rooms.emitter.emit("said", "hi")

        rooms.on(say)
        here, there = await rooms.connect(room="lobby"), await rooms.connect(room="bar")
        await here.send("say")
        assert (here.events, there.events) == (["said"], [])
        assert rooms.publisher.messages == [said("/room/lobby")]

    async def test_from_a_handler_of_another_websocket_reaches_its_own_path(self, chat):
        async def say():
            await chat.emitter.emit("said", "hi")

        other = Place("/other")
        other.on(say)
        client, caller = await chat.connect(), await other.connect()
        await caller.send("say")
        assert (client.events, caller.events) == (["said"], [])
        await other.leave()

    def test_outside_of_handlers_is_an_error(self, chat):
        with pytest.raises(EmitHandlerError) as caught:
            chat.emitter.emit("said", None)
        assert (caught.value.event, caught.value.path) == ("said", "/chat")
        assert chat.publisher.messages == []

    @ANYWHERE
    def test_outside_of_handlers_is_publishing_where_that_is_allowed(self, chat):
        chat.emitter.emit("said", "hi")
        assert chat.publisher.messages == [said("/chat")]

    @ANYWHERE
    def test_outside_of_handlers_is_an_error_where_a_path_would_have_to_be_guessed(self, rooms):
        with pytest.raises(EmitHandlerError):
            rooms.emitter.emit("said", None)


class TestPublishing:
    def test_goes_to_the_path_of_the_parameters(self, rooms):
        rooms.emitter.publish("said", "hi", {"room": "lobby"}, Options())
        assert rooms.publisher.messages == [said("/room/lobby")]

    def test_raises_where_the_others_were_not_reached(self, chat):
        chat.publisher.error = PublishError("said", "/chat")
        with pytest.raises(PublishError):
            chat.emitter.publish("said", "hi", {}, Options())

    def test_raises_nothing_where_it_is_to_fail_silently(self, chat):
        chat.publisher.error = PublishError("said", "/chat")
        chat.emitter.publish("said", "hi", {}, Options(fail_silently=True))

    async def test_can_be_awaited(self, chat):
        client = await chat.connect()
        await chat.emitter.publish("said", "hi", {}, Options())
        assert client.events == ["said"]

    async def test_in_a_handler_goes_where_it_is_told(self, rooms):
        async def say():
            await rooms.emitter.publish("said", "hi", {"room": "bar"}, Options())

        rooms.on(say)
        here, there = await rooms.connect(room="lobby"), await rooms.connect(room="bar")
        await here.send("say")
        assert (here.events, there.events) == ([], ["said"])


class TestSending:
    async def test_in_a_handler_is_emitting(self, chat):
        async def say():
            chat.emitter.send("said", "hi")

        chat.on(say)
        client = await chat.connect()
        await client.send("say")
        assert client.received == [{"event": "said", "data": {"message": "hi"}}]

    async def test_elsewhere_is_publishing(self, chat):
        client = await chat.connect()
        await chat.emitter.send("said", "hi")
        assert client.received == [{"event": "said", "data": {"message": "hi"}}]

    def test_where_nobody_waits_for_it_fails_silently(self, chat):
        chat.publisher.error = PublishError("said", "/chat")
        chat.emitter.send("said", "hi")
        assert chat.publisher.messages == [said("/chat")]

    def test_needs_to_know_the_path(self, rooms):
        with pytest.raises(TypeError, match="room"):
            rooms.emitter.send("said", "hi")

    @pytest.mark.parametrize(("supersede", "key"), [(True, "said"), (False, None)])
    async def test_tells_other_processes_too_what_it_supersedes(self, chat, supersede, key):
        async def say():
            chat.emitter.send("said", "hi", supersede=supersede)

        chat.on(say)
        await (await chat.connect()).send("say")
        chat.emitter.send("said", "hi", supersede=supersede)
        assert chat.publisher.messages == [said("/chat", key)] * 2

    @pytest.mark.parametrize(("supersede", "expected"), [(True, ["0", "2"]), (False, ["0", "1", "2"])])
    async def test_spares_a_slow_client_what_is_out_of_date(self, chat, supersede, expected):
        client = await chat.connect()
        client.transport.hold()
        for number in range(3):
            chat.emitter.send("update", str(number), supersede=supersede)
        client.transport.release()
        await until(lambda: len(client.received) == len(expected))
        assert [frame["data"]["message"] for frame in client.received] == expected

    async def test_of_many_handlers_keeps_their_order(self):
        """They are senders of their own, and would take turns where a message is all that is sent in one iteration."""
        place, told = Place("/chat", Hub(Pace(budget=1))), []

        async def tick(data):
            for step in "abc":
                told.append(data["who"] + step)
                place.emitter.send("tick", told[-1])

        place.on(tick)
        clients = [await place.connect() for _ in range(2)]
        await asyncio.gather(*(client.send("tick", {"who": who}) for who, client in zip("xy", clients, strict=True)))
        await until(lambda: all(len(client.received) == 6 for client in clients))
        for client in clients:
            assert [frame["data"]["message"] for frame in client.received] == told
        await place.leave()


@pytest.mark.parametrize("way", ["emit", "publish", "send"])
class TestWhateverIsSent:
    @staticmethod
    def send(place, way, data):
        more = {"publish": ({}, Options())}.get(way, ())
        return getattr(place.emitter, way)("said", data, *more)

    def test_must_be_what_json_can_hold(self, chat, way):
        with pytest.raises(TypeError):
            self.send(chat, way, {"value": object()})
        assert chat.publisher.messages == []

    def test_reaches_nobody_while_there_are_strangers(self, chat, way):
        chat.endpoint.handlers = ["a stranger"]
        with pytest.raises(InvalidInstanceError):
            self.send(chat, way, "hi")
        assert chat.publisher.messages == []


class TestTheEmittingConnection:
    @staticmethod
    async def seen_by(endpoint, place):
        """The emitting connection of ``endpoint`` in a handler of a client of ``place``, and that client's own."""
        seen = []

        async def look():
            seen.append(emitting_connection(endpoint))

        place.on(look)
        client = await place.connect()
        await client.send("look")
        return seen[0], client.connection

    def test_is_nobodys_outside_of_handlers(self, chat):
        assert emitting_connection(chat.endpoint) is None

    async def test_is_that_of_the_running_handler(self, chat):
        found, its_own = await self.seen_by(chat.endpoint, chat)
        assert found is its_own

    async def test_may_be_that_of_another_endpoint_where_there_is_one_path(self, chat):
        found, its_own = await self.seen_by(Place("/other").endpoint, chat)
        assert found is its_own

    async def test_is_not_that_of_another_endpoint_where_there_are_many_paths(self, chat):
        assert (await self.seen_by(Place("/room/<slug:room>").endpoint, chat))[0] is None
