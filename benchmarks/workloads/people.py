"""People: to one of many, who comes and goes, and what a crowd takes."""

from dataclasses import dataclass

from ..figures import Figures
from .programs import figures_of

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
        return figures_of("benchmarks.contestants.ours.people", self.measurement, str(self.people))
