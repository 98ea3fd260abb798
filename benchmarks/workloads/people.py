"""People: to one of many, who comes and goes, and what a crowd takes."""

import json
import subprocess
import sys
from dataclasses import dataclass

from ..figures import Figures
from ..processes import ROOT, quiet_environment

PER_PUBLISH = "CPU µs per publish"
PER_PERSON = "CPU µs per person that comes and goes"
MEMORY_OF_PERSON = "KiB per person"
FOR_NEWCOMER = "bytes per person, for a newcomer"


@dataclass(frozen=True)
class People:
    """What :mod:`benchmarks.contestants.ours.people` measures, in a process of its own, without servers and lines.

    :param measurement: one of its.
    :param people: how many are there.
    """

    measurement: str
    people: int

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 a fixed number of times
        command = [sys.executable, "-m", "benchmarks.contestants.ours.people", self.measurement, str(self.people)]
        printed = subprocess.run(command, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, check=True)  # noqa: S603
        figures: dict[str, float] = json.loads(printed.stdout)
        return figures
