"""What a process says of its connections, and what is believed of it."""

import pytest

from tests.support.memory import MemoryClient
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.processes.connections import MAX_TEXT, MOST, report
from tornado_websockets.processes.reading import read_reports
from tornado_websockets.processes.survey import Answer, Round
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
async def connect():
    ws = WebSocket("/seen", add_to_handlers=False)
    endpoint = endpoint_of(ws)
    endpoint.hub = Hub()
    clients = []

    async def connect(path="/seen", **options):
        clients.append(MemoryClient(endpoint, path, **options))
        return await clients[-1].connect()

    connect.hub = endpoint.hub
    yield connect
    for client in clients:
        await client.leave()


async def test_only_so_many_are_told_of_and_all_are_counted(connect):
    for number in range(MOST + 3):
        await connect(f"/seen/{number}")
    said = await report(connect.hub, {})
    for what in ("connections", "paths"):
        assert len(said[what]) == MOST
        assert said[f"{what}_total"] == MOST + 3
    assert said["connections_found"] == MOST + 3


async def test_an_address_is_cut_that_a_proxy_has_let_through(connect):
    await connect(address="1" * 6000)
    [row] = (await report(connect.hub, {}))["connections"]
    assert row["address"] == "1" * MAX_TEXT


async def test_who_falls_behind_comes_first_however_many_there_are(connect):
    for _ in range(MOST):
        await connect()
    slow = await connect()
    slow.transport.hold()
    for text in ("first", "second"):
        slow.connection.deliver(text)
    first, *others = (await report(connect.hub, {}))["connections"]
    slow.transport.release()
    assert first["id"] == slow.connection.id
    assert first["backlog"] > 0
    assert {other["backlog"] for other in others} == {None}


async def test_a_user_without_a_name_is_known_by_the_key(connect):
    class Odd:
        pk = 7
        is_authenticated = True

        def get_username(self):
            raise LookupError

    client = await connect()
    client.connection.user_key, client.connection._user = "7", Odd()
    assert (await report(connect.hub, {}))["users"] == [["7", "", 1]]


async def said_by(connect, **changes):
    await connect()
    return {**(await report(connect.hub, {})), **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"counters": {"connections": "many"}},
        {"counters": {"connections": float("inf")}},
        {"counters": {"connections": 10**400}},
        {"seconds": 10**400},
        {"paths": [["/chat", 1]]},
        {"paths": [["/chat", "/chat", 1]] * (MOST + 1)},
        {"users": None},
        {"connections": [{"id": "1"}]},
        {"connections_found": "1"},
        {"connections_found": 10**400},
        {"users": [["1", "\ud800", 1]]},
        {"started": None},
    ],
    ids=lambda changes: ascii(changes)[:40],
)
async def test_what_makes_no_sense_is_left_out(connect, changes, caplog):
    says = await said_by(connect)
    answers = {"a": Answer("a", "a:1", {**says, **changes}, 0.1), "b": Answer("b", "b:1", says, 0.1)}
    assert [each.name for each in read_reports(Round(answers))] == ["b:1"]
    assert "is ignored" in caplog.text


async def test_a_counter_that_an_older_version_does_not_know_is_0(connect):
    says = await said_by(connect, counters={"connections": 2}, unheard_of=1)
    [read] = read_reports(Round({"a": Answer("a", "a:1", says, 0.1)}))
    assert (read.counters["connections"], read.counters["recoveries"]) == (2, 0)
    assert "unheard_of" not in read.says
