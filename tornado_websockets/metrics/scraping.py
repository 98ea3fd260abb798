"""The numbers of all processes: what each says of itself, and how they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..core.logger import logger
from ..processes.survey import Answer, Details, Round, Survey, SurveyPace, answers, is_number, is_text
from .meanings import MEANINGS, snapshot
from .measuring import BOUNDS, MOST_CODES, MOST_PATHS, measures

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub

#: The question.
METRICS: Final = "metrics"

#: Characters of a path or a code in an answer.
MAX_LABEL: Final = 200


@dataclass(slots=True)
class Scraped:
    """What one process says of itself.

    :ivar name: ``host:pid``, and more where that is not unique.
    :ivar delay: seconds from a publishing to its receipt: half of what the question and its answer took.
    :ivar durations: of handlers by path: counts for each bound and above, and the seconds in all.
    :ivar refusals: by path and code.
    """

    name: str
    counters: dict[str, float]
    delay: float = 0.0
    durations: dict[str, tuple[list[int], float]] = field(default_factory=dict)
    refusals: dict[tuple[str, str], int] = field(default_factory=dict)


@answers(METRICS)
async def report(hub: Hub, said: Details) -> Details:  # noqa: ARG001 all are told the same
    """What this process has counted; it measures from when it was first asked."""
    measures.start()
    return {
        "counters": snapshot(),
        "durations": [[path, each.counts, each.seconds] for path, each in list(measures.durations.items())],
        "refusals": [[path, dict(codes)] for path, codes in list(measures.refusals.items())],
    }


class Scraper:
    """Asks all processes that have clients, and this one.

    :param pace: how long answers are waited for; those that have answered before are.
    """

    def __init__(self, pace: SurveyPace = SurveyPace()) -> None:  # noqa: B008 it is frozen
        self._pace = pace
        self._known: set[str] = set()

    async def scrape(self, hub: Hub) -> list[Scraped]:
        """What they say, by name. What makes no sense is logged, and left out."""
        async with Survey(hub, self._pace, known=self._known) as survey:
            round_ = await survey.ask(METRICS)
            self._known = survey.known
        return list(_read(round_))


def _read(round_: Round) -> Iterator[Scraped]:
    names: set[str] = set()
    for answer in sorted(round_.answers.values(), key=lambda each: (each.name, each.process)):
        name = answer.name if answer.name not in names else f"{answer.name} {answer.process[:8]}"
        names.add(name)
        try:
            yield _scraped(name, answer)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            logger.warning("The metrics of another process are ignored: %.200r", error)


def _scraped(name: str, answer: Answer) -> Scraped:
    says = answer.says
    scraped = Scraped(name, {key: _number(value) for key, value in says["counters"].items() if key in MEANINGS})
    scraped.delay = answer.seconds / 2
    for path, counts, seconds in says["durations"][: MOST_PATHS + 1]:
        if len(counts) != len(BOUNDS) + 1:
            raise ValueError("its durations have other bounds")
        scraped.durations[_label(path)] = [int(_number(count)) for count in counts], _number(seconds)
    for path, codes in says["refusals"][: MOST_PATHS + 1]:
        for code, count in list(codes.items())[: MOST_CODES + 1]:
            scraped.refusals[_label(path), _label(code)] = int(_number(count))
    return scraped


def _number(value: Any) -> float:
    if not is_number(value):
        raise TypeError(f"expected a number, got {value!r:.64}")
    return value


def _label(value: Any) -> str:
    if not is_text(value):
        raise TypeError(f"expected a name, got {value!r:.64}")
    return value[:MAX_LABEL]


#: That of this process.
scraper: Final = Scraper()
