"""What the answers of other processes are taken for."""

import pytest

from tornado_websockets.metrics.exposition import write_all
from tornado_websockets.metrics.measuring import BOUNDS
from tornado_websockets.metrics.scraping import _read
from tornado_websockets.processes.survey import Answer, Round

COUNTS = [1] * (len(BOUNDS) + 1)


def says(**more):
    return {"counters": {"connections": 2}, "durations": [], "refusals": [], **more}


def read(*answers):
    return list(_read(Round({answer.process: answer for answer in answers})))


def test_processes_of_one_name_are_told_apart():
    names = [each.name for each in read(*(Answer(f"{n}" * 32, "host:1", says(), 0.1) for n in (1, 2)))]
    assert names == ["host:1", "host:1 22222222"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"counters": {"connections": "many"}},
        {"counters": {"connections": float("inf")}},
        {"counters": {"connections": float("nan")}},
        {"counters": {"connections": 10**400}},
        {"counters": None},
        {"durations": [["/chat", [1], 1.0]]},
        {"durations": [[1, COUNTS, 1.0]]},
        {"refusals": [["/chat", {"no": True}]]},
        {"refusals": [["/\ud800", {"no": 1}]]},
        {"refusals": 1},
    ],
    ids=lambda wrong: ascii(wrong)[:60],
)
def test_what_makes_no_sense_is_left_out(wrong, caplog):
    (other,) = read(Answer("a", "a:1", says(**wrong), 0.1), Answer("b", "b:1", says(), 0.1))
    assert other.name == "b:1"
    assert "are ignored" in caplog.text


def test_what_others_call_themselves_breaks_no_line():
    answer = Answer("a", 'a"\\\n:1', says(counters={"connections": 2, "unheard_of": 1}), 0.1)
    text = write_all(read(answer))
    assert 'tornado_websockets_connections{process="a\\"\\\\\\n:1"} 2' in text.splitlines()
    assert "unheard_of" not in text
