"""What a process tree has used so far, as Linux keeps account of it."""

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_SLAB = re.compile(r"^SUnreclaim:\s+(\d+) kB$", re.MULTILINE)
_PRIVATE = re.compile(r"^Private_\w+:\s+(\d+) kB$", re.MULTILINE)


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and all below them, in nanoseconds' resolution.

    :param pids: of processes that are running.
    """
    return sum(time.clock_gettime(_cpu_clock(pid)) for pid in _trees(pids))


def memory_bytes(pids: Iterable[int]) -> int:
    """Memory that these processes and all below them share with nobody."""
    rollups = ((_PROC / str(pid) / "smaps_rollup").read_text() for pid in _trees(pids))
    return sum(1024 * int(size) for rollup in rollups for size in _PRIVATE.findall(rollup))


def kernel_bytes() -> int:
    """Memory that the kernel uses for objects of its own, sockets among them, for everyone on this machine."""
    found = _SLAB.search((_PROC / "meminfo").read_text())
    return 1024 * int(found[1]) if found else 0


def _cpu_clock(pid: int) -> int:
    """What ``clock_getcpuclockid(3)`` returns; Python has no name for it."""
    return (~pid << 3) | 2


def _trees(pids: Iterable[int]) -> Iterator[int]:
    for pid in pids:
        yield pid
        for children in (_PROC / str(pid) / "task").glob("*/children"):
            yield from _trees(map(int, children.read_text().split()))
