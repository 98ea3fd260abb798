"""The circuit breaker: nothing is asked of a channel layer, or a store, that hangs, until it has answered a probe."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class BreakerTiming:
    """When a layer or a store counts as hanging, and how it is found out that it works again. In seconds.

    :ivar patience: a failure that took longer opens the circuit: whoever publishes in sync code shall not wait again.
        One that came sooner costs little, and the next message finds out whether the layer works.
    :ivar probe_interval: from one probe to the next.
    :ivar probe_timeout: for each of them.
    """

    patience: float = 0.5
    probe_interval: float = 0.25
    probe_timeout: float = 1.0


class Circuit(Enum):
    """Whether calls are made.

    ``CLOSED``: all are. ``OPEN``: none is. ``PROBING``, also known as half-open: none but one that finds out whether
    the layer works again.
    """

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Decides, by how calls went, whether the next ones are made.

    It makes none, reads no clock and is not thread-safe.

    :ivar circuit: its state.
    :ivar error: why calls are not made; ``None`` while the circuit is closed.
    :ivar has_failed: whether the last call that was made has failed, however quickly.
    """

    def __init__(self, timing: BreakerTiming = BreakerTiming()) -> None:
        self.timing = timing
        self.circuit = Circuit.CLOSED
        self.error: BaseException | None = None
        self.has_failed = False

    @property
    def is_closed(self) -> bool:
        """Whether all calls are made."""
        return self.circuit is Circuit.CLOSED

    def record_success(self) -> None:
        """A call has succeeded, and closes the circuit."""
        self.circuit, self.error, self.has_failed = Circuit.CLOSED, None, False

    def record_failure(self, error: BaseException, seconds: float) -> None:
        """A call has failed after ``seconds``; a probe that fails, however quickly, opens the circuit again."""
        self.has_failed = True
        if self.circuit is Circuit.PROBING or seconds > self.timing.patience:
            self.circuit = Circuit.OPEN
            self.error = self.error or error

    def begin_probe(self) -> None:
        """A call is made although the circuit is open; how it goes is recorded like that of any other."""
        if self.circuit is Circuit.OPEN:
            self.circuit = Circuit.PROBING

    def close(self) -> None:
        """Let the next call find out how the layer is: nobody probes it any more."""
        self.circuit, self.error = Circuit.CLOSED, None
