import contextlib
import select
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from tornado_websockets.core.connections.hangup import INTERVAL, LITTLE, Line, bytes_taken, has_hung_up, keep_little

pytestmark = pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="Only Linux tells.")

Pair = tuple[socket.socket, socket.socket]


@contextlib.contextmanager
def over_tcp() -> Iterator[Pair]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as server,
    ):
        yield client, server


@contextlib.contextmanager
def over_unix() -> Iterator[Pair]:
    client, server = socket.socketpair()
    with client, server:
        yield client, server


@pytest.fixture(params=[over_tcp, over_unix])
def pair(request) -> Iterator[Pair]:
    with request.param() as pair:
        pair[0].sendall(b"x" * 10_000)  # which is not read
        yield pair


def leave(client, how):
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how == "half":
        client.shutdown(socket.SHUT_WR)
    else:
        client.close()


def test_who_stays_has_not_hung_up(pair):
    assert not has_hung_up(pair[1].fileno())


@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_who_leaves_has_hung_up_although_not_all_was_read(pair, how):
    client, server = pair
    leave(client, how)
    poll = select.poll()
    poll.register(server, select.POLLRDHUP)
    assert poll.poll(5_000)  # the packet is on its way
    assert has_hung_up(server.fileno())


def test_what_is_closed_here_counts_as_well(pair):
    server = pair[1]
    server.close()
    assert has_hung_up(server.fileno())


def test_looks_are_not_too_often(pair):
    client, server = pair
    line = Line(server.fileno())
    assert not line.is_found_dead(100.0)
    client.close()
    assert not line.is_found_dead(100.0 + INTERVAL / 2)
    assert line.is_found_dead(100.0 + INTERVAL)


def fill(line: socket.socket) -> int:
    """How many bytes can be sent to a peer that takes none."""
    line.setblocking(False)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            sent += line.send(b"x" * 10_000)
    return sent


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="The kernel cannot be told.")
def test_the_kernel_can_be_told_to_keep_little():
    with over_tcp() as (_, server):
        usual = fill(server)
    with over_tcp() as (_, server):
        keep_little(server.fileno())
        few = fill(server)
    assert few < 1024 * 1024 < usual
    assert few > LITTLE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="The kernel does not tell.")
def test_the_kernel_tells_what_the_peer_has_taken():
    with over_tcp() as (client, server):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        start = bytes_taken(server.fileno())
        sent = fill(server)
        full = bytes_taken(server.fileno())
        assert start < full < start + sent
        while client.recv(10_000) and bytes_taken(server.fileno()) == full:
            pass
        assert full < bytes_taken(server.fileno()) <= start + sent


@pytest.mark.parametrize("descriptor", [-1, 2**20])
def test_a_line_that_is_none_is_passed_over(descriptor):
    keep_little(descriptor)
    assert bytes_taken(descriptor) is None


def test_a_unix_socket_is_passed_over_and_stays_open():
    with over_unix() as (client, server):
        keep_little(server.fileno())
        assert bytes_taken(server.fileno()) is None
        server.sendall(b"x")
        assert client.recv(1) == b"x"
