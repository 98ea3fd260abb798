"""Results as tables, in Markdown."""

import os
import platform
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version

from .comparison import Result
from .targets import Spread

#: Whose versions matter.
_PACKAGES = (
    "Django", "asgiref", "channels", "channels_redis", "redis", "daphne", "Twisted", "uvicorn", "uvloop", "websockets",
    "tornado", "python-socketio", "chanx",
)  # fmt: skip


def circumstances(module: str, arguments: Sequence[str], versions: Mapping[str, str] | None = None) -> str:
    """When, how and with what was measured.

    :param versions: of what matters; by default of the packages that this Python has.
    """
    today = date.today()  # noqa: DTZ011 where the reader of the table is, nobody knows
    command = shlex.join(["python", "-m", module, *arguments])
    if versions is None:
        versions = {name: _version(name) for name in _PACKAGES}
    told = ", ".join(f"{name} {found}" for name, found in versions.items())
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return f"{today:%Y-%m-%d}, `{command}`, {where}; {told}.\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(absent)"


def targets_table(results: Iterable[Result]) -> str:
    """Every target with its figure and verdict."""
    return table(("work", "target", "figure", "verdict"), _judgements(results))


def headlines_table(results: Iterable[Result]) -> str:
    """The ratios that say most."""
    return table(("work", "ours", "times that of"), _headlines(results))


def figures_table(results: Iterable[Result]) -> str:
    """Everyone's figures."""
    return table(("work", "who", "median (least to most)", ""), _figures(results))


def _judgements(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for target in result.comparison.targets:
            values = target.values(result.rounds, result.comparison.ours)
            figure = str(Spread.of(values)) if values else ""
            yield result.comparison.title, str(target), figure, target.verdict(values)


def _headlines(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for target in result.comparison.targets:
            values = target.values(result.rounds, result.comparison.ours)
            if target.is_headline and target.rival is not None and values:
                yield result.comparison.title, f"{Spread.of(values).median:.2g}", target.rival


def _figures(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for name, rounds in result.rounds.items():
            for figure in rounds[0]:
                yield result.comparison.title, name, str(Spread.of(result.values(name, figure))), figure


def left_out(reasons: Mapping[str, str]) -> str:
    """Who could not be measured, and why."""
    return "".join(f"- Left out: {name}: {reason.splitlines()[0]}\n" for name, reason in reasons.items())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, in Markdown that can be read as it is."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    texts = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"| {text} |\n" for text in texts)
