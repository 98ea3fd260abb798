"""Servers, each in a process of its own."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .log import DEADLINE
from .process import PYTHON, Process, free_port
from .sockets import SocketClient


@dataclass(frozen=True, slots=True)
class Kind:
    """How a server is called, and what it writes when it listens.

    ``{port}`` stands for a free port; a server that can choose one by itself says which, as the group of the pattern.
    ``{application}`` stands for the name of an ASGI application.
    """

    arguments: tuple[str, ...]
    listening: str
    settings: str = "tests.project.settings"


KINDS = {
    "daphne": Kind(
        ("-m", "daphne", "-v", "1", "-b", "127.0.0.1", "-p", "0", "{application}"),
        r"Listening on TCP address 127\.0\.0\.1:(\d+)",
    ),
    "uvicorn": Kind(
        ("-m", "uvicorn", "--host", "127.0.0.1", "--port", "0", "{application}"),
        r"Uvicorn running on http://127\.0\.0\.1:(\d+)",
    ),
    "hypercorn": Kind(
        ("-m", "hypercorn", "-b", "127.0.0.1:0", "{application}"),
        r"Running on http://127\.0\.0\.1:(\d+)",
    ),
    "granian": Kind(
        ("-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", "{port}", "{application}"),
        r"Started worker-1",
    ),
    "gunicorn": Kind(
        ("-m", "gunicorn", "-k", "asgi", "-b", "127.0.0.1:0", "--no-control-socket", "{application}"),
        r"ASGI server listening on http://127\.0\.0\.1:(\d+)",
    ),
    "gunicorn-preload": Kind(
        ("-m", "gunicorn", "--preload", "-w", "2", "-k", "asgi", "-b", "127.0.0.1:0", "{application}"),
        r"Listening at: http://127\.0\.0\.1:(\d+)",
    ),
    "gunicorn-gevent": Kind(
        ("-m", "gunicorn", "-k", "gevent", "-b", "127.0.0.1:0", "tests.project.wsgi:application"),
        r"Listening at: http://127\.0\.0\.1:(\d+)",
    ),
    "tornado": Kind(
        ("-m", "django", "runtornado", "127.0.0.1:0"),
        r"Tornado serves on \S*127\.0\.0\.1:(\d+)",
        "tests.project.settings_tornado",
    ),
    "runserver": Kind(
        ("-m", "django", "runserver", "--noreload", "127.0.0.1:{port}"),
        r"Listening on TCP address 127\.0\.0\.1:(\d+)",
        "tests.project.settings_runserver",
    ),
}


class Server(Process):
    """A server of the tests' project."""

    def __init__(
        self,
        kind: str,
        log: Path,
        *,
        application: str = "application",
        arguments: Sequence[str] = (),
        variables: Mapping[str, str],
        python: Sequence[str] = PYTHON,
    ) -> None:
        how = KINDS[kind]
        port = free_port()
        own = (
            argument.format(port=port, application=f"tests.project.asgi:{application}") for argument in how.arguments
        )
        super().__init__((*python, *own, *arguments), log, {"DJANGO_SETTINGS_MODULE": how.settings, **variables})
        self.kind = kind
        found = self.wait_for(how.listening)
        self.port = int(found[1]) if found.groups() else port
        self.wait_for_port(self.port)  # granian says that it has started a little before
        self._clients: list[SocketClient] = []

    async def connect(self, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> SocketClient:
        """A new client of ``WebSocket(path)``, which is closed with the :meth:`visit`.

        :param headers: of the handshake.
        :param options: of ``websockets.connect``.
        :raises Refused: the server would not have it.
        """
        client = await SocketClient.connect(f"ws://127.0.0.1:{self.port}/ws{path}", headers or {}, **options)
        self._clients.append(client)
        return client

    async def request(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a page, and get it."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=DEADLINE) as http:
            response = await http.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers)
        response.raise_for_status()
        return response

    @contextlib.asynccontextmanager
    async def visit(self) -> AsyncIterator["Server"]:
        """What one test does here: afterwards its clients are gone, and the log must be clean."""
        try:
            yield self
        finally:
            clients, self._clients = self._clients, []
            for client in clients:
                await client.close()
        self.log.check()
