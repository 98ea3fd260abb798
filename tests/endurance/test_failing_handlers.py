"""Handlers that raise cost nobody the connection, and leave one record in the log and nothing else."""

import asyncio
from collections import Counter

import pytest

from tests.project.websockets.failing import ERRORS, SECRET
from tests.support.asgi import Server
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers

from .conftest import Report
from .holdings import settle
from .scale import amount

CLIENTS = 10

#: On the event loop, where the last two are no handler's to raise, and in worker threads.
RAISED = [("raises", error) for error in ERRORS]
RAISED += [("araises", error) for error in ERRORS if error not in ("KeyboardInterrupt", "GeneratorExit")]

#: Times that each client has each of them raised.
TIMES = amount(2, 10)


async def endure(client: SocketClient) -> Counter[str]:
    """Have everything raised, and count the texts that come."""
    for event, error in RAISED * TIMES:
        await client.emit(event, {"error": error}, id=1)
    replies = [await client.receive() for _ in RAISED * TIMES]
    return Counter(reply["error"]["code"] for reply in replies)


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.timeout(180)
async def test_handlers_that_raise_cost_nobody_the_connection(
    servers: Servers, kind: str, key: str, report: Report
) -> None:
    async with servers.get(kind, TEST_FAILING="1").visit() as server:
        witness = await server.connect("/passage")
        clients = [await server.connect(f"/failing/{key}") for _ in range(CLIENTS)]
        await endure(clients[0])  # what is needed for the first time, such as threads
        before = await settle(server, witness)
        codes = sum(await asyncio.gather(*map(endure, clients)), Counter())
        count = CLIENTS * len(RAISED) * TIMES
        assert codes == {"handler_error": count}
        assert SECRET not in "".join(text for client in clients for text in client.transcript)
        assert await settle(server, witness) == before
        assert server.log.notes(key) == []
        for client in clients:
            await client.close()
        await server.log.wait_for_notes(key, CLIENTS)
        errors = count + len(RAISED) * TIMES
        await expect_errors(server, {event: errors * times(event) // len(RAISED) for event in ("raises", "araises")})
        assert server.log.notes(key) == ["close"] * CLIENTS
        report(f"{count:,} errors, {CLIENTS} clients kept, {CLIENTS} closed once")


def times(event: str) -> int:
    return [raised for raised, _ in RAISED].count(event)


async def expect_errors(server: Server, counts: dict[str, int]) -> None:
    """Exactly so many records of the handlers of these events, and no other trouble."""
    for event, count in counts.items():
        message = f"The handler of {event!r} failed"
        await server.log.wait_for_errors(message, count)
        assert server.log.count(message) == count


@pytest.mark.parametrize(
    ("path", "error"),
    [("failing-ends", error) for event, error in RAISED if event == "raises"]
    + [("async-failing-ends", error) for event, error in RAISED if event == "araises"],
)
async def test_open_and_close_handlers_that_raise_run_once(server: Server, key: str, path: str, error: str) -> None:
    client = await server.connect(f"/{path}/{key}/{error}")
    refusal, *rest = await client.settle()
    assert (refusal["event"], refusal["data"]["code"], rest) == ("warning", "handler_error", [])
    assert SECRET not in client.transcript[0]
    await client.close()
    await server.log.wait_for_notes(key, 2)
    await expect_errors(server, {"open": 1, "close": 1})
    assert server.log.notes(key) == ["open", "close"]
