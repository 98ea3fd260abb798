"""``runtornado`` in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.asgi import Server
from tests.support.process import PYTHON, ROOT, STOP_TIMEOUT, Process, environment

from .application import Raw

#: Arguments for a port that the system chooses.
ANY_PORT = ("127.0.0.1:0",)


def command(*arguments: str) -> tuple[str, ...]:
    """What runs it."""
    return (*PYTHON, "-m", "django", "runtornado", *arguments)


def variables(given: Mapping[str, str]) -> dict[str, str]:
    """Its settings, and what is given on top."""
    return {"DJANGO_SETTINGS_MODULE": "tests.tornado.settings", **given}


class TornadoServer(Server):
    """``manage.py runtornado``.

    :param log: file to be written.
    :param given: variables of its environment.
    :param arguments: of its command line.
    """

    def __init__(self, log: Path, given: Mapping[str, str], arguments: Sequence[str] = ANY_PORT) -> None:
        Process.__init__(self, command(*arguments), log, variables(given))
        self.kind = "tornado"
        self.urls = self.wait_for(r"Tornado serves on (.*)\n")[1].split(", ")
        self.port = int(self.urls[0].rpartition(":")[2])
        self._clients = []
        self._raw: list[Raw] = []

    async def raw(self, path: str) -> Raw:
        """A client that has sent the handshake, and leaves the rest to the test."""
        self._raw.append(await Raw.connect(self.port, path))
        return self._raw[-1]

    def abort_clients(self) -> None:
        """Let those go."""
        for raw in self._raw:
            raw.abort()

    def interrupt(self) -> int:
        """Stop it as Ctrl-C does; returns its exit code."""
        os.kill(self.pid, signal.SIGINT)
        return self._popen.wait(STOP_TIMEOUT)

    @property
    def memory(self) -> int:
        """Bytes of it that are in memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def files_without_a_name(self) -> list[Path]:
        """What it has open that no directory has."""
        return files_without_a_name(self.pid)

    def count_open(self, path: Path) -> int:
        """How often it has that file open."""
        opened = 0
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                opened += link.readlink() == path
        return opened


def files_without_a_name(pid: int) -> list[Path]:
    """What that process has open and no directory has, but for sockets and the like."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(link.readlink())
    return [link for link in links if str(link).startswith("/") and str(link).endswith(" (deleted)")]


@contextlib.contextmanager
def running(
    directory: Path, given: Mapping[str, str] | None = None, arguments: Sequence[str] = ANY_PORT
) -> Iterator[TornadoServer]:
    """A server for as long as the block runs; afterwards it must end well, and its log must be clean."""
    server = TornadoServer(directory / "tornado.log", given or {}, arguments)
    try:
        yield server
    finally:
        server.abort_clients()
        code = server.stop()
    assert code == 0, server.log.text
    server.log.check()


def tornado(**configuration: object) -> dict[str, str]:
    """The variable that makes this ``settings.TORNADO``."""
    return {"TEST_TORNADO": json.dumps(configuration)}


def refuse(given: Mapping[str, str], *arguments: str) -> str:
    """What it says when it does not start."""
    finished = subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(variables(given)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert finished.returncode == 1, finished.stdout
    assert "Traceback" not in finished.stderr, finished.stderr
    (message,) = [line for line in finished.stderr.splitlines() if line.startswith("CommandError: ")]
    return message
