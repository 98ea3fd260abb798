"""What is counted, and how it went during the last minute."""

import time
from collections import deque

from typing_extensions import TypedDict

KEPT = 60  # samples, one a second


class Sample(TypedDict):
    """One second: when it ended, how often the button was pressed in it, and who was there then."""

    at: float
    presses: int
    visitors: int


class Total(TypedDict):
    """How often the button was pressed since the server started."""

    total: int


class Overview(Total):
    """What a newcomer is told: the total, how many are here, and how it went until now."""

    visitors: int
    samples: list[Sample]


class Tally:
    """Presses since the server started; used on the event loop only."""

    def __init__(self) -> None:
        self.total = 0
        self.samples: deque[Sample] = deque(maxlen=KEPT)
        self._sampled = 0

    def press(self) -> int:
        self.total += 1
        return self.total

    def sample(self, visitors: int) -> Sample:
        """Close the second that is running."""
        sample: Sample = {"at": time.time(), "presses": self.total - self._sampled, "visitors": visitors}
        self._sampled = self.total
        self.samples.append(sample)
        return sample
