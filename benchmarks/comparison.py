"""One kind of work, done by several in turns."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .figures import Figures, Measurement
from .targets import Target


@dataclass(frozen=True)
class Entry:
    """Someone who is measured, how, and what tells why that is not possible here.

    ``is_apart`` says that it has an environment of its own, whose making takes as long as ten measurements.
    """

    name: str
    measure: Measurement
    why_absent: Callable[[], str | None] = lambda: None
    is_apart: bool = False


@dataclass(frozen=True)
class Comparison:
    """Work, and who does it: first we, then the others.

    :param importance: the short form has what has any, the most important first.
    """

    title: str
    entries: Sequence[Entry]
    targets: Sequence[Target]
    importance: int = 0

    @property
    def ours(self) -> str:
        return self.entries[0].name

    def shortened(self) -> "Comparison":
        """The same, without those whom no target mentions, and without those that are apart."""
        apart = {entry.name for entry in self.entries if entry.is_apart}
        targets = [target for target in self.targets if target.rival not in apart]
        wanted = {self.ours, *(target.rival for target in targets)}
        return replace(self, entries=[entry for entry in self.entries if entry.name in wanted], targets=targets)


@dataclass
class Result:
    """What came out, for each entry and round, and why some are left out."""

    comparison: Comparison
    rounds: dict[str, list[Figures]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def values(self, name: str, figure: str) -> list[float]:
        return [figures[figure] for figures in self.rounds.get(name, ())]


def run(comparison: Comparison, rounds: int, seconds: float) -> Result:
    """Measure everyone once in each round, so that whatever else the machine does hits all alike.

    :param seconds: of CPU time for each measurement.
    """
    result = Result(comparison)
    tell(comparison.title)
    present = [entry for entry in comparison.entries if not _is_absent(entry, result)]
    for _ in range(rounds):
        for entry in list(present):
            try:
                figures = entry.measure(seconds)
            except (OSError, RuntimeError, TimeoutError) as error:
                _leave_out(entry, result, str(error))
                present.remove(entry)
                result.rounds.pop(entry.name, None)
            else:
                result.rounds.setdefault(entry.name, []).append(figures)
                tell(f"  {entry.name}: {_describe(figures)}")
    return result


def tell(line: str) -> None:
    """Let whoever waits know how it goes."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _is_absent(entry: Entry, result: Result) -> bool:
    reason = entry.why_absent()
    if reason is not None:
        _leave_out(entry, result, reason)
    return reason is not None


def _leave_out(entry: Entry, result: Result, reason: str) -> None:
    tell(f"  {entry.name} is left out: {reason}")
    result.left_out[entry.name] = reason


def _describe(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{value:.3g} {figure}" for figure, value in figures.items())
