"""Clients that come and go, and clients that just stay."""

from dataclasses import dataclass

from ..contestant import Contestant
from ..figures import Figures
from ..stage import Stage, stage
from ..usage import memory_bytes

PER_CONNECTION = "µs per connection"
MEMORY = "KiB per connection"

#: Connections that are there before others are measured, and those that come and go together.
PRESENT = 50


@dataclass(frozen=True)
class ConnectAndClose:
    """The cost of a connection on which nothing is said."""

    contestant: Contestant

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "echo", PRESENT) as played:
            return {PER_CONNECTION: played.cost(lambda: come_and_go(played), seconds)}


@dataclass(frozen=True)
class IdleConnection:
    """The memory that one more connection takes, measured with so many clients."""

    contestant: Contestant
    clients: int = 1_000

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 nothing is repeated
        with stage(self.contestant, "echo", PRESENT) as played:
            before = memory_bytes(played.pids)
            played.crowd.connect(self.clients)
            return {MEMORY: (memory_bytes(played.pids) - before) / self.clients / 1024}


def come_and_go(played: Stage) -> int:
    """Let as many clients connect and leave as there are, and return how many those were."""
    clients = played.crowd.connect(PRESENT)
    played.crowd.close(clients)
    return len(clients)
