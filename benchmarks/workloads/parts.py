"""What is answered in parts."""

from dataclasses import dataclass

from ..client.frames import client_frame
from ..contestant import Contestant
from ..figures import Figures
from ..stage import Stage, stage

PER_PART = "µs per part"

_PARTS = 1_000


@dataclass(frozen=True)
class Parts:
    """The cost of a part, of 1,000 of 50 bytes to one client."""

    contestant: Contestant

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "parts", clients=1) as played:
            frame = client_frame(self.contestant.dialect.message("parts", {"count": _PARTS}))
            return {PER_PART: played.cost(lambda: _ask(played, frame), seconds)}


def _ask(played: Stage, frame: bytes) -> int:
    played.crowd.expect(_PARTS + 1)  # the end is a message, too
    played.crowd.clients[0].send(frame)
    played.crowd.wait()
    return _PARTS
