import asyncio
import threading

import pytest

from tests.support.memory import MemoryClient, MemoryMember, MemoryPublisher
from tests.support.scripts import run_script
from tests.support.waiting import until
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.delivery.hub import Hub, shared_future
from tornado_websockets.core.delivery.message import Message
from tornado_websockets.core.delivery.shard import Pace
from tornado_websockets.exceptions import PublishError
from tornado_websockets.paths import PathPattern
from tornado_websockets.serving.endpoint import Endpoint

HI = Message("/chat", "say", "hi")


class LoggingMember(MemoryMember):
    """One that notes in somebody's log when it is delivered something."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def deliver(self, item, key=None):
        super().deliver(item, key)
        self.log.append(f"delivered {item}")


class Elsewhere:
    """A running event loop in a thread of its own, with a member on it."""

    def __init__(self, hub):
        self.member = MemoryMember()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(hub)), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self, hub):
        self.loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        hub.shard().subscribe(self.member, "/chat")
        self._ready.set()
        await self._stopping.wait()

    def stop(self):
        self.loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def publisher(hub):
    hub.publisher = MemoryPublisher()
    return hub.publisher


@pytest.fixture
def elsewhere(hub):
    elsewhere = Elsewhere(hub)
    yield elsewhere
    if not elsewhere.loop.is_closed():
        elsewhere.stop()


def join(hub, topic="/chat", log=None):
    member = MemoryMember() if log is None else LoggingMember(log)
    hub.shard().subscribe(member, topic)
    return member


def all_but(member):
    return Audience(exclude=frozenset((member.id,)))


class TestShards:
    async def test_there_is_one_for_a_loop(self, hub):
        assert hub.shard() is hub.shard()
        assert hub.shard().loop is asyncio.get_running_loop()

    def test_each_loop_has_its_own(self, hub):
        async def shard():
            return hub.shard()

        first, second = asyncio.run(shard()), asyncio.run(shard())
        assert first is not second

    async def test_those_of_closed_loops_are_forgotten_when_another_comes(self, hub, elsewhere):
        shard = hub.shard()
        elsewhere.stop()
        another = Elsewhere(hub)
        assert set(hub._shards) == {shard.loop, another.loop}
        another.stop()

    async def test_tell_the_loops_on_which_a_topic_has_clients(self, hub, elsewhere):
        assert hub.loops_of("/chat") == [elsewhere.loop]
        hub.shard().subscribe(MemoryMember(), "/chat")
        assert set(hub.loops_of("/chat")) == {elsewhere.loop, asyncio.get_running_loop()}
        elsewhere.stop()
        assert hub.loops_of("/chat") == [asyncio.get_running_loop()]
        assert hub.loops_of("/other") == []

    async def test_have_the_pace_of_the_hub(self):
        pace = Pace(budget=7)
        assert Hub(pace).shard().pace is pace

    async def test_hubs_share_none(self, hub):
        assert Hub().shard() is not hub.shard()


class TestDelivering:
    async def test_reaches_all_of_the_topic(self, hub):
        members, stranger = [join(hub), join(hub)], join(hub, "/other")
        hub.deliver(HI)
        assert [member.items for member in members] == [["hi"], ["hi"]]
        assert stranger.items == []

    async def test_leaves_one_out(self, hub):
        one, other = join(hub), join(hub)
        hub.deliver(Message("/chat", "say", "hi", audience=all_but(one)))
        assert (one.items, other.items) == ([], ["hi"])

    async def test_passes_the_key_on(self, hub):
        member = join(hub)
        hub.deliver(Message("/chat", "update", "50 %", key="update"))
        assert member.keys == ["update"]

    async def test_reaches_other_loops(self, hub, elsewhere):
        member = join(hub)
        hub.deliver(HI)
        await until(lambda: elsewhere.member.items == ["hi"])
        assert member.items == ["hi"]

    async def test_passes_over_loops_that_were_closed_with_clients_on_them(self, hub, elsewhere):
        member = join(hub)
        elsewhere.stop()
        hub.deliver(HI)
        hub.deliver(Message("/chat", "say", "there"))
        assert member.items == ["hi", "there"]
        assert elsewhere.member.items == []
        assert elsewhere.loop not in hub._shards

    async def test_hides_no_other_error(self, hub):
        class Broken(MemoryMember):
            def deliver(self, item, key=None):
                raise RuntimeError("broken")

        hub.shard().subscribe(Broken(), "/chat")
        with pytest.raises(RuntimeError, match="broken"):
            hub.deliver(HI)

    async def test_needs_no_publisher(self, hub, publisher):
        join(hub)
        hub.deliver(HI)
        assert publisher.log == []

    @pytest.mark.parametrize(("sender", "line"), [(None, "/chat"), ("somebody", "somebody")])
    async def test_takes_the_turn_of_its_sender_by_default_that_of_the_topic(self, sender, line):
        hub = Hub(Pace(budget=1))
        join(hub)
        hub.deliver(HI, sender)
        hub.deliver(HI, sender)
        assert hub.shard().has_waiting(line)
        await hub.shard().settle(line)


class TestEmitting:
    async def test_serves_the_clients_here_first(self, hub, publisher):
        join(hub, log=publisher.log)
        message = Message("/chat", "say", "hi", key="update")
        hub.emit(message)
        assert publisher.log == ["delivered hi", message]

    async def test_asks_for_no_word_of_how_it_went(self, hub, publisher):
        hub.emit(HI)
        assert publisher.outcomes == [None]

    async def test_leaves_one_out_here(self, hub, publisher):
        member = join(hub)
        message = Message("/chat", "say", "hi", audience=all_but(member))
        hub.emit(message)
        assert member.items == []
        assert publisher.log == [message]

    async def test_works_without_publisher(self, hub):
        member = join(hub)
        hub.emit(HI)
        assert member.items == ["hi"]


class TestPublishing:
    async def test_serves_the_clients_here_first(self, hub, publisher):
        member = join(hub, log=publisher.log)
        message = Message("/chat", "say", "hi", key="update")
        hub.publish(message)
        assert publisher.log == ["delivered hi", message]
        assert member.keys == ["update"]

    async def test_returns_how_it_went(self, hub, publisher):
        outcome = hub.publish(HI)
        assert publisher.outcomes == [outcome]
        assert outcome.result() is None

    async def test_returns_why_it_failed(self, hub, publisher):
        publisher.error = PublishError("say", "/chat")
        assert hub.publish(HI).exception() is publisher.error

    async def test_returns_nothing_where_there_is_no_way_out(self, hub):
        member = join(hub)
        assert hub.publish(HI) is None
        assert member.items == ["hi"]

    async def test_goes_on_though_somebody_waits_no_more(self):
        future = shared_future()
        waiting = asyncio.wrap_future(future)
        waiting.cancel()
        await asyncio.sleep(0)
        future.set_result(None)
        assert future.result() is None


class TestEnteringAndLeaving:
    async def test_the_publisher_joins_for_each_client(self, hub, publisher):
        await hub.enter("/chat")
        await hub.enter("/chat")
        assert publisher.log == ["join /chat", "join /chat"]

    async def test_the_publisher_leaves_with_the_last_client(self, hub, publisher):
        await hub.enter("/chat")
        await hub.enter("/chat")
        publisher.log.clear()
        await hub.leave("/chat")
        assert publisher.log == []
        await hub.leave("/chat")
        assert publisher.log == ["leave /chat"]

    async def test_topics_are_counted_apart(self, hub, publisher):
        await hub.enter("/chat")
        await hub.enter("/other")
        await hub.leave("/other")
        assert publisher.log[-1] == "leave /other"

    async def test_a_topic_can_be_entered_again(self, hub, publisher):
        for _ in range(2):
            await hub.enter("/chat")
            await hub.leave("/chat")
        assert publisher.log == ["join /chat", "leave /chat"] * 2

    async def test_tells_which_topics_have_clients(self, hub):
        assert hub.is_empty
        await hub.enter("/chat")
        assert (hub.topics(), hub.has_clients("/chat"), hub.has_clients("/other")) == (["/chat"], True, False)
        assert not hub.is_empty
        await hub.leave("/chat")
        assert hub.is_empty

    async def test_works_without_publisher(self, hub):
        await hub.enter("/chat")
        await hub.leave("/chat")
        assert not hub._clients


class TestTwoHubs:
    """Two processes, as it were, in one."""

    @pytest.fixture
    async def clients(self):
        """A client of each of two endpoints, which have the same path."""
        clients = []
        for _ in range(2):
            endpoint = Endpoint(PathPattern("/chat"), 1, None)
            endpoint.hub = Hub()
            clients.append(await MemoryClient(endpoint, "/chat").connect())
        yield clients
        for client in clients:
            await client.leave()

    async def test_do_not_hear_each_other(self, clients):
        here, there = clients
        here.connection.endpoint.hub.emit(Message("/chat", "here", '{"event":"here","data":{}}'))
        there.connection.endpoint.hub.emit(Message("/chat", "there", '{"event":"there","data":{}}'))
        assert (here.events, there.events) == (["here"], ["there"])

    async def test_do_not_hear_what_a_handler_of_the_other_broadcasts(self, clients):
        async def shout(socket):
            await socket.broadcast("shouted")

        here, there = clients
        here.connection.endpoint.dispatcher.register(shout)
        neighbour = await MemoryClient(here.connection.endpoint, "/chat").connect()
        await here.send("shout")
        assert (neighbour.events, there.events) == (["shouted"], [])
        await neighbour.leave()

    async def test_have_publishers_of_their_own(self, clients):
        here, there = (client.connection.endpoint.hub for client in clients)
        here.publisher, there.publisher = MemoryPublisher(), MemoryPublisher()
        here.emit(HI)
        assert (here.publisher.log, there.publisher.log) == ([HI], [])

    async def test_count_their_own_clients(self, clients):
        here, there = (client.connection.endpoint.hub for client in clients)
        await clients[0].leave()
        assert (here.is_empty, there.is_empty) == (True, False)


class TestForgetting:
    async def test_leaves_no_client(self, hub, publisher):
        member = join(hub)
        await hub.enter("/chat")
        hub.forget()
        hub.deliver(HI)
        assert member.items == []
        await hub.enter("/chat")
        await hub.leave("/chat")
        assert publisher.log[-1] == "leave /chat"

    async def test_keeps_the_publisher(self, hub, publisher):
        hub.forget()
        assert hub.publisher is publisher

    def test_happens_in_a_forked_process(self):
        script = """
            import asyncio, os
            from tornado_websockets.core.delivery.hub import Hub

            hub = Hub()

            async def main():
                hub.shard()
                await hub.enter("/chat")

            asyncio.run(main())
            child = os.fork()
            if child == 0:
                os._exit(len(hub._shards) + len(hub._clients))
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(hub._shards), len(hub._clients))
        """
        assert run_script(script) == "0 1 1\n"

    def test_of_connections_in_a_forked_process_empties_handlers_and_counters(self):
        script = """
            import asyncio, os
            from tests.support.memory import MemoryClient
            from tornado_websockets.core.counters import counters
            from tornado_websockets.websocket import WebSocket, endpoint_of

            ws = WebSocket("/test")

            async def main():
                await MemoryClient(endpoint_of(ws)).connect()
                counters.messages_lost += 1
                child = os.fork()
                if child == 0:
                    os._exit(len(ws.handlers) + any(counters.as_dict().values()))
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(ws.handlers), counters.connections)

            asyncio.run(main())
        """
        assert run_script(script, are_warnings_errors=False) == "0 1 1\n"
