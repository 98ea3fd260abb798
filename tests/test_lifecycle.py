"""``open`` and ``close`` run exactly once each, however the client comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import product

import pytest

from tests.support.asgi import Server
from tests.support.peer import CLOSE, frame, peer
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers

LIFE = ["open True False", "close False True"]
Leave = Callable[[SocketClient], Awaitable[None]]


async def leave_cleanly(client: SocketClient) -> None:
    await client.close()


async def abort(client: SocketClient) -> None:
    client.abort()


async def hang_up(client: SocketClient) -> None:
    client.hang_up()


async def be_sent_away(client: SocketClient) -> None:
    await client.emit("leave")
    await client.closed()


async def be_sent_away_and_abort(client: SocketClient) -> None:
    await client.emit("leave")
    await client.expect("leaving")
    client.abort()


LEAVES = [leave_cleanly, abort, hang_up, be_sent_away, be_sent_away_and_abort]


async def notes(server: Server, key: str, count: int) -> list[str]:
    """What was noted, once a whole life of somebody else has come and gone after it."""
    await server.log.wait_for_notes(key, count)
    other = await server.connect(f"/life/{key}-other")
    await other.close()
    await server.log.wait_for_notes(f"{key}-other", 2)
    return server.log.notes(key)


@pytest.mark.parametrize("leave", LEAVES, ids=lambda leave: leave.__name__)
async def test_open_and_close_run_exactly_once(server: Server, key: str, leave: Leave) -> None:
    client = await server.connect(f"/life/{key}")
    await client.settle()
    await leave(client)
    assert await notes(server, key, 2) == LIFE


@pytest.mark.parametrize("leave", [leave_cleanly, abort, hang_up], ids=lambda leave: leave.__name__)
@pytest.mark.parametrize("handler", ["wait", "wait_in_thread"])
async def test_close_runs_once_after_the_handler_that_was_running(
    server: Server, key: str, leave: Leave, handler: str
) -> None:
    client = await server.connect(f"/life/{key}", close_timeout=0.1)
    await client.emit(handler)
    await client.expect("waiting")
    await leave(client)
    helper = await server.connect(f"/life/{key}-helper")
    await helper.emit("release", {"key": key})
    assert await notes(server, key, 3) == [LIFE[0], "waited", LIFE[1]]


async def test_messages_sent_just_before_leaving_are_handled(server: Server, key: str) -> None:
    client = await server.connect(f"/life/{key}")
    for number in range(5):
        await client.emit("note_it", {"text": str(number)})
    await client.close()
    assert await notes(server, key, 7) == [LIFE[0], *"01234", LIFE[1]]


@pytest.mark.parametrize("leave", [leave_cleanly, abort], ids=lambda leave: leave.__name__)
async def test_client_that_leaves_during_open_is_closed_once(server: Server, key: str, leave: Leave) -> None:
    client = await server.connect(f"/slow-door/{key}", close_timeout=0.1)
    await server.log.wait_for_notes(key, 1)
    await leave(client)
    helper = await server.connect(f"/life/{key}-helper")
    await helper.emit("release", {"key": key})
    assert await notes(server, key, 3) == ["opening", "open", "close"]


async def test_close_runs_once_where_open_and_close_raise(server: Server, key: str) -> None:
    client = await server.connect(f"/failing-door/{key}")
    refusal, *rest = await client.settle()
    await client.close()
    assert (refusal["event"], refusal["data"]["code"], rest) == ("warning", "handler_error", [])
    assert await notes(server, key, 2) == ["open", "close"]
    assert "in open" in await server.log.wait_for_error("The handler of 'open' failed")
    assert "in close" in await server.log.wait_for_error("The handler of 'close' failed")


async def test_many_lives_are_lived_once_each(server: Server, key: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(_live(server, f"{key}-{number}", LEAVES[number % len(LEAVES)]))
    for number in range(50):
        assert await server.log.wait_for_notes(f"{key}-{number}", 2) == LIFE


async def _live(server: Server, key: str, leave: Leave) -> None:
    client = await server.connect(f"/life/{key}")
    await client.settle()
    await leave(client)


@pytest.fixture
async def impatient(servers: Servers) -> AsyncIterator[Server]:
    """A daphne that cancels a handler soon after its client has left."""
    async with servers.get("daphne", arguments=("--application-close-timeout", "1")).visit() as server:
        yield server


@pytest.mark.parametrize("handler", ["wait", "wait_in_thread"])
async def test_close_runs_once_where_the_server_cancels_the_handler(impatient: Server, key: str, handler: str) -> None:
    client = await impatient.connect(f"/life/{key}", close_timeout=0.1)
    await client.emit(handler)
    await client.expect("waiting")
    await client.close()
    assert await notes(impatient, key, 2) == LIFE
    helper = await impatient.connect(f"/life/{key}-helper")
    await helper.emit("release", {"key": key})


@pytest.mark.parametrize("event", ["open", "close"])
async def test_client_can_call_neither_by_name(server: Server, key: str, event: str) -> None:
    client = await server.connect(f"/life/{key}")
    await client.emit(event)
    (refusal,) = await client.settle()
    assert refusal["data"]["code"] == "reserved_event"
    assert server.log.notes(key) == LIFE[:1]


@pytest.mark.parametrize("leave", ["leave", "aleave"])
async def test_what_was_emitted_before_closing_arrives(server: Server, key: str, leave: str) -> None:
    client = await server.connect(f"/life/{key}")
    await client.emit(leave, {"code": 4321})
    await client.expect("leaving")
    code, _ = await client.closed()
    assert code == 4321


async def test_client_has_seconds_to_take_what_was_sent_and_to_answer_the_close_frame(server: Server, key: str) -> None:
    async with peer(server.port, f"/life/{key}") as client:
        await client.send(frame(b'{"event": "leave", "data": {}}'))
        while (received := await client.receive()) is not None and received.opcode != CLOSE:
            pass
        with pytest.raises(TimeoutError):  # it is still there
            await client.receive(within=1.5)
        await client.send(frame((1000).to_bytes(2, "big"), CLOSE))
        assert await client.end() == []


@pytest.mark.parametrize(("given", "code"), [(None, 1000), (1000, 1000), (4000, 4000), (4999, 4999)])
async def test_client_gets_the_close_code(server: Server, key: str, given: int | None, code: int) -> None:
    client = await server.connect(f"/life/{key}")
    await client.emit("leave", {"code": given})
    assert (await client.closed())[0] == code


async def test_client_gets_the_close_reason_where_the_server_passes_it_on(servers: Servers, key: str) -> None:
    async with servers.get("uvicorn").visit() as server:
        client = await server.connect(f"/life/{key}")
        await client.emit("leave", {"code": 4000, "reason": "time is up"})
        assert await client.closed() == (4000, "time is up")


@pytest.mark.parametrize("code", [999, 1001, 1006, 3000, 3999, 5000])
async def test_other_close_codes_are_no_application_s(server: Server, key: str, code: int) -> None:
    client = await server.connect(f"/life/{key}")
    assert await client.request("leave_badly", {"code": code}) == "ValueError"
    assert await client.settle() == []


async def test_reason_that_does_not_fit_a_close_frame_is_refused(server: Server, key: str) -> None:
    client = await server.connect(f"/life/{key}")
    assert await client.request("leave_badly", {"reason": "é" * 62}) == "ValueError"
    assert await client.settle() == []


async def test_only_the_first_close_counts(server: Server, key: str) -> None:
    client = await server.connect(f"/life/{key}")
    await client.emit("leave_twice")
    assert (await client.closed())[0] == 4001


async def test_emit_in_close_handler_says_that_the_client_has_gone(server: Server, key: str) -> None:
    client = await server.connect(f"/late/{key}")
    await client.settle()
    await client.close()
    (said,) = await server.log.wait_for_notes(key, 1)
    assert said.startswith("WebSocketClosedError")
    assert f"/late/{key}" in said


async def test_emit_after_own_close_says_that_the_client_has_gone(server: Server, key: str) -> None:
    client = await server.connect(f"/late/{key}")
    await client.emit("leave_and_speak")
    first, second = await server.log.wait_for_notes(key, 2)
    assert first.startswith("WebSocketClosedError")
    assert second.startswith("WebSocketClosedError")


async def test_emit_to_a_socket_that_was_kept_says_that_the_client_has_gone(server: Server, key: str) -> None:
    kept, speaker = await server.connect(f"/late/{key}-kept"), await server.connect(f"/late/{key}")
    await kept.emit("remember")
    await kept.settle()
    await kept.close()
    await server.log.wait_for_notes(f"{key}-kept", 1)
    await speaker.emit("speak_to_remembered")
    (said,) = await server.log.wait_for_notes(key, 1)
    assert said.startswith("WebSocketClosedError")


async def test_emit_reaches_a_socket_that_was_kept(server: Server, key: str) -> None:
    kept, speaker = await server.connect(f"/late/{key}-kept"), await server.connect(f"/late/{key}")
    await kept.emit("remember")
    await kept.settle()
    await speaker.emit("speak_to_remembered")
    await kept.expect("news")


async def test_stopping_uvicorn_closes_every_client_once(servers: Servers, key: str) -> None:
    server = servers.get("uvicorn", number=2)
    async with server.visit():
        for _ in range(3):
            await (await server.connect(f"/life/{key}")).settle()
        await asyncio.to_thread(server.stop)
        assert sorted(server.log.notes(key)) == sorted(3 * LIFE)


@pytest.fixture(params=(*SERVERS, "hypercorn", "granian"))
async def any_server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Also those of which nothing is known but ASGI."""
    async with servers.get(request.param).visit() as server:
        yield server


async def test_handler_that_speaks_without_end_finds_its_client_gone(any_server: Server, key: str) -> None:
    """Sync or async, and however the client leaves; all at once, since some servers take a second to tell of it."""

    async def live(key: str, handler: str, leave: Leave) -> list[str]:
        client = await any_server.connect(f"/endless/{key}")
        await client.emit(handler)
        await client.expect("news")
        await client.emit("note_it")
        await asyncio.wait_for(leave(client), 10)
        return await any_server.log.wait_for_notes(key, 3)

    lives = list(product(["stream", "stream_in_thread"], [leave_cleanly, abort]))
    noted = await asyncio.gather(*(live(f"{key}-{number}", *way) for number, way in enumerate(lives)))
    assert noted == [["stream ends True", "noted", "close"]] * len(lives)


async def test_what_is_there_when_it_begins_to_serve_is_spared_by_the_garbage_collector(server: Server) -> None:
    client = await server.connect("/passage")
    heap = await client.request("heap")
    assert heap["passed"] > 20_000
    assert heap["walked"] < heap["passed"]
    await client.close()
