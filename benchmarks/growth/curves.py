"""One kind of work at several sizes, done by several in turns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ..comparison import Comparison, Entry, Result, run
from ..targets import Spread


@dataclass(frozen=True)
class Curve:
    """Someone who is measured at each of ``sizes``; ``entry`` tells how that is done at one of them."""

    name: str
    sizes: Sequence[int]
    entry: Callable[[int], Entry]


@dataclass(frozen=True)
class Growth:
    """Work that may become dearer when there is more of something.

    :param what: there is more of.
    :param figure: the name of what is measured.
    :param note: explains, in the page, what is not flat.
    """

    title: str
    what: str
    figure: str
    curves: Sequence[Curve]
    note: str

    @property
    def sizes(self) -> list[int]:
        """All sizes that some curve has."""
        return sorted(set(chain.from_iterable(curve.sizes for curve in self.curves)))


@dataclass(frozen=True)
class Grown:
    """What came out: for each curve, the figure at each size."""

    growth: Growth
    points: Mapping[str, Mapping[int, Spread]]
    left_out: Mapping[str, str]


def measure(growth: Growth, rounds: int, seconds: float) -> Grown:
    """Measure every curve at every size once in each round."""
    names = {
        (curve.name, size): f"{curve.name}, {size:,} {growth.what}" for curve in growth.curves for size in curve.sizes
    }
    entries = [_named(curve.entry(size), names[curve.name, size]) for curve in growth.curves for size in curve.sizes]
    result = run(Comparison(growth.title, entries, targets=()), rounds, seconds)
    points = {curve.name: _points(curve, names, result, growth.figure) for curve in growth.curves}
    return Grown(growth, {name: found for name, found in points.items() if found}, result.left_out)


def _named(entry: Entry, name: str) -> Entry:
    return Entry(name, entry.measure, entry.why_absent)


def _points(curve: Curve, names: Mapping[tuple[str, int], str], result: Result, figure: str) -> dict[int, Spread]:
    values = {size: result.values(names[curve.name, size], figure) for size in curve.sizes}
    return {size: Spread.of(found) for size, found in values.items() if found}
