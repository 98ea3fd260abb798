"""All the ways to the project: the table of exchanges runs over each of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tests.project.asgi import application

from .asgi import Server
from .communicator import InProcess
from .process import PYTHON, WHOLE

#: The servers whose behaviour is tested in every respect: those of an ASGI application, and Tornado.
ASGI_SERVERS = ("daphne", "uvicorn")
SERVERS = (*ASGI_SERVERS, "tornado")

#: Every transport that gives the same transcripts.
TRANSPORTS = ("communicator", *SERVERS, "gunicorn", "hypercorn", "granian")


class Servers:
    """Starts each server when it is first asked for, and keeps it for whoever asks again.

    :param directory: for their logs.
    :param variables: of the environment of all of them.
    :param python: how Python is called.
    """

    def __init__(self, directory: Path, variables: Mapping[str, str], python: Sequence[str] = PYTHON) -> None:
        self._directory = directory
        self._python = python
        self._variables = dict(variables)
        self._numbers = count(1)
        self._fresh = count(1)
        self._servers: dict[object, Server] = {}

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers.values())

    def get(
        self,
        kind: str,
        application: str = "application",
        arguments: Sequence[str] = (),
        number: int = 1,
        **variables: str,
    ) -> Server:
        """The server of that kind: of the whole project, where nothing else is asked for, else of the lean one.

        :param application: name of the application in the project's ``asgi.py``.
        :param arguments: of its command line.
        :param number: where several of the same kind are wanted.
        :param variables: of its environment.
        """
        key = (kind, application, tuple(arguments), number, tuple(sorted(variables.items())))
        server = self._servers.get(key)
        if server is None:
            whole = WHOLE if key == (kind, "application", (), 1, ()) else {}
            log = self._directory / f"{next(self._numbers)}-{kind}.log"
            server = self._servers[key] = Server(
                kind,
                log,
                application=application,
                arguments=arguments,
                variables=self._variables | whole | variables,
                python=self._python,
            )
        return server

    @contextmanager
    def fresh(self, kind: str, **variables: str) -> Iterator[Server]:
        """A server of that kind that nobody has asked before, and nobody will: it is killed."""
        number = -next(self._fresh)
        server = self.get(kind, number=number, **variables)
        try:
            yield server
        finally:
            self._servers = {key: each for key, each in self._servers.items() if each is not server}
            server.kill()

    def stop(self) -> None:
        """Stop them all; what they wrote last must be clean, too."""
        for server in self:
            server.terminate()
        with ExitStack() as stack:  # all of them, though one may not want to
            for server in self:
                stack.callback(server.stop)
        for server in self:
            server.log.check()


def in_process() -> InProcess:
    """The way without a server."""
    return InProcess(application)


def transport(kind: str, servers: Servers) -> InProcess | Server:
    """The way of that kind."""
    return in_process() if kind == "communicator" else servers.get(kind)
