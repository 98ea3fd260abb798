"""What is logged of errors that quote a client's token."""

import logging

import pytest

from tornado_websockets.core.logger import log_error
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED, Offer

OFFER = Offer("se/cret", secrets=["se/cret", "c2UvY3JldA"])


def raised(*texts):
    """The last of some errors, each raised while the one before was handled."""
    error = None
    for text in texts:
        try:
            try:
                if error is not None:
                    raise error
            finally:
                raise LookupError(text)
        except LookupError as found:
            error = found
    return error


@pytest.fixture
def record(caplog):
    def record(offer, error):
        log_error(offer, error, "It failed (%r)", "here")
        [record] = caplog.records
        return record

    return record


@pytest.mark.parametrize("texts", [("no se/cret",), ("no c2UvY3JldA", "other"), ("no", "repr of 'se/cret'")])
def test_an_error_that_quotes_the_token_is_logged_as_text_without_it(record, texts):
    found = record(OFFER, raised(*texts))
    assert (found.levelno, found.exc_info) == (logging.ERROR, None)
    assert found.getMessage().startswith("It failed ('here')\nTraceback (most recent call last):")
    assert "LookupError: " in found.getMessage()
    assert "<token>" in found.getMessage()
    assert "cret" not in found.getMessage().replace("raised(*texts)", "")


@pytest.mark.parametrize("offer", [OFFER, NOTHING_OFFERED])
def test_another_is_logged_with_its_traceback(record, offer):
    error = raised("no such thing")
    found = record(offer, error)
    assert (found.getMessage(), found.exc_info[1]) == ("It failed ('here')", error)


def test_the_record_says_who_has_logged_it(record):
    assert record(OFFER, raised("no se/cret")).funcName == "record"


def test_the_record_of_another_does_too(record):
    assert record(OFFER, raised("other")).funcName == "record"
