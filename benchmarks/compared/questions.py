"""What every peer is asked: a title, and the script that finds the answer."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from .client import Closed, Refused
from .peers import Peer
from .trials import belonging, crowding, missing


@dataclass(frozen=True)
class Question:
    """Something that happens, and what tries it with a peer and words the outcome."""

    title: str
    trial: Callable[[Peer], str]

    @property
    def script(self) -> str:
        """What the script does, in a sentence or two."""
        return " ".join((inspect.getdoc(self.trial) or "").split())

    def answer(self, peer: Peer) -> str:
        """What happens with this peer, or why that can not be tried."""
        try:
            return self.trial(peer)
        except (OSError, RuntimeError, TimeoutError, Refused, Closed) as error:
            return f"could not be tried: {error!r}".splitlines()[0]


QUESTIONS = (
    Question("a client stops reading", crowding.stops_reading),
    Question("a handler sleeps", crowding.sleeps),
    Question("a user logs out", belonging.logs_out),
    Question("the transaction rolls back", belonging.rolls_back),
    Question("a page of another site connects", belonging.from_elsewhere),
    Question("the process is told to stop", missing.told_to_stop),
    Question("Redis restarts", missing.redis_restarts),
    Question("a message is missed", missing.misses),
    Question("the line dies", missing.dies),
    Question("a client asks", crowding.asks),
)
