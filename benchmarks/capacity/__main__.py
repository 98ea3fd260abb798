"""``python -m benchmarks.capacity``: what a million clients would need, by constants that are measured here."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..machine import affordable, prepared
from ..pages import fill
from ..redis import Redis
from ..report import circumstances
from .constants import FEW, broadcasts, measured
from .model import BUSY, Application, need, predicted
from .report import check_table, constants_table, plan_table

#: Seconds from one message of a person to the next, where people talk in rooms.
_SILENCE = 60

#: Processes of the check that has as many as it can, for Redis' sake.
_MANY_PROCESSES = 8

#: People in a room.
_ROOM = 50


def main(arguments: Sequence[str]) -> int:
    """Measure, compute, and print the tables."""
    options = _options(arguments)
    with prepared() as redis:
        if redis is None:
            sys.exit("Expected the program redis-server, without which processes do not hear of each other.")
        tables = "\n".join((circumstances("benchmarks.capacity", arguments), *_tables(redis, options)))
    sys.stdout.write(tables)
    if options.docs is not None:
        fill(options.docs / "capacity.md", "figures", tables)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000, help="to plan for (%(default)s)")
    parser.add_argument("--full", type=int, default=5_000, help="clients that a process has (%(default)s)")
    parser.add_argument("--processes", type=int, default=4, help="of the check (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns that every constant gets (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU time for one figure (%(default)s)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the tables in its page")
    return parser.parse_args(arguments)


def _tables(redis: Redis, options: argparse.Namespace) -> list[str]:
    full = affordable(options.full * options.processes) // options.processes
    constants = measured(redis, full, options.rounds, options.seconds)
    checks = [
        (
            f"{processes} processes with {clients:,} clients each",
            predicted(constants, processes, clients),
            broadcasts(redis, processes, clients, options.seconds),
        )
        for processes, clients in ((options.processes, full), (_MANY_PROCESSES, FEW))
    ]
    limits = f"{full:,} to a process; nothing is busy for more than {BUSY:.0%} of the time."
    plans = [(each, need(each, constants, full)) for each in _applications(options.clients)]
    return [
        f"### Constants\n\nOf processes with {full:,} clients at most, over Redis pub/sub, on uvicorn.\n",
        constants_table(constants),
        "### Check\n\nAll clients are on one path, and get each broadcast.\n",
        check_table(checks),
        f"### {options.clients:,} clients\n\n{limits}\n",
        plan_table(plans),
    ]


def _applications(clients: int) -> list[Application]:
    said = clients / _SILENCE
    return [
        Application("one path, news each second", clients, clients, 1),
        Application("rooms, people anywhere", clients, _ROOM, said),
        Application("rooms, each in one process", clients, _ROOM, said, is_gathered=True),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
