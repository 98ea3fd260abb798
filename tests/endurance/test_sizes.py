"""Messages about the size limit, in any number of pieces, and bombs: one verdict on every server, at a bounded cost."""

import asyncio
import contextlib
import json
import time
import zlib
from collections.abc import Iterator

import pytest

from tests.support.asgi import Server
from tests.support.peer import CLOSE, CONTINUATION, PING, PONG, TEXT, Peer, frame, peer
from tornado_websockets.conf import DEFAULTS

from .conftest import Report
from .measures import MEBIBYTE, forget_peak, peak
from .scale import amount

LIMIT: int = DEFAULTS["MAX_MESSAGE_BYTES"]

#: What such a message may cost, beyond what the server had already used for one of the same size.
ROOM = 3 * LIMIT

#: What browsers ask for.
COMPRESSION = ("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",)

pytestmark = pytest.mark.timeout(300)


def echo(size: int) -> bytes:
    """An event of so many bytes."""
    text = b'{"event": "echo", "data": {"x": "%s"}}'
    return text % (b"y" * (size - len(text) + 2))


def bomb(size: int) -> bytes:
    """A compressed frame that becomes so many mebibytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -12)
    data = b"".join(squeeze.compress(b"x" * MEBIBYTE) for _ in range(size)) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    return frame(data.removesuffix(b"\x00\x00\xff\xff"), is_compressed=True)


async def answer(asking: Peer, within: float = 200) -> str:
    """What the server answers with: the name of an event, a code, or that it hangs up."""
    while True:
        received = await asking.receive(within)
        if received is None or received.opcode == CLOSE:
            return "closed"
        if received.opcode == PING:
            await asking.send(frame(received.payload, PONG))
        else:
            found = json.loads(received.payload)
            return str(found["data"]["code"] if found["event"] == "warning" else found["event"])


async def memory_in_use(server: Server) -> int:
    """Bytes, once it has got what it needs for large messages anyway; from now on its peak counts."""
    async with peer(server.port, "/wire") as asking:
        for _ in range(3):
            await asking.send(frame(echo(LIMIT)))
            assert await answer(asking) == "echo"
    return forget_peak(server.pid)


def pieces(message: bytes, size: int) -> Iterator[bytes]:
    """The message in frames of so many bytes each, some thousand at a time."""
    starts = range(0, len(message), size)
    frames = [
        frame(message[start : start + size], CONTINUATION if start else TEXT, is_last=start == starts[-1])
        for start in starts
    ]
    for start in range(0, len(frames), 5_000):
        yield b"".join(frames[start : start + 5_000])


@pytest.mark.parametrize("size", [LIMIT, 100_000, 1_000], ids=["whole", "in ten pieces", "in a thousand pieces"])
async def test_size_limit_is_exact(server: Server, size: int) -> None:
    async with peer(server.port, "/wire") as asking:
        verdicts = []
        for length in (LIMIT - 1, LIMIT, LIMIT + 1):
            for some in pieces(echo(length), size):
                await asking.send(some)
            verdicts.append(await answer(asking))
    assert verdicts == ["echo", "echo", "too_large"]


async def test_message_above_1_mebibyte_is_too_much_for_an_answer(server: Server) -> None:
    async with peer(server.port, "/wire") as asking:
        await asking.send(frame(echo(MEBIBYTE)))
        assert await answer(asking) == "too_large"
        with contextlib.suppress(ConnectionError):
            await asking.send(frame(echo(MEBIBYTE + 4_000)))
        assert await answer(asking) == "closed"


async def test_fragments_of_one_byte_make_a_message_and_cost_little(server: Server, report: Report) -> None:
    count = amount(4_000 if server.kind == "tornado" else 100_000, LIMIT)  # slow in development mode
    async with peer(server.port, "/wire") as asking:
        before, started = await memory_in_use(server), time.monotonic()
        answering = asyncio.create_task(answer(asking))
        for some in pieces(echo(count), 1):
            await asking.send(some)
        assert await answering == "echo"
        grown, took = peak(server.pid) - before, time.monotonic() - started
    report(f"{count:,} fragments of a byte in {took:.1f} s, memory + {grown / MEBIBYTE:.1f} MiB")
    assert grown <= ROOM


async def test_bomb_closes_its_connection_and_costs_little(server: Server, report: Report) -> None:
    weight = amount(64, 1024)
    data = bomb(weight)
    async with peer(server.port, "/wire", COMPRESSION) as asking:
        before = await memory_in_use(server)
        with contextlib.suppress(ConnectionError):
            await asking.send(data)
        assert await answer(asking) == "closed"
        grown = peak(server.pid) - before
    report(f"{len(data):,} bytes for {weight:,} MiB: memory + {grown / MEBIBYTE:.1f} MiB")
    assert grown <= ROOM


async def test_many_small_bombs_cost_little(server: Server, report: Report) -> None:
    """Each becomes as much as a message may be. Only uvicorn takes what is compressed, unless it is told not to."""
    count = amount(200, 2_000)
    data = bomb(1) * count
    async with peer(server.port, "/wire", COMPRESSION) as asking:
        before = await memory_in_use(server)
        with contextlib.suppress(ConnectionError):
            await asking.send(data)
        if "permessage-deflate" in asking.answer:
            for _ in range(count):  # it has an answer to each, compressed as well
                received = await asking.receive(200)
                assert received is not None
                assert received.opcode == TEXT
        else:
            assert await answer(asking) == "closed"
        grown = peak(server.pid) - before
    report(f"{len(data):,} bytes for {count:,} MiB: memory + {grown / MEBIBYTE:.1f} MiB")
    assert grown <= ROOM + 3 * MEBIBYTE  # some are inflated while another is handled, of 200 or more


async def test_compressed_messages_may_arrive_together(server: Server) -> None:
    client = await server.connect("/wire", compression="deflate")
    words = [f"word {number} " for number in range(70_000)]
    for _ in range(4):
        await client.emit("echo", {"text": "".join(words)})
    for _ in range(4):
        assert len((await client.expect("echo"))["text"]) == sum(map(len, words))


@pytest.mark.parametrize("size", [LIMIT, 1_000], ids=["whole", "in a thousand pieces"])
async def test_compressed_message_is_taken(server: Server, size: int) -> None:
    client = await server.connect("/wire", compression="deflate")
    text = echo(LIMIT).decode()
    await client.send([text[start : start + size] for start in range(0, LIMIT, size)])
    assert await client.expect("echo") == json.loads(text)["data"]
