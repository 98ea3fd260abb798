import asyncio
import json
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User

from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.core.control import Control, Note
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.exceptions import Refused
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket, endpoint_of

#: They are in no database, and so read from none.
ADA, BOB = (SimpleNamespace(pk=number, is_authenticated=True) for number in (1, 2))


class Door:
    """An ``authorize`` that is told whom to let in.

    :ivar asked: how often it was.
    """

    def __init__(self):
        self.asked = 0
        self.answer = True

    async def __call__(self, socket):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class LateOrder:
    """An ``authorize`` that lets its first client in, while an order is given; then it asks a door."""

    def __init__(self, door):
        self.door = door
        self.give = None

    async def __call__(self, socket):
        if self.give is None:
            return await self.door(socket)
        give, self.give = self.give, None
        await give()
        return True


@pytest.fixture
def ws():
    return WebSocket("/people", add_to_handlers=False)


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def guarded(door):
    return WebSocket("/people", add_to_handlers=False, authorize=door)


class TestDisconnect:
    async def test_closes_every_connection_of_a_user_and_no_other(self, ws):
        async with (
            Client("/people", user=ADA, websocket=ws) as one,
            Client("/people", user=ADA, websocket=ws) as two,
            Client("/people", user=BOB, websocket=ws) as other,
        ):
            await ws.to(user=ADA).disconnect()
            await until(lambda: one.close_code == two.close_code == 4403)
            await other.emit("settle")
            await other.receive("warning")

    async def test_takes_a_code_a_reason_and_the_parameters_of_the_path(self):
        rooms = WebSocket("/room/<slug:code>", add_to_handlers=False)
        async with (
            Client("/room/a", user=ADA, websocket=rooms) as there,
            Client("/room/b", user=ADA, websocket=rooms) as elsewhere,
        ):
            await rooms.to(user=ADA).disconnect(4100, "Enough.", code="a")
            await until(lambda: there.close_code == 4100)
            assert elsewhere.close_code is None
            with pytest.raises(TypeError, match="takes the parameters: code"):
                rooms.to(user=ADA).disconnect()

    async def test_inside_a_handler_is_about_its_own_path(self):
        rooms = WebSocket("/room/<slug:room>", add_to_handlers=False)

        @rooms.on
        async def kick(socket):
            rooms.to(exclude=socket).disconnect()

        async with (
            Client("/room/a", websocket=rooms) as one,
            Client("/room/a", websocket=rooms) as two,
            Client("/room/b", websocket=rooms) as three,
        ):
            await one.emit("kick")
            await until(lambda: two.close_code == 4403)
            assert one.close_code is three.close_code is None

    async def test_comes_after_what_was_sent_before(self, ws):
        async with Client("/people", user=ADA, websocket=ws) as client:
            ws.to(user=ADA).publish("bye")
            ws.to(user=ADA).disconnect()
            ws.to(user=ADA).publish("late")
            assert await client.receive("bye") == {}
            await until(lambda: client.close_code == 4403)
            with pytest.raises(AssertionError, match="has closed the connection"):
                await client.receive("late")

    async def test_works_from_a_thread(self, ws):
        async with Client("/people", user=ADA, websocket=ws) as client:
            await asyncio.to_thread(ws.to(user=ADA).disconnect)
            await until(lambda: client.close_code == 4403)

    @pytest.mark.parametrize(
        ("code", "reason"), [(1001, ""), (5000, ""), ("4403", ""), (4403, "a" * 124), (4403, None)]
    )
    def test_takes_the_codes_and_reasons_of_applications(self, ws, code, reason):
        with pytest.raises(ValueError, match="close"):
            ws.to(user=ADA).disconnect(code, reason)


class TestRecheck:
    async def test_closes_who_may_no_longer(self, guarded, door):
        async with (
            Client("/people", user=ADA, websocket=guarded) as client,
            Client("/people", user=BOB, websocket=guarded) as other,
        ):
            door.answer = False
            await guarded.arecheck(user=ADA)
            await until(lambda: client.close_code == 4403)
            assert (door.asked, other.close_code) == (3, None)

    async def test_leaves_who_still_may(self, guarded, door):
        async with Client("/people", user=ADA, websocket=guarded) as client:
            await guarded.recheck(user="1")
            await until(lambda: door.asked == 2)
            await client.assert_nothing()
            assert client.close_code is None

    async def test_takes_a_refusal_for_a_no(self, guarded, door):
        async with Client("/people", user=ADA, websocket=guarded) as client:
            door.answer = Refused("banned")
            await guarded.arecheck(user=[ADA, BOB])
            await until(lambda: client.close_code == 4403)

    async def test_is_about_every_path_of_the_websocket(self, door):
        rooms = WebSocket("/room/<slug:room>", add_to_handlers=False, authorize=door)
        async with Client("/room/a", user=ADA, websocket=rooms) as a, Client("/room/b", user=ADA, websocket=rooms) as b:
            door.answer = False
            await rooms.arecheck(user=ADA)
            await until(lambda: a.close_code == b.close_code == 4403)

    async def test_asks_nobody_where_everybody_may_come(self, ws):
        async with Client("/people", user=ADA, websocket=ws) as client:
            await ws.arecheck(user=ADA)
            await client.assert_nothing()
            assert client.close_code is None

    @pytest.mark.parametrize("user", [None, True, User()], ids=repr)
    def test_takes_what_a_user_is_in_ws_to(self, ws, user):
        with pytest.raises(TypeError, match="Expected a user"):
            ws.recheck(user=user)


class TestBeingLetIn:
    async def test_who_was_is_asked_about_once_more(self, door):
        ws = WebSocket("/people", add_to_handlers=False, authorize=(late := LateOrder(door)))
        late.give = lambda: ws.to(user=ADA).disconnect()
        door.answer = False
        async with Client("/people", user=ADA, websocket=ws) as client:
            await until(lambda: client.close_code == 4403)
            assert door.asked == 1

    async def test_who_still_may_stays(self, door):
        ws = WebSocket("/people", add_to_handlers=False, authorize=(late := LateOrder(door)))
        late.give = lambda: ws.recheck(user=ADA)
        async with Client("/people", user=ADA, websocket=ws) as client:
            await until(lambda: door.asked == 1)
            await client.assert_nothing()
            assert client.close_code is None

    async def test_others_are_not_asked_about(self, door):
        ws = WebSocket("/people", add_to_handlers=False, authorize=(late := LateOrder(door)))
        late.give = lambda: ws.to(user=BOB).disconnect()
        async with Client("/people", user=ADA, websocket=ws) as client:
            await client.assert_nothing()
            assert (door.asked, client.close_code) == (0, None)

    async def test_who_cannot_be_asked_about_is_closed(self, ws):
        client = MemoryClient(endpoint_of(ws), "/people", user=ADA)

        async def accept():
            ws.to(user=ADA).disconnect(4100)

        await client.connect(accept)
        await until(lambda: client.transport.sent == [Close(4100)])
        await client.leave()


class TestNotes:
    @pytest.mark.parametrize(
        ("event", "said"),
        [
            ("disconnect", {}),
            ("disconnect", {"path": "/people", "to": "{}", "code": 1001, "reason": "", "id": "1"}),
            ("disconnect", {"path": "/people", "to": "", "code": 4403, "reason": "", "id": "1"}),
            ("disconnect", {"path": 5, "to": "{}", "code": 4403, "reason": "", "id": "1"}),
            ("recheck", {"path": "/people", "to": "{}", "id": "1"}),
            ("recheck", {"path": None, "to": '{"u":[]}', "id": "1"}),
            ("recheck", []),
            ("disconnect", {"path": "/people", "to": "{}", "code": 4403, "reason": "", "id": 1}),
            ("unknown", {}),
        ],
        ids=lambda value: repr(value)[:60],
    )
    async def test_of_strangers_do_nothing(self, ws, event, said):
        async with Client("/people", user=ADA, websocket=ws) as client:
            before = counters.messages_invalid
            hub.control.take(Note("", event, json.dumps(said)))
            assert counters.messages_invalid == before + 1
            await client.emit("settle")
            await client.receive("warning")

    def test_whose_order_we_fail_to_carry_out_are_logged(self, caplog):
        said = {"path": "/people", "to": "{}", "code": 4403, "reason": "", "id": "1"}
        nowhere = None  # which no hub is, and nobody has foreseen
        Control(nowhere).take(Note("", "disconnect", json.dumps(said)))
        [record] = caplog.records
        assert record.getMessage() == "Cannot do what a note says (disconnect)"
        assert isinstance(record.exc_info[1], AttributeError)
