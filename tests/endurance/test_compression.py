"""Clients of several makers side by side, who all read the same, byte for byte, compressed or not."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tests.browser.chromium import chromium
from tests.support.asgi import Server
from tests.support.npm import fetch
from tests.support.transports import Servers

from .conftest import Report
from .measures import MEBIBYTE, memory
from .readers import Reader, node_reader, page_reader, websockets_reader
from .scale import IS_LONG, VARIABLES

WS = "ws@8.23.0"

SECONDS = 60.0 * float(os.environ.get("SOAK_MINUTES", "10")) if IS_LONG else 3.0

#: Characters of a message: below what is compressed, just above, about the window, and far above.
SIZES = (10, 900, 1_100, 3_900, 9_000, 60_000)

#: Messages that may be on their way at a time.
BURST = 5

#: The share of the time after which memory should be what it stays.
WARM_UP = 0.2


def words(draw: random.Random, size: int) -> str:
    """What is well compressed, or hardly, or is not of ASCII."""
    alphabet = draw.choice(["ab", "abcdefghijklmnopqrstuvwxyz 0123456789", 'äöü🎉漢字\n"\\'])
    piece = "".join(draw.choices(alphabet, k=min(size, draw.choice([20, 500, 5_000]))))
    return (piece * (size // len(piece) + 1))[:size]


@pytest.fixture
async def server(servers: Servers) -> AsyncIterator[Server]:
    async with servers.get("uvicorn", **VARIABLES).visit() as server:
        yield server


@pytest.fixture
async def readers(server: Server, key: str, tmp_path: Path) -> AsyncIterator[dict[str, Reader]]:
    """Of every make, the plain one first."""
    url = f"ws://127.0.0.1:{server.port}/ws/room/{key}"
    package = await asyncio.to_thread(fetch, WS, tmp_path, "a client that compresses")
    small = ClientPerMessageDeflateFactory(server_max_window_bits=10, client_max_window_bits=9)
    forgetful = ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        browser = await enter(chromium())
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{server.port}/ready")
        yield {
            "plain": await enter(websockets_reader(url, compression=None)),
            "websockets": await enter(websockets_reader(url)),
            "websockets, in fragments": await enter(websockets_reader(url, size=700)),
            "websockets, small window": await enter(websockets_reader(url, compression=None, extensions=[small])),
            "websockets, no takeover": await enter(websockets_reader(url, compression=None, extensions=[forgetful])),
            "ws": await enter(node_reader(url, package)),
            "Chromium": await page_reader(url, page),
        }


async def hear(readers: Sequence[Reader], count: int) -> list[list[str]]:
    """The next texts of each of them."""

    async def texts(reader: Reader) -> list[str]:
        return [await reader.next() for _ in range(count)]

    async with asyncio.timeout(60):
        return await asyncio.gather(*map(texts, readers))


@pytest.mark.timeout(SECONDS + 120)
async def test_clients_of_every_make_read_the_same(server: Server, readers: dict[str, Reader], report: Report) -> None:
    assert [name for name, reader in readers.items() if "permessage-deflate" not in reader.extensions] == ["plain"]
    draw, speakers, start, heard = random.Random(1), itertools.cycle(readers.values()), time.monotonic(), 0
    samples: list[tuple[float, float]] = []
    while (elapsed := time.monotonic() - start) < SECONDS:
        said = [{"text": words(draw, draw.choice(SIZES))} for _ in range(draw.randint(1, BURST))]
        speaker = next(speakers)
        for data in said:
            await speaker.say(json.dumps({"event": "asay", "data": data}))
        plain, *others = await hear([*readers.values()], len(said))
        assert [json.loads(text)["data"] for text in plain] == said
        for name, texts in zip([*readers][1:], others, strict=True):
            assert texts == plain, f"{name} has read something else"
        heard += len(said)
        samples.append((elapsed / 60, memory(server.pid) / MEBIBYTE))
    samples = samples[int(WARM_UP * len(samples)) :]
    slope = statistics.linear_regression(*zip(*samples, strict=True)).slope
    report(f"{heard:,} messages in {elapsed / 60:.1f} min, {samples[-1][1]:.0f} MiB, {slope:+.2f} MiB/min")
    assert heard > 10
    assert not IS_LONG or slope < 1
