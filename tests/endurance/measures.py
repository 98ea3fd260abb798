"""What a process uses, as Linux tells."""

from pathlib import Path

MEBIBYTE = 1024 * 1024
_PAGE = 4096


def memory(pid: int) -> int:
    """Bytes that it has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def threads(pid: int) -> int:
    """Threads that it runs."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def descriptors(pid: int) -> int:
    """Files and sockets that it has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
