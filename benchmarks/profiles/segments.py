"""``python -m benchmarks.profiles.segments``: what a burst costs, by how often its clients answer in between.

A client acknowledges what it has read. If it reads while the burst is still being sent, that is a segment more, and the
server pays for its way through the kernel. How often it does is up to who gets a processor when, so the same server has
now this figure and now that.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ..contestant import Contestant
from ..lineup import on_asyncio, ours
from ..machine import prepared
from ..pages import fill
from ..report import circumstances, table
from ..stage import Stage, stage
from ..usage import cpu_seconds
from ..workloads.broadcast import say

#: Clients that receive, and messages that are sent at a time: as in the comparison.
_CLIENTS, _BURST = 500, 20

_NETWORK = Path("/proc/net/snmp")


@dataclass(frozen=True)
class Window:
    """Some time in which a server has sent bursts.

    :ivar cost: microseconds of its CPU for a delivery.
    :ivar in_kernel: the part of that which the kernel has used.
    :ivar segments: of TCP, sent by everybody on this machine, for a delivery.
    """

    loop: str
    cost: float
    in_kernel: float
    segments: float


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the windows by their cost, a fifth of them in each row."""
    options = _options(arguments)
    with prepared():
        windows = [
            window
            for _ in range(options.servers)
            for loop, contestant in (("uvloop", ours("uvicorn")), ("asyncio", on_asyncio()))
            for window in _windows(loop, contestant, options.windows, options.seconds)
        ]
    head = ("µs per delivery", "segments per delivery", "part in the kernel", "windows on uvloop", "on asyncio")
    text = "\n".join((circumstances("benchmarks.profiles.segments", arguments), table(head, rows_of(windows))))
    sys.stdout.write(text)
    if options.docs is not None:
        fill(options.docs / "benchmarks.md", "segments", text)
    return 0


def rows_of(windows: Sequence[Window], rows: int = 5) -> Iterator[tuple[str, ...]]:
    """The windows by their cost, as many of them in each row."""
    ordered = sorted(windows, key=lambda each: each.cost)
    for row in range(rows):
        each = ordered[len(ordered) * row // rows : len(ordered) * (row + 1) // rows]
        loops = Counter(window.loop for window in each)
        yield (
            f"{each[0].cost:.2f} to {each[-1].cost:.2f}",
            f"{fmean(window.segments for window in each):.2f}",
            f"{fmean(window.in_kernel for window in each):.2f}",
            str(loops["uvloop"]),
            str(loops["asyncio"]),
        )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles.segments", description=__doc__)
    parser.add_argument("--servers", type=int, default=3, help="that are started with each event loop (%(default)s)")
    parser.add_argument("--windows", type=int, default=5, help="for which each is looked at (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.4, help="of its CPU that a window takes (%(default)s)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the table in its page")
    return parser.parse_args(arguments)


def _windows(loop: str, contestant: Contestant, count: int, seconds: float) -> Iterator[Window]:
    with stage(contestant, "say", _CLIENTS) as played:
        played.cost(lambda: say(played, contestant, _BURST), seconds / 3)
        for _ in range(count):
            yield _window(loop, contestant, played, seconds)


def _window(loop: str, contestant: Contestant, played: Stage, seconds: float) -> Window:
    segments, kernel, start = _segments(), _kernel_seconds(played), cpu_seconds(played.pids)
    delivered = 0
    while (used := cpu_seconds(played.pids) - start) < seconds:
        delivered += say(played, contestant, _BURST)
    in_kernel = (_kernel_seconds(played) - kernel) / used
    return Window(loop, used / delivered * 1e6, in_kernel, (_segments() - segments) / delivered)


def _segments() -> int:
    """That TCP has sent so far."""
    names, values = (line.split() for line in _NETWORK.read_text().splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("OutSegs")])


def _kernel_seconds(played: Stage) -> float:
    """That the server has spent in the kernel, to a hundredth."""
    fields = Path(f"/proc/{played.pids[0]}/stat").read_text().rpartition(")")[2].split()
    return int(fields[12]) / 100


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
