"""What is measured by a program of its own, in a process of its own, without servers and lines."""

import json
import subprocess
import sys
from dataclasses import dataclass

from ..figures import Figures
from ..processes import ROOT, quiet_environment

PER_FRAME = "CPU µs per frame"
ADDED = "CPU µs added to a save"
PER_SAVE = "CPU µs per save that nobody follows"
QUERIES = "queries added to a save"
MEMORY_OF_HISTORY = "MiB for all"


@dataclass(frozen=True)
class Piece:
    """What :mod:`benchmarks.contestants.ours.pieces` measures.

    :param measurement: one of its.
    """

    measurement: str

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 a fixed number of times
        return figures_of("benchmarks.contestants.ours.pieces", self.measurement)


def figures_of(program: str, *arguments: str) -> Figures:
    """What a module that is a program prints, as JSON."""
    command = [sys.executable, "-m", program, *arguments]
    printed = subprocess.run(command, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, check=True)  # noqa: S603
    figures: dict[str, float] = json.loads(printed.stdout)
    return figures
