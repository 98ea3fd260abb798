"""What the world sees of a server that was asked to stop: not ready first, then no port, then clients told in turn."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time

import httpx
import pytest

from tests.support.asgi import Server
from tests.support.client import Frame, Refused
from tests.support.sockets import SocketClient
from tests.support.transports import Servers
from tests.support.waiting import until
from tornado_websockets.core.stopping import StopTimes

#: What clients are closed with: 1012 is uvicorn's own for a stop.
CODES = {"daphne": 1001, "uvicorn": 1012, "tornado": 1001}

#: Messages of which, for ten clients, the event loop passes on few at once.
BURST = 5_000

CLIENTS, DELAY, DRAIN = 20, 1.0, 0.6
SETTINGS = json.dumps({"STOP_DELAY": DELAY, "DRAIN_SECONDS": DRAIN})
PATIENT = json.dumps({"STOP_DELAY": 600})

#: As in production: five servers are started here, and development mode makes that cost twice as much.
PLAIN = {"PYTHONDEVMODE": ""}


async def status(server: Server) -> int | None:
    """What ``ready`` says; ``None`` when nobody answers."""
    async with httpx.AsyncClient(trust_env=False) as http:
        with contextlib.suppress(httpx.TransportError):
            return (await http.get(f"http://127.0.0.1:{server.port}/ready")).status_code
    return None


def is_listening(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


async def told(client: SocketClient) -> tuple[float, tuple[int | None, str | None]]:
    """When a client was closed, and what it was told."""
    word = await client.closed()
    return time.monotonic(), word


@pytest.mark.parametrize("kind", CODES)
async def test_not_ready_first_then_the_port_closes_then_clients_are_told_over_the_drain(
    servers: Servers, kind: str
) -> None:
    with servers.fresh(kind, TEST_TORNADO_WEBSOCKETS=SETTINGS, **PLAIN) as server:
        clients = [await server.connect("/wire") for _ in range(CLIENTS)]
        ends = [asyncio.create_task(told(client)) for client in clients]
        assert await status(server) == 200
        server.terminate()
        await until(lambda: _is(server, 503))
        asked = time.monotonic()
        late = await server.connect("/wire")
        await late.emit("echo", {"a": 1})
        assert await late.settle() == [{"event": "echo", "data": {"a": 1}}]
        assert not any(end.done() for end in ends)
        await until(lambda: not is_listening(server), pause=0.01)
        closed = time.monotonic()
        seen = await asyncio.gather(*ends, told(late))
        await asyncio.to_thread(server.stop)
        assert "Service Unavailable: " not in server.log.text  # which Django would mail to ADMINS
        assert closed - asked > DELAY / 2
        assert time.monotonic() - closed < 10
        assert {word for _, word in seen} == {(CODES[kind], "retry=1000")}
        times = [moment for moment, _ in seen]
        assert max(times) - min(times) > DRAIN / 2
        server.log.check()


@pytest.mark.parametrize("kind", ["daphne", "tornado"])
async def test_a_second_signal_ends_all_waiting_also_of_a_process_that_has_served_no_client(
    servers: Servers, kind: str
) -> None:
    with servers.fresh(kind, TEST_TORNADO_WEBSOCKETS=PATIENT, **PLAIN) as server:
        await until(lambda: _is(server, 200))  # before it serves, a signal is its own affair
        server.terminate()
        await until(lambda: _is(server, 503))
        asked = time.monotonic()  # from when on it is known to have the first one
        client = await server.connect("/wire")
        await until(lambda: time.monotonic() > asked + StopTimes().echo, pause=0.05)
        os.kill(server.pid, signal.SIGTERM)
        assert (await client.closed())[0] == CODES[kind]
        await asyncio.to_thread(server.stop)
        server.log.check()


@pytest.mark.parametrize("kind", CODES)
async def test_what_is_in_line_goes_out_before_clients_are_told_with_the_reason(servers: Servers, kind: str) -> None:
    with servers.fresh(kind, **PLAIN) as server:
        clients = [await server.connect("/burst/stopping") for _ in range(10)]
        await clients[0].emit("burst_and_stop", {"count": BURST})
        assert {await client.closed() for client in clients} == {(CODES[kind], "retry=1000")}
        for client in clients:
            assert [frame["data"]["n"] for frame in await _rest(client)] == list(range(BURST))
        await asyncio.to_thread(server.stop)
        server.log.check()


@pytest.mark.parametrize("kind", CODES)
async def test_who_is_still_to_be_let_in_when_the_stop_begins_is_closed_with_the_reason(
    servers: Servers, kind: str, key: str
) -> None:
    with servers.fresh(kind, TEST_TORNADO_WEBSOCKETS=json.dumps({"STOP_DELAY": 0.5}), **PLAIN) as server:
        porter = await server.connect("/porter")
        late = asyncio.create_task(server.connect(f"/locked/{key}"))
        await server.log.wait_for_notes(key, 1)
        server.terminate()
        await until(lambda: _is(server, 503))
        await porter.emit("unlock_later", {"key": key, "seconds": 0.8})
        assert await (await late).closed() == (CODES[kind], "retry=1000")
        await asyncio.to_thread(server.stop)
        server.log.check()


@pytest.mark.parametrize("kind", CODES)
async def test_who_is_not_let_in_while_the_server_stops_is_refused(servers: Servers, kind: str, key: str) -> None:
    with servers.fresh(kind, TEST_TORNADO_WEBSOCKETS=json.dumps({"AUTHORIZE_TIMEOUT": 0.7}), **PLAIN) as server:
        late = asyncio.create_task(server.connect(f"/locked/{key}"))
        await server.log.wait_for_notes(key, 1)
        server.terminate()
        with pytest.raises(Refused) as refused:
            await late
        assert refused.value.status == 403
        await asyncio.to_thread(server.stop)
        server.log.check()


async def _rest(client: SocketClient) -> list[Frame]:
    """What had come before the client was closed."""
    frames: list[Frame] = []
    while (frame := await client.receive_or_none()) is not None:
        frames.append(frame)
    return frames


async def _is(server: Server, expected: int) -> bool:
    return await status(server) == expected
