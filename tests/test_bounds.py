"""Clients get no more than the settings allow, and servers end in order."""

import asyncio
import contextlib
import json

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers


def settings(**values: float) -> dict[str, str]:
    """The environment of a server with these in ``TORNADO_WEBSOCKETS``."""
    return {"TEST_TORNADO_WEBSOCKETS": json.dumps(values)}


@pytest.mark.parametrize("kind", SERVERS)
async def test_flood_beyond_the_rate_is_refused_and_disturbs_nobody(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **settings(MAX_MESSAGES_PER_SECOND=20)).visit() as server:
        flooder = await server.connect(f"/bounds/{key}")
        for _ in range(200):
            await flooder.emit("swallow", id=1)
        replies = [await flooder.receive() for _ in range(200)]
        refused = [reply["error"]["code"] for reply in replies if "error" in reply]
        assert set(refused) == {"rate_limited"}
        assert 150 <= len(refused) <= 180
        other = await server.connect(f"/bounds/{key}")
        assert await other.request("swallow") == {}


@pytest.mark.parametrize("kind", SERVERS)
async def test_messages_beyond_the_rate_are_refused_before_they_are_read(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **settings(MAX_MESSAGES_PER_SECOND=0.01)).visit() as server:
        flooder = await server.connect(f"/bounds/{key}")
        for number in range(100):
            await flooder.send(f'{{"id": {number}, "event": "swallow", "data": nonsense}}')
        replies = [await flooder.receive() for _ in range(100)]
        assert [reply["id"] for reply in replies] == list(range(100))
        assert [reply["error"]["code"] for reply in replies] == ["invalid_json"] + ["rate_limited"] * 99
        await flooder.emit("swallow", {"text": "x" * 1_000_000}, id="far too large")
        reply = await flooder.receive()
        assert (reply["id"], reply["error"]["code"]) == ("far too large", "too_large")


@pytest.mark.parametrize("kind", SERVERS)
async def test_head_of_a_handshake_that_does_not_end_is_cut_off(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind).visit() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET /ws/bounds/{key} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nX-Long: ".encode())
        sent = 0
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof() and sent < 10_000_000:
                writer.write(b"a" * 16_384)
                await writer.drain()
                await asyncio.sleep(0.002)
                sent += 16_384
        writer.close()
        assert sent < 2_000_000  # a MiB of it waits in the kernel
        assert await (await server.connect(f"/bounds/{key}")).request("swallow") == {}


@pytest.mark.parametrize("kind", SERVERS)
async def test_empty_messages_are_answered_however_many(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind).visit() as server:
        client = await server.connect(f"/bounds/{key}")
        for _ in range(400):
            await client.send("")
        assert [(await client.expect("warning"))["code"] for _ in range(400)] == ["invalid_json"] * 400


@pytest.mark.parametrize("kind", SERVERS)
async def test_more_arrays_and_objects_than_allowed_are_refused(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind).visit() as server:
        client = await server.connect(f"/bounds/{key}")
        await client.emit("swallow", {"list": [[]] * 49_997}, id="allowed")
        assert await client.receive() == {"event": "reply", "id": "allowed", "data": {}}
        await client.emit("swallow", {"list": [[]] * 49_998}, id="too many")
        reply = await client.receive()
        assert (reply["id"], reply["error"]["code"]) == ("too many", "too_deep")
        await client.emit("swallow", {"text": "[{" * 400_000}, id="a text")
        assert await client.receive() == {"event": "reply", "id": "a text", "data": {}}


@pytest.mark.parametrize("kind", SERVERS)
async def test_number_of_arrays_and_objects_is_a_setting(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **settings(MAX_CONTAINERS=10)).visit() as server:
        client = await server.connect(f"/bounds/{key}")
        await client.emit("swallow", {"list": [[]] * 8}, id=1)
        assert (await client.receive())["error"]["code"] == "too_deep"
        assert await client.request("swallow", {"list": [[]] * 7}) == {}


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("setting", ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS"])
async def test_connections_above_the_limit_are_refused_until_others_have_gone(
    servers: Servers, kind: str, setting: str, key: str
) -> None:
    async with servers.get(kind, **settings(**{setting: 2})).visit() as server:
        first = await server.connect(f"/bounds/{key}")
        await server.connect(f"/bounds/{key}")
        with pytest.raises(Refused) as caught:
            await server.connect(f"/bounds/{key}")
        assert caught.value.status == 403
        assert server.log.count("Refused a connection .* there are 2 connections") == 1
        await first.close()
        await server.log.wait_for_notes(key, 1)
        again = await server.connect(f"/bounds/{key}")
        await again.request("swallow")


async def test_clients_that_read_at_full_speed_are_not_taken_for_slow(server: Server, key: str) -> None:
    clients = [await server.connect(f"/burst/{key}") for _ in range(2)]  # more would not read at full speed here
    await clients[0].emit("burst")

    async def read(client: SocketClient) -> list[int]:
        return [(await client.receive())["data"]["n"] for _ in range(300)]

    assert await asyncio.gather(*map(read, clients)) == [list(range(300))] * 2


PROXY = {
    "daphne": {"arguments": ("--proxy-headers",)},
    "uvicorn": {"arguments": ("--proxy-headers",)},
    "tornado": {"TEST_TORNADO_SETTINGS": json.dumps({"xheaders": True})},
}


@pytest.mark.parametrize("kind", SERVERS)
async def test_connections_behind_a_proxy_count_for_the_client_s_address(servers: Servers, kind: str, key: str) -> None:
    variables = settings(MAX_CONNECTIONS_PER_ADDRESS=1)
    async with servers.get(kind, **PROXY[kind], **variables).visit() as server:
        for address in ("203.0.113.1", "203.0.113.2"):
            headers = {"X-Forwarded-For": address, "X-Forwarded-Port": "50000"}
            await server.connect(f"/bounds/{key}", headers)
            with pytest.raises(Refused):
                await server.connect(f"/bounds/{key}", headers)


@pytest.mark.parametrize(("kind", "code"), [("daphne", 1001), ("uvicorn", 1012)])
async def test_clients_of_a_server_that_stops_are_told(servers: Servers, kind: str, code: int, key: str) -> None:
    server = servers.get(kind, number=3)
    clients = [await server.connect(f"/bounds/{key}") for _ in range(50)]
    await asyncio.gather(*(client.request("swallow") for client in clients))
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    closed = await asyncio.gather(*(client.closed() for client in clients))
    await stopping
    assert {found for found, _ in closed} == {code}
    assert server.log.notes(key) == ["close"] * 50
