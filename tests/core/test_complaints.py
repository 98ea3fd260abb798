"""What is logged of what strangers send, and of something that fails for everybody."""

import logging

import pytest

from tornado_websockets.core.complaints import CALM, OUTAGE_INTERVAL, Complaints, Outage
from tornado_websockets.core.protocol.offers import Offer


class Time:
    """A clock that is put forward by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def outage(time):
    return Outage("Cannot look", time)


def lines(caplog):
    return [(record.levelno, record.getMessage(), record.exc_info is not None) for record in caplog.records]


def test_first_failure_is_logged_with_its_traceback(outage, caplog):
    outage.failed(LookupError("first"))
    assert lines(caplog) == [(logging.ERROR, "Cannot look", True)]
    assert "LookupError: first" in caplog.text


def test_those_after_it_are_counted_in_one_line_per_interval(outage, time, caplog):
    outage.failed(LookupError("first"))
    for _ in range(3):
        time.now += OUTAGE_INTERVAL / 2
        for number in range(50):
            outage.failed(LookupError(number))
    message = "Cannot look: 51 more failed, the last one with LookupError(0)"
    assert lines(caplog)[1:] == [(logging.ERROR, message, False)]


def test_another_kind_of_error_is_logged_with_its_traceback_too(outage, caplog):
    outage.failed(LookupError("one"))
    outage.failed(ValueError("other"))
    assert [has_traceback for _, _, has_traceback in lines(caplog)] == [True, True]


def test_error_is_cut_in_a_line(outage, time, caplog):
    outage.failed(LookupError("first"))
    time.now += OUTAGE_INTERVAL
    outage.failed(LookupError("x" * 10_000))
    assert len(caplog.records[-1].getMessage()) < 300


def test_error_is_shown_once_over_in_a_line(outage, time, caplog):
    offer = Offer("secret", secrets=["secret"])
    for _ in range(2):
        outage.failed(LookupError("it's"), offer=offer)
        time.now += OUTAGE_INTERVAL
    assert caplog.messages[-1] == 'Cannot look: 1 more failed, the last one with LookupError("it\'s")'


def test_error_that_cannot_be_shown_is_told_by_its_type(outage, time, caplog):
    class Row:
        def __repr__(self):
            raise RuntimeError("a query fails")

    for _ in range(2):
        outage.failed(LookupError(Row()))
        time.now += OUTAGE_INTERVAL
    assert caplog.messages[-1] == "Cannot look: 1 more failed, the last one with LookupError"


def test_no_line_has_the_token_of_whom_it_is_about(outage, time, caplog):
    offer = Offer("secret", secrets=["secret"])
    outage.failed(LookupError("no secret"), offer=offer)
    time.now += OUTAGE_INTERVAL
    outage.failed(LookupError("no secret"), offer=offer)
    assert caplog.text.count("LookupError") == 2
    assert "secret" not in caplog.text


def test_end_is_logged_once(outage, time, caplog):
    for _ in range(3):
        outage.failed(LookupError("first"))
    time.now += CALM
    outage.worked()
    outage.worked()
    assert lines(caplog)[1:] == [(logging.WARNING, "Cannot look: it works again, after 3 that failed", False)]


def test_what_works_between_failures_is_no_end(outage, time, caplog):
    outage.failed(LookupError("first"))
    time.now += CALM / 2
    outage.worked()
    outage.failed(LookupError("second"))
    assert len(caplog.records) == 1


def test_next_outage_has_a_traceback_of_its_own(outage, time, caplog):
    outage.failed(LookupError("first"))
    time.now += CALM
    outage.worked()
    outage.failed(LookupError("second"))
    assert "LookupError: second" in caplog.text


def test_nothing_is_said_of_what_works(outage, caplog):
    outage.worked()
    assert caplog.records == []


def test_forgets_an_outage(outage, time, caplog):
    outage.failed(LookupError("first"))
    outage.forget()
    time.now += CALM
    outage.worked()
    assert len(caplog.records) == 1


@pytest.fixture
def complaints(time):
    return Complaints(5.0, time)


def said(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_first_is_logged_as_an_error(complaints, caplog):
    complaints.add("kind", "It is %r", 1)
    [record] = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("tornado_websockets", "ERROR", "It is 1")


def test_the_next_ones_of_a_kind_are_counted(complaints, time, caplog):
    for number in range(10):
        complaints.add("kind", "It is %r", number)
    for number in (10, 11):
        time.now += 5.0
        complaints.add("kind", "It is %r", number)
    more = " (and 9 more of this kind since the last such line)"
    assert said(caplog) == ["It is 0", f"It is 10{more}", "It is 11"]


def test_may_be_of_another_level(time, caplog):
    Complaints(5.0, time, level=logging.WARNING).add("kind", "It is so")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_kinds_are_logged_apart(complaints, caplog):
    for kind in ("one", "other", "one"):
        complaints.add(kind, "It is %s", kind)
    assert said(caplog) == ["It is one", "It is other"]
