"""A server that has no room for another connection."""

import asyncio
import errno
import resource
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from tests.support.sockets import SocketClient
from tests.support.waiting import until
from tests.tornado.server import running, tornado
from tornado_websockets.tornado_bridge import accepting
from tornado_websockets.tornado_bridge.accepting import Listener

LOOPBACK = "127.0.0.1"


@pytest.fixture
def listener() -> Iterator[Listener]:
    (bound,) = bind_sockets(0, LOOPBACK)
    with Listener(bound) as listener:
        yield listener


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_it_is_asked_once_in_a_while_and_then_serves(
    listener: Listener, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, asked = socket.socket.accept, []

    def accept(self: socket.socket) -> object:
        asked.append(time.monotonic())
        if len(asked) < 3:
            raise OSError(number, "no room")
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    monkeypatch.setattr(accepting, "PAUSE", 0.1)
    server = HTTPServer(Application())
    server.add_sockets([listener])
    _, writer = await asyncio.open_connection(*listener.getsockname())
    await until(lambda: len(asked) >= 3)
    server.stop()
    writer.close()
    assert asked[1] - asked[0] > 0.09
    assert asked[2] - asked[1] > 0.09
    lines = [record.getMessage() for record in caplog.records if record.name == "tornado_websockets"]
    assert len(lines) == 2
    assert "no room" in lines[0]
    assert "ulimit -n" in lines[0]


async def test_any_other_error_is_raised(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    def accept(self: socket.socket) -> object:
        raise OSError(errno.EPERM, "a firewall")

    monkeypatch.setattr(socket.socket, "accept", accept)
    with pytest.raises(PermissionError):
        listener.accept()


async def test_one_that_is_closed_meanwhile_is_left_alone(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def accept(self: socket.socket) -> object:
        asked.append(self)
        raise OSError(errno.EMFILE, "no room")

    asked: list[socket.socket] = []
    monkeypatch.setattr(socket.socket, "accept", accept)
    monkeypatch.setattr(accepting, "PAUSE", 0.05)
    server = HTTPServer(Application())
    server.add_sockets([listener])
    _, writer = await asyncio.open_connection(*listener.getsockname())
    await until(lambda: asked)
    server.stop()
    await asyncio.sleep(0.1)
    writer.close()
    assert len(asked) == 1
    assert [record.name for record in caplog.records] == ["tornado_websockets"]


@pytest.mark.skipif(sys.platform != "linux", reason="Expected Linux, which limits what another process may open.")
async def test_a_full_table_of_files_costs_a_line_a_second_and_passes(tmp_path: Path) -> None:
    with running(tmp_path, tornado()) as server:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (_count_files(server.pid) + 20, most))
        before = server.log.path.stat().st_size
        crowd = [await asyncio.open_connection(LOOPBACK, server.port) for _ in range(60)]
        await server.log.wait_for("Accepting no connections")
        busy, began = _processor_seconds(server.pid), time.monotonic()
        await asyncio.sleep(2.5)
        assert _processor_seconds(server.pid) - busy < 0.5
        assert server.log.path.stat().st_size - before < 2_000
        assert 2 <= server.log.count("Accepting no connections") <= 2 + time.monotonic() - began
        for _, writer in crowd:
            writer.close()
        client = await SocketClient.connect(f"ws://{LOOPBACK}:{server.port}/ws/work/a", {})
        await client.close()


def _count_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100
