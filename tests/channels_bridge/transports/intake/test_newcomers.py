"""With Twisted's own ports and sockets, on the loop of the test."""

import asyncio
import socket
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Port, Server

from channels_bridge.transports.intake.newcomers import pace_newcomers
from tests.support.waiting import turns, until
from tornado_websockets.core.delivery.turnstile import MOST_IN


class Visit(Protocol):
    """What became of one connection."""

    def connectionMade(self):  # noqa: N802 Twisted's names
        self.factory.visits.append(self)
        self.heard, self.is_over = b"", False

    def dataReceived(self, data):  # noqa: N802
        self.heard += data
        self.factory.heard.append(self)

    def connectionLost(self, reason):  # noqa: N802
        self.is_over = True


@pytest.fixture
async def port():
    """One at which daphne might listen."""
    factory = Factory.forProtocol(Visit)
    factory.visits, factory.heard = [], []
    port = AsyncioSelectorReactor(asyncio.get_running_loop()).listenTCP(0, factory, interface="127.0.0.1", backlog=200)
    pace_newcomers([port], asyncio.get_running_loop())
    yield port
    port.stopListening()
    for visit in factory.visits:
        visit.transport.abortConnection()
    await until(lambda: all(visit.is_over for visit in factory.visits))


@pytest.fixture
async def connect(port):
    """Connects so many clients, and returns when all are there; they say nothing yet."""
    with ExitStack() as stack:

        async def connect(count):
            expected = len(port.factory.visits) + count
            where = ("127.0.0.1", port.getHost().port)
            clients = [stack.enter_context(socket.create_connection(where)) for _ in range(count)]
            await until(lambda: len(port.factory.visits) == expected)
            return clients

        yield connect


async def test_crowd_that_speaks_at_once_is_read_a_few_at_a_time_in_its_order(port, connect):
    visits = port.factory.visits
    for client in await connect(5 * MOST_IN):
        client.sendall(b"hello")
    heard, most = port.factory.heard, 0
    while len(heard) < len(visits):
        before = len(heard)
        await asyncio.sleep(0)
        most = max(most, len(heard) - before)
    assert most == MOST_IN
    assert heard == visits


async def test_few_are_read_at_once(port, connect):
    for client in await connect(MOST_IN):
        client.sendall(b"hello")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert all(visit.heard for visit in port.factory.visits)


async def test_what_comes_later_is_read_as_it_comes(port, connect):
    clients = await connect(2 * MOST_IN)
    for client in clients:
        client.sendall(b"hello")
    await until(lambda: all(visit.heard for visit in port.factory.visits))
    for client in clients:
        client.sendall(b", again")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert {visit.heard for visit in port.factory.visits} == {b"hello, again"}
    assert {type(visit.transport) for visit in port.factory.visits} == {Server}


async def waiting_ones(port, connect):
    """Those of a crowd who have spoken and are not read yet, when the first of them are."""
    visits = port.factory.visits
    for client in await connect(4 * MOST_IN):
        client.sendall(b"hello")
    while not any(visit.heard for visit in visits):
        await turns(1)
    return [visit for visit in visits if not visit.heard]


async def test_who_is_gone_when_its_turn_comes_takes_nobody_s_place(port, connect):
    *gone, last = await waiting_ones(port, connect)
    for visit in gone:
        visit.transport.abortConnection()
    await until(lambda: last.heard)
    assert all(visit.is_over for visit in gone)
    assert [visit.heard for visit in gone[MOST_IN:]] == [b""] * (len(gone) - MOST_IN)


async def test_who_is_told_to_go_before_its_turn_is_not_read(port, connect):
    visits, last = port.factory.visits, (await waiting_ones(port, connect))[-1]
    last.transport.write(b"x" * 10_000_000)  # so that the line lasts until that is out
    last.transport.loseConnection()
    await until(lambda: sum(bool(visit.heard) for visit in visits) == len(visits) - 1)
    await turns(5)
    assert (last.heard, last.is_over) == (b"", False)


async def test_who_left_before_its_turn_is_noticed_in_its_turn(port, connect):
    clients = await connect(3 * MOST_IN)
    for client in clients:
        client.sendall(b"bye")
        client.close()
    await until(lambda: all(visit.is_over for visit in port.factory.visits))
    assert {visit.heard for visit in port.factory.visits} == {b"bye"}


async def test_unknown_ports_are_left_as_they_are_and_told_of(caplog):
    port = SimpleNamespace(transport=object)
    pace_newcomers([port], asyncio.get_running_loop())
    assert port.transport is object
    assert "its port has no transport." in caplog.text
    assert Port.transport is Server
