"""People whose tabs are spread over processes: who hears, who is thrown out, whose login ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.cluster import servers_on
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers

#: Seconds within which what one process is told is done by all. It is one; a machine has other things to do as well.
SOON = 2.0


@pytest.fixture(scope="module")
def people_servers(redis: RedisServer, database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_on(redis, database, tmp_path_factory.mktemp("people")) as servers:
        yield servers


def shared_by_all(redis: RedisServer) -> dict[str, str]:
    """The environment of servers on one layer, with one store."""
    options = {"STORE": redis.url, "PRESENCE_GRACE": 0.5}
    return {"TEST_LAYER": "core", "TEST_TORNADO_WEBSOCKETS": json.dumps(options)}


@pytest.fixture
async def both(people_servers: Servers, redis: RedisServer) -> AsyncIterator[list[Server]]:
    """A daphne and a Tornado on one layer, with one store."""
    kinds, shared = ("daphne", "tornado"), shared_by_all(redis)
    starts = (asyncio.to_thread(people_servers.get, kind, **shared) for kind in kinds)
    first, second = await asyncio.gather(*starts)
    async with first.visit() as here, second.visit() as there:
        yield [here, there]


async def log_in(server: Server, name: str) -> dict[str, str]:
    """The ``Cookie`` header of somebody who has logged in."""
    cookies = (await server.request(f"/accounts/log-in/{name}")).cookies
    return {"Cookie": "; ".join(f"{cookie}={value}" for cookie, value in cookies.items())}


class Crowd:
    """Two tabs of Ada in each process, one of Bob, and one of nobody."""

    def __init__(self, key: str) -> None:
        self.ada_name, self.key = f"ada-{key}", key
        self.ada: list[SocketClient] = []
        self.others: list[SocketClient] = []
        self.cookie: dict[str, str] = {}

    async def come(self, both: list[Server]) -> "Crowd":
        self.cookie = await log_in(both[0], self.ada_name)
        bob = await log_in(both[0], f"bob-{self.key}")
        path = f"/people/{self.key}"
        for server in both:
            self.ada += [await server.connect(path, self.cookie) for _ in range(2)]
            self.others += [await server.connect(path, headers) for headers in (bob, {})]
        return self

    async def heard(self) -> list[list[str]]:
        """What each has heard until what is for all, Ada's tabs first."""
        return [await until_all(client) for client in (*self.ada, *self.others)]


async def until_all(client: SocketClient) -> list[str]:
    heard = []
    while (event := (await client.receive())["event"]) != "all":
        heard.append(event)
    return heard


@pytest.fixture
async def crowd(both: list[Server], key: str) -> Crowd:
    return await Crowd(key).come(both)


async def test_every_tab_of_a_user_hears_in_both_processes_and_nobody_else(crowd: Crowd, both: list[Server]) -> None:
    await both[1].request(f"/people/tell-user/{crowd.key}/{crowd.ada_name}")
    assert await crowd.heard() == [["told"]] * 4 + [[]] * 4


async def test_a_request_spares_the_tab_that_has_asked_in_whichever_process_it_is(
    crowd: Crowd, both: list[Server]
) -> None:
    tab = (await crowd.ada[3].request("whoami"))["id"]
    for server in both:
        await server.request(f"/people/tell-others/{crowd.key}", headers={**crowd.cookie, "X-WebSocket-ID": tab})
        assert await crowd.heard() == [["told"]] * 3 + [[]] + [["told"]] * 4


async def test_a_request_spares_nobody_elses_tab_though_its_id_is_known(crowd: Crowd, both: list[Server]) -> None:
    tab = (await crowd.others[0].request("whoami"))["id"]
    await both[1].request(f"/people/tell-others/{crowd.key}", headers={**crowd.cookie, "X-WebSocket-ID": tab})
    assert await crowd.heard() == [["told"]] * 8


async def test_a_user_is_thrown_out_everywhere_after_what_was_sent_before(crowd: Crowd, both: list[Server]) -> None:
    started = time.monotonic()
    await both[0].request(f"/people/throw-out/{crowd.key}/{crowd.ada_name}")
    for client in crowd.ada:
        assert (await client.receive())["event"] == "bye"
        assert (await client.closed())[0] == 4100
    assert time.monotonic() - started < SOON
    for other in crowd.others:
        assert await other.settle() == []


async def test_who_may_no_longer_be_there_is_closed_everywhere(crowd: Crowd, both: list[Server]) -> None:
    await both[1].request(f"/people/ban/{crowd.ada_name}")
    assert [(await client.closed())[0] for client in crowd.ada] == [4403] * 4
    for other in crowd.others:
        assert await other.settle() == []


@pytest.mark.parametrize(("page", "number"), [("log-out", 0), ("change-password", 1), ("deactivate", 0), ("delete", 1)])
async def test_a_login_that_ends_in_one_process_ends_in_the_other(
    crowd: Crowd, both: list[Server], page: str, number: int
) -> None:
    await both[number].request(f"/accounts/{page}/{crowd.ada_name}", headers=crowd.cookie)
    started = time.monotonic()
    codes = [(await client.closed())[0] for client in crowd.ada]
    # The look at who has just connected may come before word of a logout; it sees that the session is gone, not why.
    assert set(codes) <= ({4401, 3401} if page == "log-out" else {4401})
    assert time.monotonic() - started < SOON
    for other in crowd.others:
        assert await other.settle() == []


async def test_everybody_sees_who_is_there_in_both_processes(both: list[Server], key: str) -> None:
    cookies = [await log_in(both[0], f"{name}-{key}") for name in ("ada", "bob")]
    ada, bob = [await server.connect(f"/present/{key}", cookie) for server, cookie in zip(both, cookies, strict=True)]
    seen = [await names_seen(client, {f"ada-{key}", f"bob-{key}"}) for client in (ada, bob)]
    assert seen == [{f"ada-{key}", f"bob-{key}"}] * 2
    for server in both:
        page = (await server.request(f"/people/here/{key}", headers=cookies[0])).json()
        assert {person["info"]["name"] for person in page["people"]} == {f"ada-{key}", f"bob-{key}"}
        assert page["is_present"]
    await bob.close()
    assert len((await ada.expect("presence"))["left"]) == 1


async def names_seen(client: SocketClient, wanted: set[str]) -> set[str]:
    """Whom a client has been told of, until it is these."""
    seen: dict[str, str] = {}
    while set(seen.values()) != wanted:
        told = await client.expect("presence")
        people = [person for kind in ("people", "joined", "changed") for person in told.get(kind, [])]
        seen.update({person["id"]: person["info"]["name"] for person in people})
    return set(seen.values())


class Watcher:
    """A client that is told who is there, and whatever else is said to it.

    :ivar names: of those who are there now, by id.
    :ivar heard: the other events.
    """

    def __init__(self, client: SocketClient) -> None:
        self.client = client
        self.names: dict[str, str] = {}
        self.heard: list[str] = []

    async def sees(self, *names: str) -> None:
        """Return when it is told that these are there, and nobody else."""
        while sorted(self.names.values()) != sorted(names):
            await self.take()

    async def take(self) -> None:
        frame = await self.client.receive()
        if frame["event"] != "presence":
            self.heard.append(frame["event"])
            return
        told = frame["data"]
        if "people" in told:
            self.names.clear()
        for person in (*told.get("people", []), *told.get("joined", []), *told.get("changed", [])):
            self.names[person["id"]] = person["info"]["name"]
        for id_ in told.get("left", []):
            self.names.pop(id_, None)


async def test_three_processes_tell_nudge_kick_and_miss_the_same_people(
    both: list[Server], people_servers: Servers, redis: RedisServer, key: str
) -> None:
    third = await asyncio.to_thread(people_servers.get, "daphne", number=2, **shared_by_all(redis))
    async with third.visit() as last:
        servers = [*both, last]
        names = [f"{name}-{key}" for name in ("ada", "bob", "cem")]
        cookies = [await log_in(servers[0], name) for name in names]
        ada, bob, cem = watchers = [
            Watcher(await server.connect(f"/present/{key}", cookie))
            for server, cookie in zip(servers, cookies, strict=True)
        ]
        tab = Watcher(await both[1].connect(f"/present/{key}", cookies[2]))  # of Cem, who is at two processes
        for each in (*watchers, tab):
            await each.sees(*names)

        await both[0].request(f"/people/nudge/{key}/{names[2]}")
        for each in (cem, tab):
            while not each.heard:
                await each.take()

        await both[0].request(f"/people/kick/{key}/{names[2]}")
        assert [await each.client.closed() for each in (cem, tab)] == [(4403, "Be nice.")] * 2
        for each in (ada, bob):
            await each.sees(*names[:2])

        await bob.client.close()
        await ada.sees(names[0])
        assert [each.heard for each in (ada, bob, cem, tab)] == [[], [], ["nudged"], ["nudged"]]
