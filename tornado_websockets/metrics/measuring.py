"""Measures of one process besides its counters: how long handlers take, and what is refused, by path.

Nothing is measured before somebody asks for it, and so nobody pays who does not.
"""

from bisect import bisect_left
from collections import Counter
from typing import Any, Final

from ..core.forking import after_fork
from ..core.watching import Outcome, on_handled, on_refused

#: Upper bounds of the durations that are counted together, in seconds; the last are those above.
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

#: Paths of WebSockets, with their parameters as ``<slug:room>``, that are told apart; and codes of each.
MOST_PATHS: Final = 100
MOST_CODES: Final = 30

#: What all others are counted as.
OTHERS: Final = "(others)"


class Durations:
    """How often something took how long.

    :ivar counts: for each of :data:`BOUNDS`, and above.
    :ivar seconds: in all.
    """

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count once more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Measures:
    """The measures of a process.

    :ivar durations: of handlers, by path.
    :ivar refusals: by path and code.
    """

    def __init__(self) -> None:
        self.forget()
        after_fork(self.forget)

    def forget(self) -> None:
        """Start from nothing, as a forked process must."""
        self.durations: dict[str, Durations] = {}
        self.refusals: dict[str, Counter[str]] = {}

    def start(self) -> None:
        """Measure from now on, if that is not done yet."""
        if self._handled not in on_handled:
            on_handled.append(self._handled)
            on_refused.append(self._refused)

    def stop(self) -> None:
        """Measure nothing any more, and forget."""
        if self._handled in on_handled:
            on_handled.remove(self._handled)
            on_refused.remove(self._refused)
        self.forget()

    def _handled(self, client: Any, event: str, seconds: float, outcome: Outcome) -> None:  # noqa: ARG002 as it is told
        path = client.endpoint.path
        durations = self.durations.get(path)
        if durations is None:
            name = path if len(self.durations) < MOST_PATHS else OTHERS
            durations = self.durations.setdefault(name, Durations())
        durations.add(seconds)

    def _refused(self, client: Any, event: str | None, code: str) -> None:  # noqa: ARG002 as it is told
        path = client.endpoint.path
        codes = self.refusals.get(path)
        if codes is None:
            name = path if len(self.refusals) < MOST_PATHS else OTHERS
            codes = self.refusals.setdefault(name, Counter())
        codes[str(code) if code in codes or len(codes) < MOST_CODES else OTHERS] += 1


#: Those of this process.
measures: Final = Measures()
