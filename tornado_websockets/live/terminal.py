"""The live page for a terminal: what all processes say, once, asked from a process that serves nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..processes.connections import CONNECTIONS
from ..processes.reading import Report, read_reports
from ..processes.survey import Survey, SurveyPace

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub

#: Seconds between the two looks that rates are the difference of.
INTERVAL: Final = 1.0

#: A command knows of nobody, and so waits longer for the first to answer.
PACE: Final = SurveyPace(quiet=0.5, patience=3.0)

_COUNTED: Final = {
    "lost": "messages_lost",
    "unsent": "messages_unsent",
    "dropped": "messages_dropped",
    "slow": "slow_clients_closed",
    "errors": "handler_errors",
    "recovered": "recoveries",
    "not": "recoveries_failed",
}


class Unreachable(Exception):
    """The channel layer takes no question."""


async def look(hub: Hub, find: str = "", pace: SurveyPace = PACE) -> str:
    """What all processes that have clients say, as text.

    :param find: only connections that have it in their path, user, address or id.
    :param pace: how long answers are waited for.
    :raises Unreachable: they cannot be asked.
    """
    async with Survey(hub, pace, is_asked=False) as survey:
        before = await _ask(survey, find)
        if not before:
            return "No process has a client.\n"
        await asyncio.sleep(INTERVAL)
        after = await _ask(survey, find)
    return "\n".join(_lines({report.process: report for report in before}, after)) + "\n"


async def _ask(survey: Survey, find: str) -> list[Report]:
    answers = await survey.ask(CONNECTIONS, {"find": find})
    if not answers.is_whole:
        raise Unreachable
    return read_reports(answers)


def _lines(before: Mapping[str, Report], reports: list[Report]) -> Iterator[str]:
    titles = ("process", "connections", "in/s", "out/s", *_COUNTED)
    yield from _table(titles, [_process(report, before.get(report.process)) for report in reports])
    paths: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for report in reports:
        for path, _, count in report.says["paths"]:
            paths[path] += count
        for key, name, count in report.says["users"]:
            users[_user(key, name)] += count
    yield from _table(("path", "connections"), paths.most_common())
    yield from _table(("user", "connections"), users.most_common())
    rows = [
        (_user(row["user"], row["name"]), row["path"], report.name, row["address"], row["id"], row["backlog"] or 0)
        for report in reports
        for row in report.connections
    ]
    yield from _table(("user", "path", "process", "address", "connection", "waiting"), rows)
    found = sum(report.says["connections_found"] for report in reports)
    if found > len(rows):
        yield f"... and {found - len(rows)} more connections"


def _process(report: Report, before: Report | None) -> Sequence[object]:
    name = report.name + (" (stopping)" if report.says["stopping"] else "")
    rates = [_rate(report, before, each) for each in ("messages_in", "messages_out")]
    return [name, report.counters["connections"], *rates, *(report.counters[each] for each in _COUNTED.values())]


def _rate(report: Report, before: Report | None, counter: str) -> str:
    seconds = 0.0 if before is None else report.says["seconds"] - before.says["seconds"]
    if before is None or seconds <= 0:
        return "-"
    return f"{(report.counters[counter] - before.counters[counter]) / seconds:.1f}"


def _user(key: str | None, name: str) -> str:
    if key is None:
        return "-"
    return f"{name} ({key})" if name else key


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of a table; first columns to the left, numbers to the right."""
    table = [titles, *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            cell.rjust(width) if _is_number(table, at) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    yield ""


def _is_number(table: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column].replace(".", "").replace("-", "").isdigit() or row[column] == "-" for row in table[1:])


def _printable(cell: Any) -> str:
    """A text that does nothing to a terminal: clients choose paths, and users their names."""
    return "".join(char if char.isprintable() else "?" for char in str(cell))
