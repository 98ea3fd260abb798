import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from tornado_websockets.exceptions import EmitHandlerError
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket

ADA, BOB = User(pk=1), User(pk=2)


@pytest.fixture
def ws():
    return WebSocket("/people", add_to_handlers=False)


@pytest.fixture
def connect(ws):
    def connect(user=None, path="/people", websocket=ws):
        return Client(path, user=user, websocket=websocket)

    return connect


async def heard_by(*clients):
    """Who of them has heard one ``news``, and nothing else."""
    heard = []
    for number, client in enumerate(clients):
        await client.emit("settle")
        assert (await client.receive("warning"))["code"] == "unknown_event"
        if client._received:
            assert await client.receive("news") == {}
            heard.append(number)
    return heard


async def test_every_connection_of_a_user_hears(ws, connect):
    async with connect(ADA) as one, connect(ADA) as two, connect(BOB) as other, connect() as nobody:
        await ws.to(user=ADA).publish("news")
        assert await heard_by(one, two, other, nobody) == [0, 1]


async def test_connections_that_are_named_hear(ws, connect):
    async with connect(ADA) as one, connect(ADA) as two, connect(BOB) as three:
        await ws.to(connection=[one.connection, three.connection.id]).apublish("news")
        assert await heard_by(one, two, three) == [0, 2]
        await ws.to(user=1, connection=[one.connection, three.connection.id]).apublish("news")
        assert await heard_by(one, two, three) == [0]


async def test_nobody_hears_where_none_is_named(ws, connect):
    async with connect(ADA) as client:
        await ws.to(user=[]).publish("news")
        await ws.to(connection=[]).publish("news")
        assert await heard_by(client) == []


async def test_who_is_excluded_does_not_hear(ws, connect):
    async with connect(ADA) as one, connect(ADA) as two, connect() as three:
        await ws.to(exclude=[one.connection, three.connection]).publish("news")
        assert await heard_by(one, two, three) == [1]
        await ws.to(user=ADA, exclude=two.connection.id).publish("news")
        assert await heard_by(one, two, three) == [0]


@pytest.mark.parametrize(
    ("asks", "hears"), [(ADA, [1, 2]), (BOB, [0, 1, 2]), (None, [0, 1, 2])], ids=["ada", "bob", "nobody"]
)
async def test_a_request_spares_a_tab_of_its_own_user_alone(ws, connect, asks, hears):
    async with connect(ADA) as tab, connect(ADA) as other, connect() as nobody:
        request = RequestFactory().post("/", headers={"X-WebSocket-ID": tab.connection.id})
        request.user = asks
        await ws.to(exclude=request).publish("news")
        assert await heard_by(tab, other, nobody) == hears


async def test_a_user_that_is_set_later_is_the_one_who_hears(ws, connect):
    async with connect(ADA) as client:
        client.connection.user = BOB
        await ws.to(user=ADA).publish("news")
        assert await heard_by(client) == []
        await ws.to(user=BOB).publish("news")
        assert await heard_by(client) == [0]


async def test_the_user_is_the_one_that_authorize_has_set():
    def authorize(socket):
        socket.user = ADA
        return True

    ws = WebSocket("/people", add_to_handlers=False, authorize=authorize)
    async with Client("/people", user=BOB, websocket=ws) as client:
        await ws.to(user=BOB).publish("news")
        assert await heard_by(client) == []
        await ws.to(user=ADA).publish("news")
        assert await heard_by(client) == [0]


async def test_a_handler_emits_to_them_in_order_with_all_else(ws, connect):
    @ws.on
    async def tell(socket):
        ws.emit("first")
        ws.to(user=BOB).emit("second")
        ws.to(exclude=socket).emit("third")
        ws.emit("fourth")

    async with connect(ADA) as here, connect(BOB) as there:
        await here.emit("tell")
        assert [(await there.receive_any())[0] for _ in range(4)] == ["first", "second", "third", "fourth"]
        assert [(await here.receive_any())[0] for _ in range(2)] == ["first", "fourth"]


async def test_emitting_is_for_handlers(ws):
    with pytest.raises(EmitHandlerError):
        ws.to(user=ADA).emit("news")


async def test_a_path_is_named_outside_of_its_handlers_and_may_be_left_out_inside():
    rooms = WebSocket("/room/<slug:room>", add_to_handlers=False)

    @rooms.on
    async def tell(room):
        await rooms.to(user=ADA).publish("news")

    async with Client("/room/a", user=ADA, websocket=rooms) as a, Client("/room/b", user=ADA, websocket=rooms) as b:
        await a.emit("tell")
        assert await heard_by(a, b) == [0]
        await rooms.to(user=ADA).publish("news", room="b")
        assert await heard_by(a, b) == [1]
        with pytest.raises(TypeError, match="takes the parameters: room"):
            rooms.to(user=ADA).publish("news")


async def test_data_are_checked_first(ws):
    with pytest.raises(TypeError, match="event"):
        ws.to(user=ADA).publish(5)
    with pytest.raises(TypeError):
        ws.to(user=ADA).emit("news", 5)
