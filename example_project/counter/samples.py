"""What is counted, and how it went during the last minute."""

import time
from collections import deque
from typing import TypedDict

KEPT = 60  # samples, one a second


class Sample(TypedDict):
    """One second: when it ended, how often the button was pressed in it, and who was there then."""

    at: float
    presses: int
    visitors: int


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
