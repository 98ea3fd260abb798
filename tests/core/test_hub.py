import asyncio
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from tests.project.scripts import run_script
from tests.project.waiting import until
from tornado_websockets.core.hub import Hub


class Member:
    """A connection, as far as a hub knows one."""

    def __init__(self, path="/chat", log=None):
        self.path = path
        self.got = []
        self.keys = []
        self.log = [] if log is None else log
        self.endpoint = SimpleNamespace(handlers=[self])

    def deliver(self, item, key=None):
        self.got.append(item)
        self.keys.append(key)
        self.log.append(f"delivered {item}")


class Recorder:
    """A publisher that keeps what it is asked."""

    def __init__(self):
        self.log = []
        self.outcome = Future()

    async def join(self, path):
        self.log.append(f"join {path}")

    async def leave(self, path):
        self.log.append(f"leave {path}")

    def forward(self, path, text, key):
        self.log.append(f"forward {path} {text} {key}")

    def is_congested(self, path):
        return False

    async def room(self, path):
        """Nothing has to be waited for."""

    def publish(self, path, event, text, key):
        self.log.append(f"publish {path} {event} {text} {key}")
        return self.outcome


class Elsewhere:
    """A running event loop in a thread of its own, with a member on it."""

    def __init__(self, hub):
        self.member = Member()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(hub)), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self, hub):
        self.loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        hub.lane().add(self.member)
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
    hub.publisher = Recorder()
    return hub.publisher


@pytest.fixture
def elsewhere(hub):
    elsewhere = Elsewhere(hub)
    yield elsewhere
    if not elsewhere.loop.is_closed():
        elsewhere.stop()


def join(hub, path="/chat", log=None):
    member = Member(path, log)
    hub.lane().add(member)
    return member


class TestLanes:
    async def test_there_is_one_for_a_loop(self, hub):
        assert hub.lane() is hub.lane()
        assert hub.lane().loop is asyncio.get_running_loop()

    def test_each_loop_has_its_own(self, hub):
        async def lane():
            return hub.lane()

        first, second = asyncio.run(lane()), asyncio.run(lane())
        assert first is not second

    async def test_those_of_closed_loops_are_forgotten_when_another_comes(self, hub, elsewhere):
        lane = hub.lane()
        elsewhere.stop()
        another = Elsewhere(hub)
        assert set(hub._lanes) == {lane.loop, another.loop}
        another.stop()

    async def test_hubs_share_none(self, hub):
        assert Hub().lane() is not hub.lane()


class TestDelivering:
    async def test_reaches_all_of_the_path(self, hub):
        members, stranger = [join(hub), join(hub)], join(hub, "/other")
        hub.deliver("/chat", "hi")
        assert [member.got for member in members] == [["hi"], ["hi"]]
        assert stranger.got == []

    async def test_leaves_one_out(self, hub):
        one, other = join(hub), join(hub)
        hub.deliver("/chat", "hi", exclude=one)
        assert (one.got, other.got) == ([], ["hi"])

    async def test_passes_the_key_on(self, hub):
        member = join(hub)
        hub.deliver("/chat", "50 %", key="update")
        assert member.keys == ["update"]

    async def test_reaches_other_loops(self, hub, elsewhere):
        member = join(hub)
        hub.deliver("/chat", "hi")
        await until(lambda: elsewhere.member.got == ["hi"])
        assert member.got == ["hi"]

    async def test_passes_over_loops_that_were_closed_with_clients_on_them(self, hub, elsewhere):
        member = join(hub)
        elsewhere.stop()
        hub.deliver("/chat", "hi")
        hub.deliver("/chat", "there")
        assert member.got == ["hi", "there"]
        assert elsewhere.member.got == []
        assert elsewhere.loop not in hub._lanes

    async def test_hides_no_other_error(self, hub):
        class Broken(Member):
            def deliver(self, item, key=None):
                raise RuntimeError("broken")

        hub.lane().add(Broken())
        with pytest.raises(RuntimeError, match="broken"):
            hub.deliver("/chat", "hi")

    async def test_needs_no_publisher(self, hub, publisher):
        join(hub)
        hub.deliver("/chat", "hi")
        assert publisher.log == []


class TestEmitting:
    async def test_serves_the_clients_here_first(self, hub, publisher):
        join(hub, log=publisher.log)
        hub.emit("/chat", "hi", key="update")
        assert publisher.log == ["delivered hi", "forward /chat hi update"]

    async def test_leaves_one_out_here(self, hub, publisher):
        member = join(hub)
        hub.emit("/chat", "hi", exclude=member)
        assert member.got == []
        assert publisher.log == ["forward /chat hi None"]

    async def test_works_without_publisher(self, hub):
        member = join(hub)
        hub.emit("/chat", "hi")
        assert member.got == ["hi"]


class TestPublishing:
    async def test_serves_the_clients_here_first(self, hub, publisher):
        member = join(hub, log=publisher.log)
        hub.publish("/chat", "say", "hi", key="update")
        assert publisher.log == ["delivered hi", "publish /chat say hi update"]
        assert member.keys == ["update"]

    async def test_returns_how_it_went(self, hub, publisher):
        assert hub.publish("/chat", "say", "hi") is publisher.outcome

    async def test_returns_nothing_where_there_is_no_way_out(self, hub):
        member = join(hub)
        assert hub.publish("/chat", "say", "hi") is None
        assert member.got == ["hi"]


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

    async def test_paths_are_counted_apart(self, hub, publisher):
        await hub.enter("/chat")
        await hub.enter("/other")
        await hub.leave("/other")
        assert publisher.log[-1] == "leave /other"

    async def test_a_path_can_be_entered_again(self, hub, publisher):
        for _ in range(2):
            await hub.enter("/chat")
            await hub.leave("/chat")
        assert publisher.log == ["join /chat", "leave /chat"] * 2

    async def test_works_without_publisher(self, hub):
        await hub.enter("/chat")
        await hub.leave("/chat")
        assert not hub._clients


class TestForgetting:
    async def test_leaves_no_client(self, hub, publisher):
        member = join(hub)
        await hub.enter("/chat")
        hub.forget()
        hub.deliver("/chat", "hi")
        assert member.got == []
        assert member.endpoint.handlers == []
        await hub.enter("/chat")
        await hub.leave("/chat")
        assert publisher.log[-1] == "leave /chat"

    async def test_keeps_the_publisher(self, hub, publisher):
        hub.forget()
        assert hub.publisher is publisher

    def test_happens_in_a_forked_process(self):
        script = """
            import asyncio, os
            from tornado_websockets.core.hub import hub

            async def main():
                hub.lane()
                await hub.enter("/chat")

            asyncio.run(main())
            child = os.fork()
            if child == 0:
                os._exit(len(hub._lanes) + len(hub._clients))
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(hub._lanes), len(hub._clients))
        """
        assert run_script(script) == "0 1 1\n"

    def test_of_connections_in_a_forked_process_empties_handlers_and_counters(self):
        script = """
            import asyncio, os
            from tests.project.clients import Client
            from tornado_websockets.core.counters import counters
            from tornado_websockets.websocket import WebSocket

            ws = WebSocket("/test")

            async def main():
                await Client(ws).connect()
                counters.messages_lost += 1
                child = os.fork()
                if child == 0:
                    os._exit(len(ws.handlers) + any(counters.as_dict().values()))
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(ws.handlers), counters.connections)

            asyncio.run(main())
        """
        assert run_script(script, are_warnings_errors=False) == "0 1 1\n"
