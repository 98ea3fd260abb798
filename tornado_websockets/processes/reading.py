"""What processes say of their connections, as far as it makes sense: whoever writes to the channel layer can say it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from ..core.counters import Counters
from ..core.logger import logger
from .connections import MOST
from .survey import Answer, Round, is_number, is_text

_COUNTERS: Final = tuple(field.name for field in fields(Counters))


def _are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_number, value.values()))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and is_number(value) and value >= 0


def _is_count_or_none(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_text_or_none(value: Any) -> bool:
    return value is None or is_text(value)


#: What a report is: a list of one is of any length, a tuple stands for a list of just these.
_REPORT: Final = {
    "started": is_number,
    "seconds": is_number,
    "stopping": bool,
    "counters": _are_numbers,
    "paths": [(is_text, is_text, _is_count)],
    "paths_total": _is_count,
    "users": [(is_text, is_text, _is_count)],
    "users_total": _is_count,
    "connections": [
        {
            "id": is_text,
            "path": is_text,
            "user": _is_text_or_none,
            "name": is_text,
            "address": is_text,
            "backlog": _is_count_or_none,
        },
    ],
    "connections_total": _is_count,
    "connections_found": _is_count,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What one process says.

    :ivar delay: seconds from a publishing to its receipt: half of what the question and its answer took.
    :ivar says: as :func:`~.connections.report` has it; a counter that its version does not know is 0.
    """

    process: str
    name: str
    delay: float
    says: Mapping[str, Any]

    @property
    def connections(self) -> list[dict[str, Any]]:
        """The rows of its connections."""
        rows: list[dict[str, Any]] = self.says["connections"]
        return rows

    @property
    def counters(self) -> dict[str, float]:
        """By name."""
        counters: dict[str, float] = self.says["counters"]
        return counters


def read_reports(answers: Round) -> list[Report]:
    """What they say, by name. What makes no sense is logged, and left out."""
    return list(_read(sorted(answers.answers.values(), key=lambda answer: (answer.name, answer.process))))


def _read(answers: list[Answer]) -> Iterator[Report]:
    for answer in answers:
        if _fits(answer.says, _REPORT):
            says = {name: answer.says[name] for name in _REPORT}
            says["counters"] = {name: says["counters"].get(name, 0) for name in _COUNTERS}
            yield Report(answer.process, answer.name, answer.seconds / 2, says)
        else:
            logger.warning("What another process says of its connections is ignored: %.200r", answer.says)


def _fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_fits(value.get(name), inner) for name, inner in shape.items())
    if isinstance(shape, list):
        return isinstance(value, list) and len(value) <= MOST and all(_fits(each, shape[0]) for each in value)
    if isinstance(shape, tuple):
        return isinstance(value, list) and len(value) == len(shape) and all(map(_fits, value, shape))
    return isinstance(value, shape) if isinstance(shape, type) else bool(shape(value))
