"""Numbers in Prometheus' text format."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from .meanings import GAUGES, MEANINGS
from .measuring import BOUNDS
from .scraping import Scraped

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_PREFIX: Final = "tornado_websockets_"

Labels = Mapping[str, str]


def write(counters: Mapping[str, float]) -> str:
    """The counters of one process, without labels."""
    return _joined(_counters([({}, counters)]))


def write_all(scraped: Iterable[Scraped]) -> str:
    """The numbers of several processes, each with its label."""
    every: list[tuple[Labels, Scraped]] = [({"process": each.name}, each) for each in scraped]
    return _joined([*_counters([(labels, each.counters) for labels, each in every]), *_measures(every)])


def _counters(every: list[tuple[Labels, Mapping[str, float]]]) -> Iterator[str]:
    for name, meaning in MEANINGS.items():
        kind, suffix = ("gauge", "") if name in GAUGES else ("counter", "_total")
        samples = [(labels, counters[name]) for labels, counters in every if name in counters]
        yield from _metric(name + suffix, kind, meaning, samples)


def _measures(every: list[tuple[Labels, Scraped]]) -> Iterator[str]:
    yield from _metric("processes", "gauge", "Processes that have answered.", [({}, len(every))])
    meaning = "Seconds from a publishing to its receipt: half of what the question for these numbers took."
    delays = [(labels, each.delay) for labels, each in every]
    yield from _metric("relay_delay_seconds", "gauge", meaning, delays)
    meaning = "Events that were refused, since somebody first asked."
    refusals = [
        ({**labels, "path": path, "code": code}, count)
        for labels, each in every
        for (path, code), count in each.refusals.items()
    ]
    yield from _metric("refusals_total", "counter", meaning, refusals)
    yield from _durations(every)


def _durations(every: list[tuple[Labels, Scraped]]) -> Iterator[str]:
    name = "handler_duration_seconds"
    meaning = "Seconds that a handler took, waiting for a thread included, since somebody first asked."
    yield from _metric(name, "histogram", meaning, ())
    for process, each in every:
        for path, (counts, seconds) in each.durations.items():
            labels = {**process, "path": path}
            bounds = [*map(_value, BOUNDS), "+Inf"]
            for bound, count in zip(bounds, accumulate(counts), strict=True):
                yield _sample(f"{name}_bucket", {**labels, "le": bound}, count)
            yield _sample(f"{name}_sum", labels, seconds)
            yield _sample(f"{name}_count", labels, sum(counts))


def _metric(name: str, kind: str, meaning: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {meaning}"
    yield f"# TYPE {_PREFIX}{name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: Labels, value: float) -> str:
    written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{_PREFIX}{name}{'{' + written + '}' if written else ''} {_value(value)}"


def _value(value: float) -> str:
    return f"{value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
