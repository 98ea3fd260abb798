"""Measures by path, which are bounded."""

import pytest

from tornado_websockets.core.watching import Outcome
from tornado_websockets.metrics.measuring import BOUNDS, MOST_CODES, MOST_PATHS, OTHERS, Durations, Measures


class Client:
    """What is told of a client."""

    def __init__(self, path):
        self.endpoint = self
        self.path = path


@pytest.mark.parametrize(
    ("seconds", "place"), [(0.0, 0), (BOUNDS[0], 0), (BOUNDS[0] + 1e-9, 1), (BOUNDS[-1], -2), (1e9, -1)]
)
def test_a_duration_counts_up_to_its_bound(seconds, place):
    durations = Durations()
    durations.add(seconds)
    assert durations.counts[place] == sum(durations.counts) == 1
    assert durations.seconds == seconds


def test_paths_and_codes_beyond_their_bounds_are_the_others():
    measures = Measures()
    for number in range(MOST_PATHS + 2):
        measures._handled(Client(f"/{number}"), "say", 0.1, Outcome.HANDLED)
        measures._refused(Client(f"/{number}"), "say", "no")
    for number in range(MOST_CODES + 2):
        measures._refused(Client("/0"), "say", f"no-{number}")
    assert len(measures.durations) == len(measures.refusals) == MOST_PATHS + 1
    assert sum(measures.durations[OTHERS].counts) == measures.refusals[OTHERS]["no"] == 2
    assert len(measures.refusals["/0"]) == MOST_CODES + 1
    assert measures.refusals["/0"][OTHERS] == 3


def test_what_is_stopped_measures_nothing():
    measures = Measures()
    measures.start()
    measures.start()
    measures.stop()
    from tornado_websockets.core.watching import on_handled, on_refused

    assert (measures._handled in on_handled, measures._refused in on_refused) == (False, False)
