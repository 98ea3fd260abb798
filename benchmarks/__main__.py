"""``python -m benchmarks``: measure this package beside its peers, and hold it to what is promised."""

import argparse
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from . import redis
from .comparison import Result, run, tell
from .plot import plot
from .redis import Redis
from .report import circumstances, figures_table, targets_table
from .rows import comparisons
from .targets import Verdict

#: The factor by which a figure may be worse than its target before the exit status says so: machines differ.
TOLERANCE = 1.5

#: Files that a process has open besides its clients' sockets.
_SPARE_FILES = 200


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and return 1 if a figure is much worse than its target."""
    options = _options(arguments)
    if sys.platform != "linux":
        sys.exit("Expected Linux, which keeps account of what processes use to the nanosecond.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that servers are stopped, too
    with ExitStack() as stack:
        rows = comparisons(_redis(stack), _affordable(options.many))
        chosen = [row for row in rows if all(word in row.title for word in options.words)]
        if options.short:
            chosen = [row.shortened() for row in chosen]
        results = [run(row, options.rounds, options.seconds) for row in chosen]
    tables = f"{circumstances(arguments)}\n{targets_table(results)}\n{figures_table(results)}"
    sys.stdout.write(tables)
    if options.docs is not None:
        (options.docs / "benchmarks.svg").write_text(plot(results), encoding="utf-8")
        (options.docs / "benchmarks-figures.md").write_text(f"# Figures\n\n{tables}", encoding="utf-8")
    return int(any(map(_is_much_worse, results)))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="measure only what has these words in its title")
    parser.add_argument("--short", action="store_true", help="measure only what some target needs, and less of it")
    parser.add_argument("--rounds", type=int, help="turns that everyone gets (5; short: 2)")
    parser.add_argument("--seconds", type=float, help="CPU time of a server for one figure (1.0; short: 0.3)")
    parser.add_argument("--many", type=int, help="clients of the largest crowd (10,000; short: 2,000)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the tables and a picture there")
    options = parser.parse_args(arguments)
    rounds, seconds, many = (2, 0.3, 2_000) if options.short else (5, 1.0, 10_000)
    options.rounds = options.rounds or rounds
    options.seconds = options.seconds or seconds
    options.many = options.many or many
    return options


def _redis(stack: ExitStack) -> Redis | None:
    """A Redis that all servers find, if there can be one."""
    absence = Redis.absence()
    if absence is not None:
        tell(f"What needs Redis is left out: {absence}")
        return None
    own = stack.enter_context(Redis())
    os.environ[redis.VARIABLE] = own.url
    return own


def _affordable(many: int) -> int:
    """As many clients as this process, and each server, may have sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < many + _SPARE_FILES:
        tell(f"The largest crowd is smaller than {many:,}: a process may have {most:,} files")
    return min(many, most - _SPARE_FILES)


def _is_much_worse(result: Result) -> bool:
    """A rival that is absent is no reason to fail; we are."""
    ours, targets = result.comparison.ours, result.comparison.targets
    verdicts = [target.verdict(target.values(result.rounds, ours), TOLERANCE) for target in targets]
    return ours not in result.rounds or Verdict.MISSED in verdicts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
