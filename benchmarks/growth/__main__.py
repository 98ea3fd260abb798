"""``python -m benchmarks.growth``: what a message and a connection cost when there is more of everything."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..machine import affordable, prepared
from ..pages import fill
from ..report import circumstances
from .curves import measure
from .plot import plot
from .report import growth_tables
from .rows import CROWD, growths


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the tables."""
    options = _options(arguments)
    with prepared() as redis:
        found = growths(affordable(options.many), has_redis=redis is not None)
        chosen = [growth for growth in found if all(word in growth.title for word in options.words)]
        all_grown = [measure(growth, options.rounds, options.seconds) for growth in chosen]
    tables = f"{circumstances('benchmarks.growth', arguments)}\n{growth_tables(all_grown)}"
    sys.stdout.write(tables)
    if options.docs is not None:
        (options.docs / "growth.svg").write_text(plot(all_grown), encoding="utf-8")
        fill(options.docs / "benchmarks.md", "growth", tables)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="measure only what has these words in its title")
    parser.add_argument("--rounds", type=int, default=3, help="turns that every size gets (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="CPU time of a server for one figure (%(default)s)")
    parser.add_argument("--many", type=int, default=CROWD, help="clients of the largest crowd (%(default)s)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the tables and a picture in its pages")
    options = parser.parse_args(arguments)
    if options.docs is not None and options.words:
        parser.error("--docs takes everything: leave out every WORD")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
