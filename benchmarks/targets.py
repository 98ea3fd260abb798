"""What is promised, and whether it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import median

from .figures import Figures

#: The figures of each round, by the name of who was measured.
Rounds = Mapping[str, Sequence[Figures]]


class Verdict(StrEnum):
    """Of one target."""

    MET = "met"
    MISSED = "MISSED"
    UNKNOWN = "not measured"


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and how far they were apart."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.least:.3g} to {self.most:.3g})"


@dataclass(frozen=True)
class Target:
    """A figure of ours that must stay on the right side of a limit.

    :param figure: its name.
    :param rival: if given, the figure's ratio to this one's in the same round is meant.
    :param is_least: whether it must not be below the limit, rather than above.
    :param is_headline: whether it is among those that are shown first.
    """

    figure: str
    limit: float | Fraction
    rival: str | None = None
    is_least: bool = False
    is_headline: bool = False

    def __str__(self) -> str:
        words = f"≥ {self.limit}" if self.is_least else f"≤ {self.limit}"
        if self.rival is None:
            return f"{words} {self.figure}"
        return f"{words} {'of' if isinstance(self.limit, Fraction) else 'times'} {self.rival}"

    def values(self, rounds: Rounds, ours: str) -> list[float]:
        """What is held against the limit, for each round."""
        own = [figures[self.figure] for figures in rounds.get(ours, ())]
        if self.rival is None:
            return own
        others = [figures[self.figure] for figures in rounds.get(self.rival, ())]
        return [mine / theirs for mine, theirs in zip(own, others, strict=False)]

    def verdict(self, values: Sequence[float], tolerance: float = 1.0) -> Verdict:
        """Of the median.

        :param tolerance: the factor by which it may be worse.
        """
        if not values:
            return Verdict.UNKNOWN
        limit = float(self.limit)
        is_met = median(values) >= limit / tolerance if self.is_least else median(values) <= limit * tolerance
        return Verdict.MET if is_met else Verdict.MISSED
