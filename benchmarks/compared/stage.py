"""A peer's servers, with what they need, and clients in front of them."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from ..processes import Command, Server, free_port, python
from .client import Client
from .database import make
from .peers import Peer, uvicorn
from .talking import Talker


class Stage:
    """A peer that runs: ``processes`` servers of it, a Redis, a database, and a user who is logged in.

    :raises RuntimeError: a server does not start.
    """

    def __init__(self, peer: Peer, processes: int = 1) -> None:
        self.peer = peer
        self._cookie = ""
        self._stack = ExitStack()
        try:
            self._set_up(processes)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, process: int = 0, origin: str | None = None, room: int | None = None) -> Talker:
        """A client who has the user's cookie, as a browser that shows a page of ``origin``, by default the site's.

        :param room: bytes that it has for what it does not read.
        :raises client.Refused: the server would not have it.
        :raises client.Closed: the server has closed it again.
        """
        port = self.servers[process].port
        headers = {"Origin": origin or f"http://127.0.0.1:{port}", "Cookie": self._cookie}
        client = Client(port, self.peer.dialect.path, headers, room)
        self._stack.callback(client.drop)
        talker = Talker(client, self.peer.dialect)
        talker.emit("echo", text="here")
        talker.expect("echoed")  # it may be connected before it is in its group
        return talker

    def page(self, path: str, **query: str) -> None:
        """Ask for a page, as the user."""
        itself = self.peer.publishes_itself and bool(query)
        port = self.servers[0].port if itself or self._pages is None else self._pages.port
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", f"{path}?{urlencode(query)}", headers={"Cookie": self._cookie})
        response = connection.getresponse()
        response.read()
        connection.close()
        if response.status not in {200, 204}:
            raise RuntimeError(f"Expected the page {path}, got {response.status}")
        if cookies := SimpleCookie(response.getheader("Set-Cookie") or ""):
            self._cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())

    def notes(self) -> list[str]:
        """What handlers have noted."""
        return self._journal.read_text().split()

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> float | None:
        """Seconds until the condition holds, if it does in time."""
        start = time.monotonic()
        while time.monotonic() < start + timeout:
            if condition():
                return time.monotonic() - start
            time.sleep(0.02)
        return None

    def start_redis(self) -> None:
        """At the same port, whenever."""
        port, directory = self._redis_port, str(self._directory)
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory]
        self.redis = Server(lambda _: [*command, "--port", str(port)], directory=self._directory, port=port)
        self._stack.callback(self.redis.stop)

    def _set_up(self, processes: int) -> None:
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._journal = self._directory / "journal"
        self._journal.touch()
        self._redis_port = free_port()
        self.start_redis()
        environment = {
            "DJANGO_SETTINGS_MODULE": self.peer.settings,
            "COMPARED_DATABASE": make(self._directory),
            "COMPARED_REDIS": f"redis://127.0.0.1:{self._redis_port}/0",
            "COMPARED_JOURNAL": str(self._journal),
        }
        self.servers = [self._start(self.peer.command, environment) for _ in range(processes)]
        self._pages: Server | None = None
        if self.peer.has_pages_beside:
            beside = uvicorn("benchmarks.compared.projects.site.asgi:application")
            self._pages = self._start(python(*beside, program=self.peer.python), environment)
        self.page("/login")

    def _start(self, command: Command, environment: dict[str, str]) -> Server:
        port = free_port()
        server = Server(command, {**environment, "COMPARED_PORT": str(port)}, port=port)
        self._stack.callback(server.stop)
        return server
