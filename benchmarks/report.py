"""Results as tables, in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from .comparison import Result
from .targets import Spread


def targets_table(results: Iterable[Result]) -> str:
    """Every target with its figure and verdict."""
    return _table(("work", "target", "figure", "verdict"), _judgements(results))


def figures_table(results: Iterable[Result]) -> str:
    """Everyone's figures."""
    return _table(("work", "who", "median (least to most)", ""), _figures(results))


def _judgements(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for target in result.comparison.targets:
            values = target.values(result.rounds, result.comparison.ours)
            figure = str(Spread.of(values)) if values else ""
            yield result.comparison.title, str(target), figure, target.verdict(values)


def _figures(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for name, rounds in result.rounds.items():
            for figure in rounds[0]:
                yield result.comparison.title, name, str(Spread.of(result.values(name, figure))), figure


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    texts = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"| {text} |\n" for text in texts)
