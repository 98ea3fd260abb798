"""Clients that read nothing, or send while nobody takes it, cost a bounded amount of memory and nobody's time."""

import asyncio
import contextlib
import json
import time

import pytest

from tests.support.asgi import Server
from tests.support.peer import PING, PONG, Peer, frame, peer
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers

from .conftest import Report
from .measures import MEBIBYTE, forget_peak, p99, peak
from .scale import VARIABLES, amount, within

#: What one client may cost, in bytes.
ROOM = 16 * MEBIBYTE

#: Bytes of one broadcast, and how many are offered to a client that reads none.
SIZE = 200_000
COUNT = amount(20, 300) * 1_000_000 // SIZE

#: Bytes sent to a handler that takes none, and seconds for which it does not.
FLOOD = amount(50, 270) * 1_000_000
SLEEP = amount(1, 10)

pytestmark = pytest.mark.timeout(180)


async def tell(teller: SocketClient, listener: SocketClient, count: int) -> list[float]:
    """Seconds until another client has what one tells everyone."""
    delays = []
    for _ in range(count):
        started = time.monotonic()
        await teller.emit("tell", {"bytes": SIZE})
        await listener.expect("told")
        delays.append(time.monotonic() - started)
        await teller.expect("told")
    return delays


async def flood(flooder: Peer, messages: bytes, seconds: float) -> int:
    """Send them again and again, for so long, or until it is enough or the server cuts the connection.

    :returns: bytes that the server let it send.
    """
    sent = 0
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(seconds):
            while sent < FLOOD:
                await flooder.send(messages)
                sent += len(messages)
    return sent


async def test_client_that_reads_nothing_is_closed_and_costs_little(server: Server, key: str, report: Report) -> None:
    teller, listener = [await server.connect(f"/bounds/{key}") for _ in range(2)]
    calm = p99(await tell(teller, listener, COUNT))
    async with peer(server.port, f"/bounds/{key}") as deaf:
        before, started = forget_peak(server.pid), time.monotonic()
        telling = asyncio.create_task(tell(teller, listener, COUNT))
        await server.log.wait_for("Closing a slow client: more than 8388608 bytes", within(15))
        await server.log.wait_for_notes(key, 1)
        took = time.monotonic() - started
        disturbed = p99(await telling)
        grown = peak(server.pid) - before
        await deaf.end()
    report(
        f"{COUNT * SIZE:,} bytes: memory + {grown / MEBIBYTE:.1f} MiB, closed after {took:.1f} s, "
        f"p99 of others {1000 * disturbed:.1f} ms, before {1000 * calm:.1f} ms"
    )
    assert grown <= ROOM
    assert took <= within(15)
    assert disturbed <= within(1.25 * calm + 0.005)


@pytest.mark.parametrize("kind", SERVERS)
async def test_client_that_leaves_one_message_untaken_is_closed_in_time(
    servers: Servers, kind: str, key: str, report: Report
) -> None:
    timeout = amount(1, 10)
    settings = json.dumps({"OUTBOX_TIMEOUT": timeout, "MAX_OUTBOX_BYTES": 100 * MEBIBYTE})
    async with servers.get(kind, TEST_TORNADO_WEBSOCKETS=settings, **VARIABLES).visit() as server:
        teller, listener = [await server.connect(f"/bounds/{key}") for _ in range(2)]
        async with peer(server.port, f"/bounds/{key}") as deaf:
            started = time.monotonic()
            await tell(teller, listener, 100)
            await server.log.wait_for(f"Closing a slow client: it took nothing for {timeout} seconds", within(15))
            await server.log.wait_for_notes(key, 1)
            took = time.monotonic() - started
            await deaf.end()
    report(f"closed after {took:.1f} s, with {timeout} s to take a message")
    assert took <= within(timeout + 5)


@pytest.mark.parametrize("kind", SERVERS)
async def test_client_that_reads_slowly_and_steadily_gets_everything(servers: Servers, kind: str, key: str) -> None:
    settings = json.dumps({"OUTBOX_TIMEOUT": 3})
    async with servers.get(kind, TEST_TORNADO_WEBSOCKETS=settings, **VARIABLES).visit() as server:
        teller, listener = [await server.connect(f"/bounds/{key}") for _ in range(2)]
        async with peer(server.port, f"/bounds/{key}") as steady:
            await tell(teller, listener, 30)
            taken = 0
            for _ in range(20):  # the kernel has room for more only after five seconds
                taken += len(await steady.receive_some())
                await asyncio.sleep(0.4)
            assert taken < 30 * SIZE / 2
            while taken < 30 * SIZE and (some := await steady.receive_some()):
                taken += len(some)
            assert taken >= 30 * SIZE


@pytest.mark.parametrize("size", [10, 950_000], ids=["tiny", "long"])
async def test_client_that_sends_to_a_sleeping_handler_costs_little(
    server: Server, size: int, key: str, report: Report
) -> None:
    other = await server.connect(f"/bounds/{key}")
    message = frame(b'{"event": "swallow", "data": {"x": "%s"}}' % (b"y" * size))
    messages = message * (1_000_000 // len(message) + 1)
    async with peer(server.port, f"/bounds/{key}") as flooder:
        await flooder.send(frame(b'{"event": "hold"}'))
        await flooder.receive()
        before = forget_peak(server.pid)
        sent = await flood(flooder, messages, SLEEP)
        grown = peak(server.pid) - before
        await other.request("release")
    report(f"{sent:,} bytes of {FLOOD:,} taken in {SLEEP} s, memory + {grown / MEBIBYTE:.1f} MiB")
    assert sent > MEBIBYTE
    assert sent < FLOOD, "nothing held the client back"
    assert grown <= ROOM


@pytest.mark.parametrize(("event", "size"), [("nap", 20_000), ("swallow", 0)])
async def test_client_that_sends_faster_than_it_is_handled_costs_little(
    server: Server, event: str, size: int, key: str, report: Report
) -> None:
    message = frame(json.dumps({"event": event, "data": {"x": "y" * size}}).encode())
    messages = message * (200_000 // len(message))
    async with peer(server.port, f"/bounds/{key}") as flooder:
        before = forget_peak(server.pid)
        sent = await flood(flooder, messages, SLEEP)
        grown = peak(server.pid) - before
    report(f"{sent:,} bytes of {FLOOD:,} taken in {SLEEP} s, memory + {grown / MEBIBYTE:.1f} MiB")
    assert sent > MEBIBYTE
    assert sent < FLOOD, "nothing held the client back"
    assert grown <= ROOM


async def test_client_that_pings_and_reads_nothing_costs_little(server: Server, key: str, report: Report) -> None:
    pings = frame(b"p" * 125, PING) * 1_000
    async with peer(server.port, f"/bounds/{key}") as flooder:
        await flooder.send(frame(b"p", PING))
        answer = await flooder.receive()
        before = forget_peak(server.pid)
        sent = await flood(flooder, pings, 3 * SLEEP)
        grown = peak(server.pid) - before
    report(f"{sent:,} bytes of {FLOOD:,} taken, memory + {grown / MEBIBYTE:.1f} MiB")
    assert answer is not None
    assert answer.opcode == PONG
    assert sent > MEBIBYTE
    assert grown <= ROOM / 2


async def test_client_that_was_held_back_goes_on_when_its_handler_ends(server: Server, key: str) -> None:
    flooder, other = [await server.connect(f"/bounds/{key}") for _ in range(2)]
    await flooder.emit("hold")
    await flooder.expect("holding")

    async def flood() -> None:
        for _ in range(20):
            await flooder.emit("swallow", {"text": "y" * 950_000})

    flooding = asyncio.create_task(flood())
    done, _ = await asyncio.wait([flooding], timeout=0.5)
    assert not done
    await other.emit("release")
    await flooding
    assert await flooder.settle() == []
