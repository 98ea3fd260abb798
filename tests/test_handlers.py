"""Handlers that fail: what the client is told, what is logged, and that life goes on."""

import logging

import pytest

from tests.support.asgi import Server
from tests.support.transports import in_process

ECHO = {"event": "echo", "data": {"still": "alive"}}

#: Each way to fail, and what the traceback ends with.
FAILURES = {
    "fail": "ValueError: a secret",
    "afail": "ValueError: a secret",
    "misses": "KeyError: 'missing'",
    "cancelled": "CancelledError",
    "acancelled": "CancelledError",
    "exits": "SystemExit: 1",
    "aexits": "SystemExit: 1",
    "recurses": "RecursionError: maximum recursion depth exceeded",
    "arecurses": "RecursionError: maximum recursion depth exceeded",
    "stops": "StopIteration",
    "astops": "StopIteration",
}


@pytest.mark.parametrize("event", FAILURES)
async def test_handler_that_raises_is_logged_once_and_the_connection_lives(server: Server, event: str) -> None:
    client = await server.connect("/trouble")
    await client.emit(event)
    await client.emit("echo", {"still": "alive"})
    refusal, *rest = await client.settle()
    assert (refusal["event"], refusal["data"]["code"]) == ("warning", "handler_error")
    assert rest == [ECHO]
    assert FAILURES[event] in await server.log.wait_for_error(f"The handler of {event!r} failed (path '/trouble")
    assert server.log.count("The handler of") == 1


@pytest.mark.parametrize("event", FAILURES)
async def test_client_is_told_no_detail(server: Server, event: str) -> None:
    client = await server.connect("/trouble")
    await client.emit(event)
    await client.emit(event, id=1)
    await client.settle()
    told = " ".join(client.transcript)
    assert not [word for word in ("secret", "missing", "Error", "Exit", "Stop", "recursion", "Trace") if word in told]
    for _ in range(2):
        await server.log.wait_for_error(f"The handler of {event!r} failed")


async def test_what_was_emitted_before_the_failure_arrives_before_the_refusal(server: Server) -> None:
    client = await server.connect("/trouble")
    await client.emit("fail_after_emit")
    assert [frame["event"] for frame in await client.settle()] == ["before", "warning"]
    await server.log.wait_for_error("The handler of 'fail_after_emit' failed")


async def test_failure_of_one_client_is_not_told_to_others(server: Server) -> None:
    client, other = await server.connect("/trouble"), await server.connect("/trouble")
    await client.emit("fail")
    await client.settle()
    assert await other.settle() == []
    await server.log.wait_for_error("The handler of 'fail' failed")


async def test_failure_is_one_record_with_traceback_on_the_logger_of_the_package(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with in_process().visit() as way:
        client = await way.connect("/trouble")
        await client.emit("fail")
        await client.settle()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.name == "tornado_websockets"
    assert record.exc_info is not None
