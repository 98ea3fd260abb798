"""One handler that emits a great deal."""

import time
from dataclasses import dataclass

from ..client.frames import client_frame
from ..contestant import Contestant
from ..figures import Figures
from ..stage import stage

PER_EMIT = "µs per emit, in the handler"
PER_SECOND = "messages per second"

_EMITS = 1_000
_FLOOD = 20_000

#: Seconds that the handler may take.
_PATIENCE = 30.0


@dataclass(frozen=True)
class ManyEmits:
    """What 1,000 emits take of one sync handler, by the clock of its thread."""

    contestant: Contestant

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 it takes as long as it takes
        with stage(self.contestant, "emit_many", clients=10) as played:
            played.crowd.clients[0].send(client_frame(self.contestant.dialect.message("emit_many", _data(_EMITS))))
            deadline = time.monotonic() + _PATIENCE
            while not (reported := played.servers[0].reported("microseconds")) and time.monotonic() < deadline:
                time.sleep(0.01)
            return {PER_EMIT: reported[0]}


@dataclass(frozen=True)
class Flood:
    """How many messages a second get from a handler of one process to a client of another, none lost."""

    contestant: Contestant

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 it takes as long as it takes
        with stage(self.contestant, "emit_many", clients=2, processes=2) as played:
            crowd = played.crowd
            crowd.expect(_FLOOD)
            start = time.perf_counter()
            crowd.clients[0].send(client_frame(self.contestant.dialect.message("emit_many", _data(_FLOOD))))
            crowd.wait()
            return {PER_SECOND: _FLOOD / (time.perf_counter() - start)}


def _data(count: int) -> dict[str, object]:
    return {"count": count, "text": "x" * 100}
