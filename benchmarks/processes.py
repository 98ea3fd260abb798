"""Server processes: started on a free port of the loopback interface, stopped by their id."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

#: The directory that holds this package.
ROOT = Path(__file__).resolve().parent.parent

#: Seconds a server may take to start, and to stop.
PATIENCE = 20.0

#: Program and arguments of a server that is to listen on a given port.
Command = Callable[[int], Sequence[str]]

#: What would make a Python slower than its users have it.
_UNWANTED = {
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
}


def python(*arguments: str, program: str | Path = sys.executable) -> Command:
    """The command of a Python; ``{port}`` in its arguments stands for the port."""
    return lambda port: [str(program), *(argument.format(port=port) for argument in arguments)]


def quiet_environment(additions: Mapping[str, str] | None = None, directory: Path = ROOT) -> dict[str, str]:
    """Our environment without what slows a Python down, with ``directory`` to import from."""
    inherited = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return inherited | {"PYTHONPATH": str(directory)} | dict(additions or {})


class Server:
    """A running server.

    :param command: starts it.
    :param environment: what it finds in its environment besides ours.
    :param directory: where it runs, and what it can import from.
    :param patience: seconds it may take to start.
    :param port: to listen on; by default one that is free.
    :ivar pid: of its process.
    :ivar port: that it listens on.
    """

    def __init__(
        self,
        command: Command,
        environment: Mapping[str, str] | None = None,
        directory: Path = ROOT,
        patience: float = PATIENCE,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 closed when the server stops
        self._process = subprocess.Popen(  # noqa: S603 our own commands
            command(self.port),
            cwd=directory,
            env=quiet_environment(environment, directory),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self.pid = self._process.pid
        try:
            self._wait_until_it_listens(patience)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def output(self) -> str:
        """What it has written so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def reported(self, figure: str) -> list[float]:
        """The values of a figure that it measured itself, each written on a line of its own after its name."""
        lines = re.findall(rf"^{re.escape(figure)} (\S+)$", self.output(), re.MULTILINE)
        return [float(value) for value in lines]

    def check(self) -> None:
        """Raise ``RuntimeError`` if it has run into errors: what it did then is not worth measuring."""
        if "Traceback" in self.output():
            raise RuntimeError(f"Expected a server without errors, got:\n{self.output()[-2000:]}")

    def has_ended(self) -> bool:
        """Whether the process is over, of itself or because it was asked."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _wait_until_it_listens(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            time.sleep(0.02)
        written = self.output().strip() or "nothing that it wrote"
        last = written.splitlines()[-1]  # of a traceback what says most, and all that a list of who is left out has
        raise RuntimeError(
            f"Expected a server on port {self.port} within {patience:.0f} s, got: {last}\n{written[-2000:]}"
        )


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
