"""How a server tells what only it can measure."""

import sys


def report(figure: str, value: float) -> None:
    """Write a figure on a line of its own; see ``benchmarks.processes.Server.reported``."""
    sys.stdout.write(f"{figure} {value}\n")
    sys.stdout.flush()
