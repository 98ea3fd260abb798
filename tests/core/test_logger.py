import logging

import pytest

from tornado_websockets.core.logger import Complaints


class Clock:
    """Seconds, to be put forward."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def complaints(clock):
    return Complaints(5.0, clock)


def said(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_first_is_logged_as_an_error(complaints, caplog):
    complaints.add("kind", "It is %r", 1)
    [record] = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("tornado_websockets", "ERROR", "It is 1")


def test_the_next_ones_of_a_kind_are_counted(complaints, clock, caplog):
    for number in range(10):
        complaints.add("kind", "It is %r", number)
    for number in (10, 11):
        clock.now += 5.0
        complaints.add("kind", "It is %r", number)
    more = " (and 9 more of this kind since the last such line)"
    assert said(caplog) == ["It is 0", f"It is 10{more}", "It is 11"]


def test_may_be_of_another_level(clock, caplog):
    Complaints(5.0, clock, level=logging.WARNING).add("kind", "It is so")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_kinds_are_logged_apart(complaints, caplog):
    for kind in ("one", "other", "one"):
        complaints.add(kind, "It is %s", kind)
    assert said(caplog) == ["It is one", "It is other"]
