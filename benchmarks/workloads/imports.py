"""What it takes to import this package."""

import os
import subprocess
import sys
from dataclasses import dataclass

from ..figures import Figures
from ..processes import ROOT, quiet_environment

MILLISECONDS = "ms over Python's start"
TORNADO = "modules of Tornado"
ORM = "modules of the ORM"

_REPETITIONS = 5


@dataclass(frozen=True)
class Import:
    """CPU time of importing a module, beyond what Python takes to start, and whether Tornado or the ORM come along."""

    module: str

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 a fixed number of times
        program = f"import {self.module}"
        _run("pass"), _run(program)  # fills the caches
        started = sum(_run("pass") for _ in range(_REPETITIONS))
        imported = sum(_run(program) for _ in range(_REPETITIONS))
        return {
            MILLISECONDS: 1000 * (imported - started) / _REPETITIONS,
            TORNADO: self._count("tornado"),
            ORM: self._count("django.db"),
        }

    def _count(self, package: str) -> int:
        """How many modules of a package come along."""
        program = f"import sys, {self.module}; print(*sys.modules)"
        command = [sys.executable, "-c", program]
        printed = subprocess.run(command, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, check=True)  # noqa: S603
        return sum(f"{name}.".startswith(f"{package}.") for name in printed.stdout.split())


def _run(program: str) -> float:
    """CPU time of a Python that runs ``program``."""
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, cwd=ROOT, env=quiet_environment())  # noqa: S603 our own commands
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
