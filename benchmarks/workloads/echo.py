"""What a client says, it alone receives."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..client.crowd import Client
from ..client.frames import client_frame
from ..contestant import Contestant
from ..figures import Figures
from ..stage import Stage, stage

PER_MESSAGE = "µs per message"
UNTIL_ALL = "s until all are answered"


@dataclass(frozen=True)
class Echo:
    """The cost of a message and its answer.

    :param event: what is asked for.
    :param data: those of the event, by default a line of chat.
    :param clients: ask at the same time.
    :param idle: others are connected and say nothing.
    """

    contestant: Contestant
    event: str = "echo"
    data: dict[str, Any] | None = None
    clients: int = 50
    idle: int = 0

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, self.event, self.clients + self.idle) as played:
            busy = played.crowd.clients[: self.clients]
            frame = client_frame(self.contestant.dialect.message(self.event, self.data))
            return {PER_MESSAGE: played.cost(lambda: ask(played, frame, busy), seconds)}


@dataclass(frozen=True)
class SlowHandler:
    """How long ten clients wait who ask at the same time for what takes a sync handler 0.2 s."""

    contestant: Contestant

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 it takes as long as it takes
        with stage(self.contestant, "slow", clients=10) as played:
            frame = client_frame(self.contestant.dialect.message("slow", {"seconds": 0.2}))
            start = time.perf_counter()
            ask(played, frame, played.crowd.clients)
            return {UNTIL_ALL: time.perf_counter() - start}


def ask(played: Stage, frame: bytes, clients: Sequence[Client]) -> int:
    """Let each of ``clients`` send ``frame``, wait until all are answered, and return how many they are."""
    played.crowd.expect(1, clients)
    for client in clients:
        client.send(frame)
    played.crowd.wait()
    return len(clients)
