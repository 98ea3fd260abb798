"""``runtornado`` and daphne together: one population of clients, and the same verdicts."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.example.conftest import browser, migrated_database
from tests.example.visitor import Visitor
from tests.support.asgi import Server
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers
from tests.tornado.chats import Chat
from tests.tornado.handshakes import HANDSHAKES, Headers, shake_hands
from tests.tornado.server import TornadoServer

__all__ = ["browser", "migrated_database"]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.tornado.settings"}


class Pair:
    """A Tornado and a daphne.

    :ivar variables: of their environment, by which they share a Redis.
    """

    def __init__(self, tornado: Server, daphne: Server, variables: dict[str, str]) -> None:
        self.servers = {"tornado": tornado, "daphne": daphne}
        self.variables = variables

    async def connect(self, path: str) -> dict[str, list[SocketClient]]:
        """Two clients on each."""
        return {kind: [await server.connect(path), await server.connect(path)] for kind, server in self.servers.items()}


@pytest.fixture(scope="module", params=["core", "pubsub"])
def running(
    request: pytest.FixtureRequest,
    servers: Servers,
    redis: RedisServer,
    database: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    variables = {"TEST_LAYER": request.param, "TEST_REDIS": redis.url, "TEST_DATABASE": str(database), **SETTINGS}
    tornado = TornadoServer(tmp_path_factory.mktemp("tornado") / "tornado.log", variables)
    yield Pair(tornado, servers.get("daphne", **variables), variables)
    assert tornado.stop() == 0
    tornado.log.check()


@pytest.fixture
async def pair(running: Pair) -> AsyncIterator[Pair]:
    async with running.servers["tornado"].visit(), running.servers["daphne"].visit():
        yield running


async def numbers(client: SocketClient, count: int) -> list[Any]:
    """Of the next broadcasts."""
    return [(await client.expect("much"))["n"] for _ in range(count)]


@pytest.mark.parametrize("sender", ["tornado", "daphne"])
async def test_a_broadcast_reaches_the_clients_of_both_in_order(pair: Pair, key: str, sender: str) -> None:
    clients = await pair.connect(f"/wide/{key}")
    await clients[sender][0].emit("pour", {"count": 300, "size": 10})
    for client in (*clients["tornado"], *clients["daphne"]):
        assert await numbers(client, 300) == list(range(300))


async def test_broadcasts_of_both_at_a_time_lose_nothing(pair: Pair, key: str) -> None:
    clients = await pair.connect(f"/wide/{key}")
    for kind, size in (("tornado", 1), ("daphne", 2)):
        await clients[kind][0].emit("pour", {"count": 200, "size": size})
    for client in (*clients["tornado"], *clients["daphne"]):
        heard = [await client.expect("much") for _ in range(400)]
        for size in (1, 2):
            assert [data["n"] for data in heard if len(data["x"]) == size] == list(range(200))


@pytest.mark.parametrize("sender", ["tornado", "daphne"])
async def test_socket_broadcast_spares_its_sender_only(pair: Pair, key: str, sender: str) -> None:
    clients = await pair.connect(f"/room/{key}")
    own = clients[sender].pop()
    await own.emit("tell_others", {"a": 1})
    for client in (*clients["tornado"], *clients["daphne"]):
        assert await client.expect("told") == {"a": 1}
    assert await own.settle() == []


@pytest.mark.parametrize("sender", ["tornado", "daphne"])
@pytest.mark.parametrize("view", ["publish", "apublish"])
async def test_what_a_view_publishes_reaches_the_clients_of_both(pair: Pair, sender: str, view: str) -> None:
    clients = await pair.connect("/news")
    await pair.servers[sender].request(f"/{view}")
    for client in (*clients["tornado"], *clients["daphne"]):
        assert (await client.expect("published"))["from"].endswith("sync view")


async def test_rooms_stay_apart(pair: Pair, key: str) -> None:
    here, there = await pair.connect(f"/room/{key}"), await pair.connect(f"/room/{key}-2")
    await here["tornado"][0].emit("say", {"in": "here"})
    await there["daphne"][0].emit("say", {"in": "there"})
    for clients, place in ((here, "here"), (there, "there")):
        for client in (*clients["tornado"], *clients["daphne"]):
            assert await client.expect("said") == {"in": place}
            assert await client.settle() == []


async def test_a_client_that_comes_back_hears_again(pair: Pair, key: str) -> None:
    first = await pair.servers["tornado"].connect(f"/room/{key}")
    await first.close()
    client = await pair.servers["tornado"].connect(f"/room/{key}")
    sender = await pair.servers["daphne"].connect(f"/room/{key}")
    await sender.emit("say", {"a": 1})
    assert await client.expect("said") == {"a": 1}


async def test_the_last_words_of_one_that_stops_reach_the_other(pair: Pair, key: str, tmp_path: Path) -> None:
    listener = await pair.servers["daphne"].connect(f"/farewell/{key}")
    leaving = TornadoServer(tmp_path / "tornado.log", pair.variables)
    async with leaving.visit():
        for _ in range(5):
            await (await leaving.connect(f"/farewell/{key}")).settle()
        assert await asyncio.to_thread(leaving.stop) == 0
    for _ in range(5):
        await listener.expect("left")


# Verdicts.


@pytest.fixture(scope="module")
def alone(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both, without a channel layer."""
    tornado = TornadoServer(tmp_path_factory.mktemp("alone") / "tornado.log", {})
    yield Pair(tornado, servers.get("daphne", **SETTINGS), SETTINGS)
    assert tornado.stop() == 0
    tornado.log.check()


@pytest.mark.parametrize("headers", HANDSHAKES, ids=lambda headers: ", ".join(map(": ".join, headers)) or "none")
async def test_host_and_origin_get_the_same_verdict(alone: Pair, headers: Headers) -> None:
    daphne = await shake_hands(alone.servers["daphne"].port, "/ws/wire", headers)
    tornado = await shake_hands(alone.servers["tornado"].port, "/ws/wire", headers)
    assert tornado in {101, 400, 403}
    assert (tornado == 101) == (daphne == 101)


async def test_no_verdict_leaves_a_traceback(alone: Pair) -> None:
    for headers in HANDSHAKES:
        await shake_hands(alone.servers["tornado"].port, "/ws/wire", headers)
    async with alone.servers["tornado"].visit():  # whose end looks at the log
        pass


# The example.


@pytest.mark.asyncio(loop_scope="session")  # as the browser
async def test_the_example_is_one_chat_on_both(
    browser: Browser,
    migrated_database: Path,
    redis: RedisServer,
    tmp_path: Path,
) -> None:
    database = Path(shutil.copy(migrated_database, tmp_path / "chat.sqlite3"))
    chats = [Chat(kind, tmp_path / f"{kind}.log", database, redis.url) for kind in ("tornado", "daphne")]
    try:
        ana, ben = [await Visitor.arrive(browser, chat.url) for chat in chats]
        await ana.join("Ana")
        await ben.join("Ben")
        await ana.say("Hello from Tornado")
        await expect(ben.texts).to_have_text(["Hello from Tornado"])
        await ben.say("Hello from daphne")
        for visitor in (ana, ben):
            await expect(visitor.texts).to_have_text(["Hello from Tornado", "Hello from daphne"])
        assert ana.errors == ben.errors == []
    finally:
        for chat in chats:
            chat.stop()
    for chat in chats:
        chat.log.check()
