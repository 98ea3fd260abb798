"""A Redis that belongs to the benchmarks alone."""

import re
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from .processes import PATIENCE, Server

#: The name under which servers find its URL in their environment.
VARIABLE = "BENCHMARK_REDIS"

#: What ends the observation of others' commands.
_END = b"end-of-observation"

#: A command of a client, as ``MONITOR`` shows it: ``+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"``. Those of
#: scripts have ``lua`` for an address.
_SENT = re.compile(rb"\+[0-9.]+ \[\d+ [0-9.:]+\] ")


class Redis:
    """A running Redis, without persistence.

    :ivar pid: of its process.
    :ivar url: where servers find it.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        command = ["redis-server", *options]
        self._server = self._stack.enter_context(
            Server(lambda port: [*command, "--port", str(port)], directory=directory)
        )
        self.pid = self._server.pid
        self.url = f"redis://127.0.0.1:{self._server.port}/0"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def absence() -> str | None:
        """Why there can be none."""
        return None if shutil.which("redis-server") else "there is no program redis-server"

    def commands_during(self, work: Callable[[], object]) -> int:
        """How many commands all clients together send while ``work`` is done; what scripts do is not sent."""
        with self.connect() as monitor, self.connect() as other:
            monitor.sendall(b"MONITOR\r\n")
            seen = monitor.recv(1 << 16)
            work()
            other.sendall(b"PING " + _END + b"\r\n")
            while _END not in seen:
                seen += monitor.recv(1 << 16)
        lines = [line for line in seen.splitlines() if _SENT.match(line)]
        return len(lines) - 1  # our own

    def connect(self) -> socket.socket:
        """A connection of one's own."""
        return socket.create_connection(("127.0.0.1", self._server.port), PATIENCE)
