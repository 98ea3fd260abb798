"""What a process uses, as Linux tells."""

import contextlib
from pathlib import Path

MEBIBYTE = 1024 * 1024
_PAGE = 4096


def memory(pid: int) -> int:
    """Bytes that it has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def forget_peak(pid: int) -> int:
    """Let :func:`peak` begin anew; returns what it has in memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


def peak(pid: int) -> int:
    """The most that it has had in memory since then, also for a moment."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def family(pid: int) -> list[int]:
    """The process and all that it has started, itself or by others."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            text = path.read_text()
            parents[int(path.parent.name)] = int(text.rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def queued(pid: int) -> float:
    """Seconds that its first thread has waited for a processor, since others had them."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def threads(pid: int) -> int:
    """Threads that it runs."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def descriptors(pid: int) -> int:
    """Files and sockets that it has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def p99(seconds: list[float]) -> float:
    """What all but one in a hundred take at most."""
    return sorted(seconds)[int(len(seconds) * 0.99)]
