import asyncio
import threading
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic, time
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.test import override_settings

from tests.support.memory import MemoryClient
from tests.support.waiting import turns, until
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.people.place import Said
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.people.counting import AWAITED_SINCE
from tornado_websockets.people.presence import PresencePace
from tornado_websockets.testing import Client, ConnectionRefused, SyncClient
from tornado_websockets.websocket import WebSocket, endpoint_of

ADA, BOB = (SimpleNamespace(pk=number, is_authenticated=True, name=name) for number, name in ((1, "Ada"), (2, "Bob")))


def name_of(socket):
    name = getattr(socket.user, "name", None)
    return None if name is None else {"name": name}


def here(presence=name_of, path="/here"):
    return WebSocket(path, add_to_handlers=False, presence=presence)


def person(user, connections=1):
    return {"id": str(user.pk), "info": {"name": user.name}, "connections": connections}


def joined(*people):
    return {"joined": list(people), "left": [], "changed": []}


@pytest.fixture(autouse=True)
def short_grace():
    with override_settings(TORNADO_WEBSOCKETS={"PRESENCE_GRACE": 0.3}):
        yield


class TestPeople:
    async def test_are_shown_to_who_connects_and_told_to_the_others(self):
        ws = here()
        async with Client("/here", user=ADA, websocket=ws) as ada:
            assert await ada.receive("presence") == {"people": [person(ADA)]}
            async with Client("/here", user=BOB, websocket=ws) as bob:
                assert await bob.receive("presence") == {"people": [person(ADA), person(BOB)]}
                assert await ada.receive("presence") == joined(person(BOB))
                await bob.assert_nothing("presence", timeout=0.2)
            assert await ada.receive("presence") == {"joined": [], "left": ["2"], "changed": []}
            assert ada.people == {"1": person(ADA)}

    async def test_who_is_none_is_not_listed_but_is_told(self):
        ws = here()
        async with Client("/here", user=ADA, websocket=ws) as ada, Client("/here", websocket=ws) as nobody:
            assert (await nobody.receive("presence"))["people"] == [person(ADA)]
            await ada.receive("presence")
            await ada.assert_nothing("presence", timeout=0.2)

    async def test_of_several_tabs_are_one(self):
        ws = here()
        async with Client("/here", user=ADA, websocket=ws) as one:
            await one.receive("presence")
            async with Client("/here", user=ADA, websocket=ws) as two:
                assert await two.receive("presence") == {"people": [person(ADA, 2)]}
                assert await one.receive("presence") == {"joined": [], "left": [], "changed": [person(ADA, 2)]}
            assert await one.receive("presence") == {"joined": [], "left": [], "changed": [person(ADA)]}

    async def test_who_reconnects_has_not_left(self):
        ws = here()
        async with Client("/here", user=BOB, websocket=ws) as bob:
            async with Client("/here", user=ADA, websocket=ws):
                await until(lambda: "1" in bob.people)
            async with Client("/here", user=ADA, websocket=ws) as ada:
                await bob.receive("presence")
                await bob.receive("presence")
                await bob.assert_nothing("presence", timeout=0.6)
                assert ada.people == bob.people

    def test_leave_where_the_clock_of_the_event_loop_is_coarse(self):
        """That of uvloop has milliseconds, and calls up to one too early."""

        class CoarseLoop(asyncio.SelectorEventLoop):
            def time(self):
                return super().time() // 0.125 / 8

        async def test():
            ws = here()
            async with Client("/here", user=BOB, websocket=ws) as bob:
                async with Client("/here", user=ADA, websocket=ws):
                    await until(lambda: "1" in bob.people)
                    while monotonic() % 0.125 < 0.0625:  # as late as a timer would not notice
                        await turns(1)
                await until(lambda: "1" not in bob.people, 2.0)

        grace = override_settings(TORNADO_WEBSOCKETS={"PRESENCE_GRACE": 0.25})
        with grace, asyncio.Runner(loop_factory=CoarseLoop) as runner:
            runner.run(test())

    async def test_are_not_here_again_when_their_user_is_set_in_the_end(self):
        ws = here()

        @ws.on
        async def close(socket):
            socket.user = SimpleNamespace(pk=3, is_authenticated=True)

        async with Client("/here", user=BOB, websocket=ws) as bob:
            async with Client("/here", user=ADA, websocket=ws):
                await until(lambda: "1" in bob.people)
            await until(lambda: "1" not in bob.people)
            assert [each["id"] for each in await ws.apeople()] == ["2"]

    async def test_say_nothing_new_when_their_user_is_read_again(self):
        ws = here(True)
        async with (
            Client("/here", user=ADA, websocket=ws) as one,
            Client("/here", user=ADA, websocket=ws) as two,
            Client("/here", websocket=ws) as other,
        ):
            one.connection.present({"tab": 1})
            two.connection.present({"tab": 2})
            await until(lambda: other.people.get("1", {}).get("info") == {"tab": 2})
            one.connection.user = ADA  # as ws.recheck does
            other.connection.present({})
            await until(lambda: len(other.people) == 2)
            assert other.people["1"]["info"] == {"tab": 2}

    async def test_whose_server_stops_stay_while_they_may_return(self):
        ws = here()
        async with Client("/here", user=BOB, websocket=ws) as bob, Client("/here", user=ADA, websocket=ws) as ada:
            await until(lambda: set(bob.people) == {"1", "2"})
            connection_of(ada.connection).end(Close(1012, "retry=1000"))
            await until(lambda: ada.close_code == 1012 and ada.connection not in ws.handlers)
            await bob.receive("presence")
            await bob.receive("presence")
            await bob.assert_nothing("presence", timeout=0.6)  # the grace is shorter
            assert await ws.ais_present(ADA)

    async def test_that_nobody_knows_are_each_their_own_and_leave_at_once(self):
        ws = here(lambda socket: {})
        async with Client("/here", websocket=ws) as one:
            async with Client("/here", websocket=ws) as two:
                await until(lambda: len(one.people) == len(two.people) == 2)
                assert not {one.connection.id, two.connection.id} & set(one.people)
            assert len((await one.receive("presence"))["people"]) == 1
            await one.receive("presence")
            assert len((await one.receive("presence", timeout=0.25))["left"]) == 1

    async def test_of_one_room_are_not_those_of_another(self):
        ws = here(path="/here/<slug:room>")
        async with Client("/here/a", user=ADA, websocket=ws) as a, Client("/here/b", user=BOB, websocket=ws) as b:
            assert (await a.receive("presence"))["people"] == [person(ADA)]
            assert (await b.receive("presence"))["people"] == [person(BOB)]
            assert await ws.apeople(room="a") == [person(ADA)]
            assert await ws.ais_present(ADA, room="a")
            assert await ws.ais_present("1", room="a")
            assert not await ws.ais_present(ADA, room="b")
            with pytest.raises(TypeError):
                await ws.apeople()
            with pytest.raises(TypeError):
                await ws.ais_present(None, room="a")

    async def test_that_come_within_a_moment_are_told_together(self):
        ws = here()
        users = [SimpleNamespace(pk=number, is_authenticated=True, name=str(number)) for number in range(10, 20)]
        async with Client("/here", user=ADA, websocket=ws) as ada, AsyncExitStack() as stack:
            await ada.receive("presence")
            await ada.assert_nothing("presence", timeout=0.2)
            for user in users:
                await stack.enter_async_context(Client("/here", user=user, websocket=ws))
            await until(lambda: len(ada.people) == 11)
            assert len([frame for frame in ada._received if frame["event"] == "presence"]) <= 3

    async def test_of_whom_there_are_many_are_shown_with_the_next_changes(self):
        ws = here()
        endpoint_of(ws).presence._pace = PresencePace(many=1)
        async with (
            Client("/here", user=ADA, websocket=ws) as ada,
            Client("/here", user=BOB, websocket=ws) as bob,
        ):
            assert await bob.receive("presence") == {"people": [person(ADA), person(BOB)]}
            await until(lambda: ada.people == bob.people)

    async def test_are_another_when_the_user_is_set_later(self):
        ws = here()
        async with Client("/here", user=ADA, websocket=ws) as client:
            await client.receive("presence")
            client.connection.user = BOB
            await until(lambda: set(client.people) == {"2"})
            assert await ws.ais_present(BOB)
            assert not await ws.ais_present(ADA)

    async def test_are_shown_before_they_are_told_of_changes(self):
        goes_on = asyncio.Event()

        async def ask(socket):
            if socket.user == BOB:
                await goes_on.wait()
            return {}

        ws = here(ask)
        async with Client("/here", user=ADA, websocket=ws) as ada, Client("/here", user=BOB, websocket=ws) as bob:
            await ada.receive("presence")
            async with Client("/here", websocket=ws):
                await ada.receive("presence")
                await bob.assert_nothing("presence")
                goes_on.set()
                assert len((await bob.receive("presence"))["people"]) == 3

    async def test_are_nobody_where_the_function_fails(self, caplog):
        async def fail(socket):
            raise ConnectionError

        ws = here(fail)
        async with Client("/here", user=ADA, websocket=ws) as client:
            assert await client.receive("presence") == {"people": []}
        assert "presence failed" in caplog.text

    def test_are_known_to_sync_tests(self):
        ws = here()
        with SyncClient("/here", user=ADA, websocket=ws) as ada:
            ada.receive("presence")
            assert ada.people == {"1": person(ADA)}
            assert ws.people() == [person(ADA)]
            assert ws.is_present(ADA)

    @pytest.mark.parametrize("user", [BOB, None], ids=["within the grace", "at once"])
    def test_who_leave_are_told_to_sync_tests(self, user):
        ws = here(lambda socket: {})
        with SyncClient("/here", user=ADA, websocket=ws) as ada:
            ada.receive("presence")
            with SyncClient("/here", user=user, websocket=ws):
                ada.receive("presence")
            assert len(ada.receive("presence")["left"]) == 1  # though the event loop of who has left is closed

    def test_of_clients_whose_event_loop_has_ended_hold_nobody_up(self):
        ws = here(lambda socket: {"name": "somebody"})
        with SyncClient("/here", websocket=ws):
            pass  # its loop is closed before others are told
        with SyncClient("/here", websocket=ws) as one:
            one.receive("presence")  # by now: it would have two in it
            with SyncClient("/here", websocket=ws) as two:
                two.receive("presence")
                assert len(one.receive("presence", timeout=10)["joined"]) == 1


class TestSaying:
    async def test_present_and_absent_are_for_who_calls_them(self):
        ws = here(True)

        @ws.on
        def come(socket, data):
            socket.present(data)

        @ws.on
        async def go(socket):
            socket.absent()

        async with Client("/here", user=ADA, websocket=ws) as ada, Client("/here", websocket=ws) as other:
            assert await other.receive("presence") == {"people": []}
            await ada.emit("come", {"name": "Ada"})
            assert await other.receive("presence") == joined(person(ADA))
            await ada.emit("come", {"name": "A."})
            changed = {"id": "1", "info": {"name": "A."}, "connections": 1}
            assert await other.receive("presence") == {"joined": [], "left": [], "changed": [changed]}
            await ada.emit("go")
            assert await other.receive("presence") == {"joined": [], "left": ["1"], "changed": []}

    @pytest.mark.parametrize(
        ("info", "error"),
        [(None, TypeError), ("Ada", TypeError), ({"x": object}, TypeError), ({"x": "y" * 4_090}, ValueError)],
        ids=["none", "text", "strange", "large"],
    )
    async def test_info_is_a_dict_of_4_kib_at_most(self, info, error):
        async with Client("/here", websocket=here(True)) as client:
            client.connection.present({"x": "y" * 4_080})
            with pytest.raises(error):
                client.connection.present(info)

    async def test_is_an_error_where_nobody_is_told(self):
        async with Client("/here", websocket=WebSocket("/here", add_to_handlers=False)) as client:
            with pytest.raises(RuntimeError, match="presence=True"):
                client.connection.present({})
            with pytest.raises(RuntimeError, match="presence=True"):
                client.connection.absent()

    @pytest.mark.parametrize("may_enter", [True, False])
    async def test_is_told_of_who_says_so_during_the_handshake_only_if_it_is_let_in(self, may_enter):
        seen = []

        def authorize(socket):
            if socket.user is BOB:
                socket.present({"name": "nobody"})
                socket.absent()
            socket.present({"name": socket.user.name})
            seen.append(ws.people())
            return may_enter

        ws = WebSocket("/here", authorize=authorize, presence=True, add_to_handlers=False)
        for user in (ADA, BOB):
            client = Client("/here", user=user, websocket=ws)
            if may_enter:
                await client.connect()
            else:
                with pytest.raises(ConnectionRefused):
                    await client.connect()
        assert seen[0] == []
        names = [each["info"]["name"] for each in await ws.apeople()]
        assert names == (["Ada", "Bob"] if may_enter else [])

    async def test_says_nothing_once_the_client_has_gone(self):
        ws = here(True)
        async with Client("/here", user=ADA, websocket=ws) as client:
            pass
        client.connection.present({"name": "Ada"})
        assert await ws.apeople() == []


class TestCounting:
    async def test_tells_the_number_of_people_alone(self):
        ws = here("count")
        async with Client("/here", user=ADA, websocket=ws) as ada, Client("/here", user=ADA, websocket=ws):
            assert await ada.receive("presence") == {"count": 1}
            async with Client("/here", websocket=ws) as nobody:
                assert await nobody.receive("presence") == {"count": 2}
                assert await ada.receive("presence") == {"count": 2}
            assert await ada.receive("presence") == {"count": 1}
            for say in (partial(ada.connection.present, {}), ada.connection.absent):
                with pytest.raises(RuntimeError, match="only counted"):
                    say()


def generator(socket):
    yield {}


class TestNames:
    @pytest.mark.parametrize(
        "option", [{"sends": {"presence": None}}, {"retain": ("presence",)}], ids=["sends", "retain"]
    )
    def test_nothing_else_that_is_sent_is_named_presence(self, option):
        with pytest.raises(ValueError, match="'presence' on '/here' is sent by presence alone"):
            WebSocket("/here", add_to_handlers=False, presence=True, **option)

    def test_no_handler_is_named_presence(self):
        ws = here()
        with pytest.raises(ValueError, match="presence has that name"):

            @ws.on
            def presence():
                """Never registered."""

        with pytest.raises(ValueError, match="presence has that name"):
            ws.on_event("presence")(lambda: None)

    async def test_no_emit_is(self):
        ws = here()
        async with Client("/here", websocket=ws) as client:
            with pytest.raises(ValueError, match="sent by presence alone"):
                ws.publish("presence")
            with pytest.raises(ValueError, match="sent by presence alone"):
                client.connection.emit("presence")

    async def test_it_is_free_where_there_is_no_presence(self):
        ws = WebSocket("/here", add_to_handlers=False)

        @ws.on
        async def presence():
            await ws.emit("presence", {"people": "mine"})

        async with Client("/here", websocket=ws) as client:
            await client.emit("presence")
            assert await client.receive("presence") == {"people": "mine"}
            assert client.people == {}

    @pytest.mark.parametrize("presence", [None, 1, "counted", [], lambda a, b: {}, generator], ids=range(6))
    def test_what_presence_may_be(self, presence):
        with pytest.raises(TypeError, match=r"presence of '/here'"):
            here(presence)

    def test_nobody_asks_without_it(self):
        with pytest.raises(RuntimeError, match="presence="):
            WebSocket("/here", add_to_handlers=False).people()

    async def test_no_event_loop_is_blocked_whatever_the_store(self):
        with pytest.raises(SynchronousOnlyOperation, match="await apeople"):
            here().people()
        with pytest.raises(SynchronousOnlyOperation, match="await ais_present"):
            here().is_present(ADA)


async def test_a_sync_function_may_take_its_time():
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(socket):
        loop.call_soon_threadsafe(asked.set)
        return {"name": "Ada"}

    async with Client("/here", user=ADA, websocket=here(slowly)) as ada:
        await asked.wait()
        assert await ada.receive("presence") == {"people": [person(ADA)]}


async def test_an_async_function_that_queries_keeps_nobody_else_waiting():
    asked, answer = threading.Event(), threading.Event()

    def query():
        asked.set()
        answer.wait(10)

    async def slowly(socket):
        await sync_to_async(query)()
        return {"name": "Ada"}

    client = await MemoryClient(endpoint_of(here(slowly)), "/here", user=ADA).connect()
    try:
        await until(asked.is_set)
        async with asyncio.timeout(5):
            await sync_to_async(ADA.__repr__)()
    finally:
        answer.set()
    await until(lambda: client.received == [{"event": "presence", "data": {"people": [person(ADA)]}}])
    await client.leave()


@override_settings(TORNADO_WEBSOCKETS={"PRESENCE_GRACE": 0.05})
async def test_who_came_and_left_while_others_were_awaited_is_forgotten():
    ws = WebSocket("/room", presence="count", add_to_handlers=False)
    presence, hub = endpoint_of(ws).presence, endpoint_of(ws).hub
    presence._pace = PresencePace(returning=0.05)
    presence._take_rows(hub, "/room", {"other": {"gone": Said({AWAITED_SINCE: time()}, (time() - 5,), time() - 5)}})
    client = await MemoryClient(endpoint_of(ws)).connect()
    await until(lambda: client.received)
    await client.leave()
    presence._take_rows(hub, "/room", {})
    await until(lambda: not presence._places)
    assert presence._awaiting == set()
