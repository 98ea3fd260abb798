"""What a Dockerfile makes, without Docker: its steps are run in a directory that stands for the root of the image."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .process import Process, environment

#: The packages of the tests stand for those of the image: pip looks whether all that is required is there, and changes
#: nothing.
NO_INSTALLATION = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1"}


def instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """Name and arguments of each, in their order; none goes over more than one line."""
    for line in dockerfile.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, arguments = line.partition(" ")
            yield name, arguments


class Image:
    """Is made when it is constructed. An instruction that is unknown here, or fails, is an error.

    :param context: directory that ``COPY`` copies from.
    :param root: empty directory for what the steps write.

    :ivar command: what a container runs.
    :ivar port: that it listens on.
    :ivar user: number of who runs it.
    :ivar users: arguments of each ``useradd``.
    :ivar stop_signal: by which it is told to end.
    """

    def __init__(self, dockerfile: Path, context: Path, root: Path) -> None:
        self.command: list[str] = []
        self.port = self.user = 0
        self.stop_signal = signal.SIGTERM
        self._context, self._root = context, root
        self._users = root / "users"
        self._directory = root
        self._variables = {"PATH": os.pathsep.join((self._add_useradd(), str(Path(sys.executable).parent), os.defpath))}
        steps: dict[str, Callable[[str], None]] = {
            "FROM": lambda _: None,
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
            "USER": lambda user: setattr(self, "user", int(user)),
            "EXPOSE": lambda port: setattr(self, "port", int(port)),
            "STOPSIGNAL": lambda name: setattr(self, "stop_signal", signal.Signals[name]),
            "CMD": lambda command: setattr(self, "command", json.loads(command)),
        }
        for name, arguments in instructions(dockerfile):
            steps[name](arguments)

    @property
    def users(self) -> list[str]:
        return self._users.read_text().splitlines()

    def start(self, port: int, log: Path, variables: Mapping[str, str]) -> Process:
        """Run what a container runs, on another port of this machine alone, and wait until it listens."""
        others = {str(self.port): str(port), "0.0.0.0": "127.0.0.1"}
        command = [others.get(argument, argument) for argument in self.command]
        program = shutil.which(command[0], path=self._variables["PATH"])
        assert program is not None, f"the image has no {command[0]}"
        process = Process((program, *command[1:]), log, {**self._variables, **variables}, self._directory)
        process.wait_for_port(port)
        return process

    def _add_useradd(self) -> str:
        """The directory of one that writes down whom it was asked for: this machine gets no users."""
        directory = self._root / "sbin"
        directory.mkdir()
        program = directory / "useradd"
        program.write_text(f'#!/bin/sh\necho "$@" >>{shlex.quote(str(self._users))}\n')
        program.chmod(0o755)
        return str(directory)

    def _env(self, arguments: str) -> None:
        self._variables |= dict(pair.split("=", 1) for pair in shlex.split(arguments))

    def _workdir(self, path: str) -> None:
        self._directory = self._root / path.lstrip("/")
        self._directory.mkdir(parents=True)

    def _copy(self, arguments: str) -> None:
        source, target = arguments.split()
        if (self._context / source).is_dir():
            shutil.copytree(self._context / source, self._directory / target, dirs_exist_ok=True)
        else:
            shutil.copy(self._context / source, self._directory / target)

    def _run(self, command: str) -> None:
        finished = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self._directory,
            env=environment({"PYTHONDEVMODE": "", **self._variables, **NO_INSTALLATION}),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert finished.returncode == 0, f"RUN {command}\n{finished.stdout}{finished.stderr}"
