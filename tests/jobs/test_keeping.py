"""Where a bar stands, as the store keeps it."""

import json
from time import time

import pytest

from tornado_websockets.jobs.keeping import Account, entries_of, read_known
from tornado_websockets.jobs.run import Address
from tornado_websockets.store import Event

ACCOUNT = Account(Address("/jobs", "foo"), "writer", lambda: {"current": 3, "run": "r", "outcome": None}, list, 7.0)


def kept(run="r", until=0.0, lines=None):
    entries = entries_of(ACCOUNT, run, until, lines)
    return {entry.retained: Event("s", number, entry.text) for number, entry in enumerate(entries, 1)}


def test_what_is_written_is_read():
    known = read_known(kept(until=time() + 9, lines=["</a>"]))
    assert (known.at, known.writer, known.run) == (7.0, "writer", "r")
    assert known.data == {"current": 3, "run": "r", "outcome": None, "log": ["</a>"]}


def test_a_run_that_nobody_renews_has_failed():
    assert read_known(kept(until=time() - 1)).data == {"current": 3, "outcome": "failed"}
    assert read_known(kept(run="")).data["outcome"] is None


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"log": "{}"},
        {"state": "nonsense"},
        {"state": "[" * 100_000},
        {"state": "[]"},
        {"state": "{}"},
        {"state": json.dumps({"data": {"init": 3, "at": 1, "writer": "", "run": "", "until": 0}})},
        {"state": json.dumps({"data": {"init": {}, "at": "x", "writer": "", "run": "", "until": 0}})},
    ],
)
def test_what_makes_no_sense_says_nothing(texts):
    assert read_known({name: Event("s", 1, text) for name, text in texts.items()}) is None
