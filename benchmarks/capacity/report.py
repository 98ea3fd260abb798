"""Constants, check and plan as tables, in Markdown."""

from collections.abc import Iterable, Iterator

from ..report import table
from .constants import Broadcasts, Constants
from .model import Application, Need

_MEBI, _GIBI = 2**20, 2**30


def constants_table(constants: Constants) -> str:
    """The constants, with what they are for."""
    rows = [
        ("a broadcast, where it is said: read, decode, handle, publish", f"{constants.message:.0f} µs"),
        ("a broadcast, in each other process that gets it", f"{constants.receipt:.0f} µs"),
        ("a broadcast, for each client", f"{constants.delivery:.1f} µs"),
        ("a connection, to come and go", f"{constants.connection:.0f} µs"),
        ("Redis, for each broadcast", f"{constants.redis_message:.1f} µs"),
        ("Redis, for each other process that gets it", f"{constants.redis_receipt:.1f} µs"),
        ("memory of a process", f"{constants.process / _MEBI:.0f} MiB"),
        ("memory of an idle client in its process", f"{constants.client / 1024:.1f} KiB"),
        ("memory of its socket in the kernel", f"{constants.socket / 1024:.1f} KiB"),
    ]
    return table(("what", "takes"), rows)


def check_table(checks: Iterable[tuple[str, Broadcasts, Broadcasts]]) -> str:
    """The model beside the truth, for each of some runs."""
    rows = [(title, *row) for title, predicted, measured in checks for row in _compared(predicted, measured)]
    return table(("run", "figure", "predicted", "measured", "measured / predicted"), rows)


def _compared(predicted: Broadcasts, measured: Broadcasts) -> Iterator[tuple[str, ...]]:
    for name, model, truth in (
        ("ms of the servers' CPU per broadcast", predicted.servers / 1000, measured.servers / 1000),
        ("µs of Redis' CPU per broadcast", predicted.redis, measured.redis),
        ("Redis commands per broadcast", predicted.commands, measured.commands),
        ("MiB of the servers", predicted.memory / _MEBI, measured.memory / _MEBI),
    ):
        yield name, f"{model:.3g}", f"{truth:.3g}", f"{truth / model:.2f}"


def plan_table(plans: Iterable[tuple[Application, Need]]) -> str:
    """What each application needs."""
    columns = [_column(application, need) for application, need in plans]
    names = ("", "clients of a path", "broadcasts per second", "deliveries per second", "processes", "cores",
             "memory of the processes", "memory of their sockets", "processes that get a broadcast",
             "Redis: messages in, per second", "Redis: messages out, per second", "Redis: hosts",
             "all connect anew within")  # fmt: skip
    first, *rows = zip(names, *columns, strict=True)
    return table(first, rows)


def _column(application: Application, need: Need) -> tuple[str, ...]:
    return (
        application.name,
        f"{application.audience:,}",
        f"{application.broadcasts:,.0f}",
        f"{application.broadcasts * application.audience:,.0f}",
        f"{need.processes:,}",
        f"{need.cores:,}",
        f"{need.memory / _GIBI:.0f} GiB",
        f"{need.kernel / _GIBI:.0f} GiB",
        f"{need.receivers:.0f}",
        f"{application.broadcasts:,.0f}",
        f"{application.broadcasts * need.receivers:,.0f}",
        f"{need.redis}",
        f"{need.comeback:.0f} s",
    )
