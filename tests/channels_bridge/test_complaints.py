import pytest

from channels_bridge import complaints as complaints_module
from channels_bridge.complaints import INTERVAL, Complaints


@pytest.fixture
def clock(monkeypatch):
    """Seconds, to be put forward."""
    now = [100.0]
    monkeypatch.setattr(complaints_module, "monotonic", lambda: now[0])
    return now


def said(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_first_is_logged_as_an_error(clock, caplog):
    Complaints().add("kind", "It is %r", 1)
    [record] = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("tornado_websockets", "ERROR", "It is 1")


def test_the_next_ones_of_a_kind_are_counted(clock, caplog):
    complaints = Complaints()
    for number in range(10):
        complaints.add("kind", "It is %r", number)
    clock[0] += INTERVAL
    complaints.add("kind", "It is %r", 10)
    clock[0] += INTERVAL
    complaints.add("kind", "It is %r", 11)
    more = " (and 9 more of this kind since the last such line)"
    assert said(caplog) == ["It is 0", f"It is 10{more}", "It is 11"]


def test_kinds_are_logged_apart(clock, caplog):
    complaints = Complaints()
    for kind in ("one", "other", "one"):
        complaints.add(kind, "It is %s", kind)
    assert said(caplog) == ["It is one", "It is other"]
