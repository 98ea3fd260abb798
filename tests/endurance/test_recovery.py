"""A page misses nothing in silence, though its server is killed and its network is cut, again and again.

A process that is killed may have shown a page what it had not stored yet. Nobody can tell then whether that was all:
the page is told to read its data again.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.chromium import chromium
from tests.browser.pages import QUICK
from tests.browser.proxy import Proxy
from tests.example.chat_server import ChatServer, manage
from tests.support.redis import RedisServer
from tests.support.waiting import until

from .conftest import Report
from .counting import Sender
from .scale import amount

#: Two processes.
Pair = tuple[ChatServer, ChatServer]

#: How often the server of the page is killed, and how often the network is cut.
TROUBLES = amount(1, 10)


@pytest.fixture(params=["redis", "database"])
def store(request: pytest.FixtureRequest, redis: RedisServer) -> str:
    return redis.url if request.param == "redis" else "database"


@pytest.fixture
async def pair(store: str, redis: RedisServer, tmp_path: Path, key: str) -> AsyncIterator[Pair]:
    """Two processes that share a channel layer, a database and a store."""
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.browser.old_site.settings",
        "NAMESPACE": key,
        "REDIS_URL": redis.url,
        "STORE": store,
    }
    database = tmp_path / "database.sqlite3"
    await manage(database, "migrate", "--verbosity", "0", **variables)
    here, there = ChatServer(database, **variables), ChatServer(database, **variables)
    await asyncio.gather(here.start(), there.start())
    yield here, there
    await asyncio.gather(here.stop(), there.stop())
    assert not here.trouble + there.trouble, "\n".join([*here.log, *there.log])


@pytest.mark.timeout(60 * (1 + TROUBLES))
async def test_a_page_sees_every_number_once_and_in_order(pair: Pair, report: Report) -> None:
    here, there = pair
    proxy = Proxy(here.port)
    await proxy.start()
    senders = [Sender("here", here.port), Sender("there", there.port)]
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{proxy.url}numbers/#{quote(json.dumps(QUICK))}")
        await until(lambda: page.evaluate("ws.position !== null"))
        tasks = [asyncio.create_task(sender.send()) for sender in senders]
        for trouble in _troubles():
            await _go_on(senders)
            await asyncio.sleep(random.uniform(0, 0.5))
            if trouble == "cut":
                await proxy.cut()
            else:
                await here.kill()
                await asyncio.sleep(random.uniform(0, 0.5))
                await here.start()
        await _go_on(senders)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)

        last = [[sender.name, sender.confirmed[-1]] for sender in senders]

        async def has_last() -> bool:
            return all([one in await page.evaluate("seen") for one in last])

        await until(has_last, 20)
        seen, reconnected = await page.evaluate("[seen, reconnected]")
    await proxy.stop()
    for sender in senders:
        assert sender.missing(seen) == []
    confirmed, gaps = sum(len(sender.confirmed) for sender in senders), seen.count(None)
    report(f"{confirmed:,} numbers, {len(reconnected)} times away, {gaps} times told to read again, each seen once")


async def _go_on(senders: list[Sender]) -> None:
    """Return when each has published ten more."""
    aims = [len(sender.confirmed) + 10 for sender in senders]
    await until(lambda: all(len(sender.confirmed) >= aim for sender, aim in zip(senders, aims, strict=True)), 30)


def _troubles() -> Iterator[str]:
    for _ in range(TROUBLES):
        yield "kill"
        yield "cut"
