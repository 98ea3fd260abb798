"""What servers tell the scripts other than by WebSocket."""

import os
import time
from pathlib import Path


def note(line: str) -> None:
    """Add a line; short ones of several processes do not mix."""
    with Path(os.environ["COMPARED_JOURNAL"]).open("a") as journal:
        journal.write(f"{line}\n")


def slow_query(seconds: float) -> None:
    """Block as a slow query does, and tell when it is done."""
    time.sleep(seconds)
    note("slept")
