"""Programs that the tests start, wait for, and stop again."""

import asyncio
import contextlib
import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeVar

from .log import TROUBLE, Log

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]

#: Seconds that a program has to start, and to stop.
START_TIMEOUT = 30.0
STOP_TIMEOUT = 20.0

#: How Python is called: what it has to complain of shall be seen.
PYTHON = (sys.executable, "-W", "default")

#: As in production: development mode costs several times as much processor time.
PLAIN_PYTHON = (sys.executable,)

#: Below those that systems choose from, each time another one; other processes of the tests begin elsewhere, as a rule.
_first = random.randrange(12_000)
_ports = (20_000 + (_first + number) % 12_000 for number in itertools.count())

#: The variables of a program that needs all of the project, and not only what is quickly imported.
WHOLE = {"TEST_LEAN": ""}


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Of a program that imports the project, the lean one; nothing of the caller's own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "TEST_"))}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "tests.project.settings",
        "PYTHONDEVMODE": "1",  # an empty one switches it off
        "PYTHONMALLOC": "default",  # what that mode has of its own slows all down, to find faults of C
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TEST_LEAN": "1",
        **variables,
    }


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that no system gives away to one who asks for any.

    So a program that is stopped finds its port again, though others ask for any meanwhile.
    """
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


async def run_python(*arguments: str, **variables: str) -> str:
    """What a Python program of the project writes until it ends, which must be without trouble."""
    process = await asyncio.create_subprocess_exec(
        *PYTHON,
        *arguments,
        cwd=ROOT,
        env=environment(variables),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert not TROUBLE.search(text), text
    return text


class Process:
    """A running program, whose output goes into a log.

    :param command: and its arguments.
    :param log: file to be written.
    :param variables: of its environment, on top of what all of them get.
    :param directory: in which it runs.
    """

    def __init__(self, command: Sequence[str], log: Path, variables: Mapping[str, str], directory: Path = ROOT) -> None:
        self.command = tuple(command)
        self.log = Log(log)
        self._directory = directory
        self._is_asked = False
        with log.open("ab") as output:
            self._popen = self._start(output, environment(variables))

    def _start(self, output: IO[bytes], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, cwd=self._directory, env=variables, stdout=output, stderr=output)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Block until it has written this, which says that it is ready."""
        return self._wait(lambda: re.search(pattern, self.log.text), f"write {pattern!r}")

    def wait_for_port(self, port: int) -> None:
        """Block until it listens there."""
        self._wait(lambda: _is_listening(port) or None, f"listen on port {port}")

    def _wait(self, look: Callable[[], T | None], what: str) -> T:
        deadline = time.monotonic() + START_TIMEOUT
        while (seen := look()) is None:
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Expected {self.command!r} to {what}, got:\n{self.log.text}")
            time.sleep(0.01)
        return seen

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, once.

        :param number: the signal that asks.
        """
        if self.is_running and not self._is_asked:
            self._is_asked = True
            self._popen.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, and wait until it has. Returns its exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        """Block until it has ended. Returns its exit code."""
        try:
            return self._popen.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()
        self._popen.wait()
