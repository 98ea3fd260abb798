"""What it takes to import this package."""

import subprocess
import sys
from dataclasses import dataclass
from os import wait4

from ..figures import Figures
from ..processes import ROOT, quiet_environment

MILLISECONDS = "ms over Python's start"
TORNADO = "modules of Tornado"

_REPETITIONS = 5


@dataclass(frozen=True)
class Import:
    """CPU time of importing a module, beyond what Python takes to start, and whether Tornado comes along."""

    module: str

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 a fixed number of times
        count = "sum(name.partition('.')[0] == 'tornado' for name in sys.modules)"
        program = f"import sys, {self.module}; sys.exit(min(255, {count}))"
        _run("pass"), _run(program)  # fills the caches
        started = sum(_run("pass")[0] for _ in range(_REPETITIONS))
        imported = [_run(program) for _ in range(_REPETITIONS)]
        total = sum(taken for taken, _ in imported)
        return {MILLISECONDS: 1000 * (total - started) / _REPETITIONS, TORNADO: max(code for _, code in imported)}


def _run(program: str) -> tuple[float, int]:
    """CPU time and exit code of a Python that runs ``program``."""
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, cwd=ROOT, env=quiet_environment())  # noqa: S603 our own commands
    _, status, usage = wait4(process.pid, 0)
    process.returncode = status >> 8
    return usage.ru_utime + usage.ru_stime, process.returncode
