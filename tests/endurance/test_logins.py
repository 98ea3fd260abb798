"""Who is logged out while connected hears nothing more."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers
from tests.support.waiting import until

from .conftest import Report
from .scale import IS_LONG, amount, within

#: Pages that end a login.
ENDS = ("log-out", "change-password", "deactivate", "delete")

#: ``REAUTH_INTERVAL``, in seconds, of servers that must find out by themselves.
INTERVAL = 1.0

#: Those that a look at a login takes: for the session, and for its user.
QUERIES = 2


async def log_in(server: Server, name: str, query: str = "") -> dict[str, str]:
    """The ``Cookie`` header of somebody who has logged in."""
    cookies = (await server.request(f"/accounts/log-in/{name}{query}")).cookies
    return {"Cookie": "; ".join(f"{cookie}={value}" for cookie, value in cookies.items())}


async def end(server: Server, page: str, name: str, headers: Mapping[str, str]) -> None:
    await server.request(f"/accounts/{page}/{name}", headers=headers)


async def time_until_closed(client: SocketClient) -> tuple[float, tuple[int | None, str | None]]:
    began = asyncio.get_running_loop().time()
    closed = await client.closed()
    return asyncio.get_running_loop().time() - began, closed


async def be_seen(client: SocketClient) -> None:
    """Return when everyone on the server of ``client`` has had the look that follows the handshake."""

    async def all_are_seen() -> bool:
        return not await client.request("count_unseen")

    await until(all_are_seen, within(1), pause=0.05)


async def be_looked_at(client: SocketClient, times: int) -> None:
    """Return when the login of ``client``, the only one of its server, was looked at so often."""
    enough = await client.request("count_queries") + times * QUERIES

    async def is_enough() -> bool:
        return bool(await client.request("count_queries") >= enough)

    await until(is_enough, times * INTERVAL + within(1), pause=0.05)


@pytest.mark.parametrize("page", ENDS)
async def test_who_is_logged_out_in_the_same_process_is_closed_at_once(
    server: Server, page: str, key: str, report: Report
) -> None:
    headers = await log_in(server, key)
    client = await server.connect(f"/lounge/{key}", headers)
    await client.request("count_queries")
    await end(server, page, key, headers)
    seconds, closed = await time_until_closed(client)
    report(f"closed after {seconds:.2f} s")
    assert closed == (4401, "Logged out.")
    assert seconds < within(1)
    with pytest.raises(Refused):
        await server.connect(f"/lounge/{key}", headers)


async def test_what_waits_for_a_client_is_dropped_when_it_is_logged_out(server: Server, key: str) -> None:
    headers = await log_in(server, key)
    client = await server.connect(f"/lounge/{key}", headers)
    other = await server.connect(f"/lounge/{key}", await log_in(server, f"{key}-other"))
    client.pause()
    for number in range(8):
        await other.emit("say", {"n": number, "text": "x" * 900_000})
        await other.expect("said")
    await end(server, "log-out", key, headers)
    await other.emit("say", {"n": 8})
    await other.expect("said")
    client.resume()
    heard = []
    while (frame := await client.receive_or_none()) is not None:
        heard.append(frame["data"]["n"])
    assert heard == list(range(len(heard)))
    assert len(heard) < 8
    assert await client.closed() == (4401, "Logged out.")


def end_of(page: str, where: str) -> tuple[int, str]:
    """A session that another process has ended may as well have another key: its client is asked again."""
    return (3401, "Session gone.") if (page, where) == ("log-out", "elsewhere") else (4401, "Logged out.")


@pytest.fixture(params=SERVERS if IS_LONG else ("daphne", "tornado"))
def curious(request: pytest.FixtureRequest, servers: Servers) -> tuple[Server, Server]:
    """A server that often looks at logins, and another that shares its database."""
    settings = json.dumps({"REAUTH_INTERVAL": INTERVAL})
    return servers.get(request.param, TEST_TORNADO_WEBSOCKETS=settings), servers.get("uvicorn")


@pytest.mark.parametrize("page", ENDS)
async def test_who_is_logged_out_by_another_process_is_closed_within_the_interval(
    curious: tuple[Server, Server], page: str, key: str, report: Report
) -> None:
    server, elsewhere = curious
    async with server.visit(), elsewhere.visit():
        headers = await log_in(elsewhere, key)
        client = await server.connect(f"/lounge/{key}", headers)
        await be_seen(client)
        await end(elsewhere, page, key, headers)
        seconds, closed = await time_until_closed(client)
    report(f"closed after {seconds:.2f} s")
    assert closed == end_of(page, "elsewhere")
    assert seconds < INTERVAL + within(1)


@pytest.fixture(params=SERVERS if IS_LONG else ("daphne", "tornado"))
def incurious(request: pytest.FixtureRequest, servers: Servers) -> tuple[Server, Server]:
    """A server that looks at no login again, and another that shares its database."""
    settings = json.dumps({"REAUTH_INTERVAL": None})
    return servers.get(request.param, TEST_TORNADO_WEBSOCKETS=settings), servers.get("uvicorn")


@contextlib.asynccontextmanager
async def connecting(server: Server, key: str, headers: Mapping[str, str]) -> AsyncIterator[asyncio.Task[SocketClient]]:
    """A client whose handshake is being decided, until this ends."""
    task = asyncio.create_task(server.connect(f"/locked/{key}", headers))
    await server.log.wait_for_notes(key, 1)
    try:
        yield task
    finally:
        await (await server.connect("/porter")).request("unlock", {"key": key})


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("page", ENDS)
async def test_who_is_logged_out_during_the_handshake_is_closed(
    incurious: tuple[Server, Server], page: str, where: str, key: str, report: Report
) -> None:
    server, elsewhere = incurious
    async with server.visit(), elsewhere.visit():
        headers = await log_in(elsewhere, key)
        async with connecting(server, key, headers) as task:
            await end(server if where == "here" else elsewhere, page, key, headers)
        seconds, closed = await time_until_closed(await task)
    report(f"closed after {seconds:.2f} s")
    assert closed == end_of(page, where)
    assert seconds < within(1)


async def test_whose_session_is_deleted_during_the_handshake_is_closed(
    incurious: tuple[Server, Server], database: Path, key: str
) -> None:
    server, _ = incurious
    async with server.visit():
        headers = await log_in(server, key)
        async with connecting(server, key, headers) as task:
            with contextlib.closing(sqlite3.connect(database)) as connection, connection:
                session = headers["Cookie"].removeprefix("sessionid=")
                assert connection.execute("DELETE FROM django_session WHERE session_key = ?", [session]).rowcount == 1
        assert await (await task).closed() == (3401, "Session gone.")


async def test_who_stays_logged_in_during_the_handshake_is_looked_at_and_stays(
    incurious: tuple[Server, Server], key: str
) -> None:
    server, _ = incurious
    async with server.visit():
        headers = await log_in(server, key)
        client = await server.connect(f"/lounge/{key}", headers)
        await be_seen(client)
        await client.emit("say", {"a": 1})
        assert await client.expect("said") == {"a": 1}


async def test_a_session_that_expires_ends_the_connection(server: Server, key: str, report: Report) -> None:
    headers = await log_in(server, key, "?seconds=2")
    client = await server.connect(f"/lounge/{key}", headers)
    seconds, closed = await time_until_closed(client)
    report(f"closed {seconds - 2:.2f} s after its end")
    assert closed == (4401, "Logged out.")
    assert seconds < 2 + within(1)


async def test_who_is_logged_in_stays(curious: tuple[Server, Server], key: str) -> None:
    server, elsewhere = curious
    async with server.visit(), elsewhere.visit():
        headers = await log_in(server, key)
        client = await server.connect(f"/lounge/{key}", headers)
        other = await server.connect(f"/lounge/{key}", await log_in(server, key))
        await end(server, "change-name", key, headers)
        await end(elsewhere, "log-out", key, headers)  # of one session of the two
        await client.closed()
        await be_looked_at(other, times=2)
        await other.emit("say", {"a": 1})
        assert await other.expect("said") == {"a": 1}


async def test_a_broadcast_asks_nothing_of_the_database(server: Server, key: str, report: Report) -> None:
    headers = await log_in(server, key)
    clients = [await server.connect(f"/lounge/{key}", headers) for _ in range(5)]
    await be_seen(clients[0])
    before = await clients[0].request("count_queries")
    count = amount(50, 1_000)
    for _ in range(count):
        await clients[0].emit("say", {"a": 1})
        for client in clients:
            await client.expect("said")
    queries = await clients[0].request("count_queries") - before
    report(f"{queries} queries for {count} broadcasts")
    assert queries == 0
