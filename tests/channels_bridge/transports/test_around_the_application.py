"""With a middleware around the application, what is known of a server holds as without, and the middleware sees all."""

import asyncio

import pytest

from tests.endurance.measures import MEBIBYTE, forget_peak, peak
from tests.support.asgi import Server
from tests.support.peer import PING, frame, peer
from tests.support.transports import ASGI_SERVERS, Servers

AROUND = ["wrapped", "traced", "monitored"]

#: Close codes with which a server that stops tells its clients.
STOPPING = {"daphne": 1001, "uvicorn": 1012}


@pytest.fixture(params=ASGI_SERVERS)
def kind(request):
    return request.param


@pytest.fixture(params=AROUND)
async def server(request, kind, servers):
    async with servers.get(kind, request.param).visit() as server:
        yield server


@pytest.fixture
async def wrapped(kind, servers):
    async with servers.get(kind, "wrapped").visit() as server:
        yield server


class TestAMiddleware:
    async def test_sees_and_changes_what_is_sent(self, wrapped: Server, key: str) -> None:
        client = await wrapped.connect(f"/life/{key}")
        await client.emit("seen by nobody", id=1)
        assert "seen by a middleware" in (await client.receive())["error"]["message"]

    async def test_sees_broadcasts(self, kind: str, servers: Servers, key: str) -> None:
        async with servers.get(kind, "traced").visit() as server:
            clients = [await server.connect(f"/bounds/{key}") for _ in range(2)]
            await clients[0].emit("tell", {"bytes": 10})
            for client in clients:
                await client.expect("told")
            assert server.log.notes(key).count("websocket.send") == 2

    async def test_sees_what_is_received(self, wrapped: Server, key: str) -> None:
        client = await wrapped.connect(f"/life/{key}")
        await client.emit("note_it", {"text": "hi"})
        await client.close()
        await wrapped.log.wait_for(f"note {key} received 1")

    async def test_sees_close_codes_and_reasons(self, wrapped: Server, key: str) -> None:
        client = await wrapped.connect(f"/life/{key}")
        await client.emit("leave", {"code": 4321, "reason": "enough"})
        await client.expect("leaving")
        assert await client.closed() == (4321, "enough")
        await wrapped.log.wait_for(f"note {key} closing 4321 enough")


class TestAClient:
    async def test_is_served_in_order(self, server: Server, key: str) -> None:
        client = await server.connect(f"/life/{key}")
        for number in range(50):
            await client.emit("note_it", {"text": f"n{number}"}, id=number)
        assert [(await client.receive())["id"] for _ in range(50)] == list(range(50))
        notes = [note for note in server.log.notes(key) if note.startswith("n")]
        assert notes == [f"n{number}" for number in range(50)]

    async def test_that_reads_nothing_is_closed_and_costs_little(self, server: Server, key: str) -> None:
        teller = await server.connect(f"/bounds/{key}")
        async with peer(server.port, f"/bounds/{key}") as deaf:
            before = forget_peak(server.pid)
            for _ in range(100):
                await teller.emit("tell", {"bytes": 200_000})
                await teller.expect("told")
            await server.log.wait_for("Closing a slow client: more than 8388608 bytes")
            await server.log.wait_for(f"note {key} close$")
            grown = peak(server.pid) - before
            await deaf.end()
        assert grown <= 16 * MEBIBYTE

    async def test_that_floods_is_cut_off(self, server: Server, key: str) -> None:
        async with peer(server.port, f"/bounds/{key}") as flooder:
            await flooder.send(frame(b"", PING) * 1_000)
            await server.log.wait_for("Closing a client: it sends too many pings")
            await flooder.end()

    async def test_that_leaves_while_its_handler_runs_is_noticed(self, server: Server, key: str) -> None:
        client = await server.connect(f"/life/{key}", close_timeout=0.1)
        await client.emit("wait")
        await client.expect("waiting")
        client.abort()
        other = await server.connect(f"/life/{key}-other")
        await other.emit("release", {"key": key})
        await server.log.wait_for(f"note {key} close False True")


@pytest.mark.parametrize("around", ["wrapped", "hidden"])
async def test_a_server_that_stops_tells_its_clients_and_gives_handlers_an_end(
    kind: str, servers: Servers, around: str, key: str
) -> None:
    server = servers.get(kind, around, number=7)
    idle, busy = [await server.connect(f"/life/{key}-{name}") for name in ("idle", "busy")]
    await idle.settle()
    await busy.emit("wait")  # for ever
    await busy.expect("waiting")
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    codes = [(await client.closed())[0] for client in (idle, busy)]
    await stopping
    expected = 3001 if (kind, around) == ("daphne", "hidden") else STOPPING[kind]  # which takes no 1001 from ASGI
    assert codes == [expected] * 2
    for name in ("idle", "busy"):
        assert [note for note in server.log.notes(f"{key}-{name}") if note.startswith("close ")] == ["close False True"]


async def test_a_server_that_is_hidden_is_warned_of_once_and_serves(kind: str, servers: Servers, key: str) -> None:
    async with servers.get(kind, "hidden").visit() as server:
        for _ in range(3):
            client = await server.connect(f"/life/{key}")
            assert await client.settle() == []
        assert server.log.count(f"{kind} serves, but it was not found behind") == 1
