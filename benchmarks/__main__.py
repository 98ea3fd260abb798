"""``python -m benchmarks``: measure this package beside its peers, and hold it to what is promised."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .comparison import Comparison, Result, run, tell
from .machine import affordable, prepared
from .pages import fill
from .plot import plot
from .redis import Redis
from .report import circumstances, figures_table, headlines_table, left_out, targets_table
from .rows import comparisons
from .targets import Verdict

#: The factor by which a figure may be worse than its target before the exit status says so: machines differ.
TOLERANCE = 1.5

#: Seconds after which the short form begins no other row.
SHORT_SECONDS = 45.0


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and return 1 if a figure is much worse than its target."""
    options = _options(arguments)
    with prepared() as redis:
        rows = list(comparisons(redis, affordable(options.many)))
        if options.short:
            rows = _shortened(rows)
        chosen = [row for row in rows if all(word in row.title for word in options.words)]
        results = list(_results(chosen, options))
    unfinished = {row.title: "time was up" for row in chosen[len(results) :]}
    told = circumstances("benchmarks", arguments)
    reasons = unfinished | _left_out(results, Redis.absence())
    targets = f"{told}\n{targets_table(results)}\n{left_out(reasons)}"
    sys.stdout.write(f"{targets}\n{figures_table(results)}")
    if options.docs is not None:
        _write(options.docs, targets, told, results)
    return int(any(map(_is_much_worse, results)))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="measure only what has these words in its title")
    parser.add_argument("--short", action="store_true", help="measure the ratios that matter most, once more if bad")
    parser.add_argument("--rounds", type=int, help="turns that everyone gets (5; short: 2)")
    parser.add_argument("--seconds", type=float, help="CPU time of a server for one figure (0.6; short: 0.15)")
    parser.add_argument("--many", type=int, default=10_000, help="clients of the largest crowd (%(default)s)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave tables and picture in its pages")
    options = parser.parse_args(arguments)
    if options.docs is not None and (options.short or options.words):
        parser.error("--docs takes all rows: leave out --short, and every WORD")
    rounds, seconds = (2, 0.15) if options.short else (5, 0.6)
    options.rounds = options.rounds or rounds
    options.seconds = options.seconds or seconds
    return options


def _shortened(rows: Iterable[Comparison]) -> list[Comparison]:
    """What has any importance, without whoever is apart."""
    important = sorted((row for row in rows if row.importance), key=lambda row: -row.importance)
    return [row.shortened() for row in important]


def _results(rows: Iterable[Comparison], options: argparse.Namespace) -> Iterator[Result]:
    """The short form ends in time, however busy its machine is; its most important rows come first."""
    end = time.monotonic() + SHORT_SECONDS
    for row in rows:
        if options.short and time.monotonic() > end:
            tell("The time is up; what comes after is left out.")
            return
        yield _result(row, options)


def _result(row: Comparison, options: argparse.Namespace) -> Result:
    """In the short form, whose servers share their machine with anything, one bad result is no verdict yet."""
    result = run(row, options.rounds, options.seconds)
    if options.short and _is_much_worse(result):
        tell("  That is worse than promised, so it is measured once more, for longer, and only that counts.")
        result = run(row, options.rounds, 2 * options.seconds)
    return result


def _is_much_worse(result: Result) -> bool:
    """A rival that is absent is no reason to fail; we are."""
    ours, targets = result.comparison.ours, result.comparison.targets
    verdicts = [target.verdict(target.values(result.rounds, ours), TOLERANCE) for target in targets]
    return ours not in result.rounds or Verdict.MISSED in verdicts


def _left_out(results: Iterable[Result], without_redis: str | None) -> dict[str, str]:
    reasons = {name: reason for result in results for name, reason in result.left_out.items()}
    return reasons | ({"all that needs Redis": without_redis} if without_redis else {})


def _write(docs: Path, targets: str, told: str, results: Sequence[Result]) -> None:
    (docs / "benchmarks.svg").write_text(plot(results), encoding="utf-8")
    (docs / "benchmarks-figures.md").write_text(f"# Figures\n\n{told}\n{figures_table(results)}", encoding="utf-8")
    fill(docs / "benchmarks.md", "targets", targets)
    fill(docs.parent / "README.md", "headlines", headlines_table(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
