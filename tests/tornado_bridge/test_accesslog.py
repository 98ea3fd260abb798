"""Lines of ``tornado.access``."""

import logging

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from tornado_websockets.core.stopping import stopping
from tornado_websockets.tornado_bridge.accesslog import log_access


def line(caplog: pytest.LogCaptureFixture, uri: str, status: int = 200, method: str = "GET") -> tuple[int, str]:
    """Level and text of what is logged, without the time it took."""
    caplog.set_level(logging.INFO, "tornado.access")
    start = RequestStartLine(method, uri, "HTTP/1.1")
    log_access(status, HTTPServerRequest(start_line=start, headers=HTTPHeaders({"Host": "x"})))
    record = caplog.records[-1]
    return record.levelno, record.getMessage().rpartition(" ")[0]


@pytest.mark.parametrize(
    ("status", "level"), [(101, logging.INFO), (302, logging.INFO), (404, logging.WARNING), (500, logging.ERROR)]
)
def test_line_is_as_tornado_has_it(caplog: pytest.LogCaptureFixture, status: int, level: int) -> None:
    assert line(caplog, "/a/b?c=%20d", status) == (level, f"{status} GET /a/b?c=%20d (None)")


def test_503_is_no_error_of_a_process_that_stops(caplog: pytest.LogCaptureFixture) -> None:
    assert line(caplog, "/ready", 503) == (logging.ERROR, "503 GET /ready (None)")
    stopping.begin()
    try:
        assert line(caplog, "/ready", 503) == (logging.INFO, "503 GET /ready (None)")
        assert line(caplog, "/", 500)[0] == logging.ERROR
    finally:
        stopping.forget()


def test_long_addresses_and_methods_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    assert line(caplog, "/" + "x" * 60_000)[1] == f"200 GET /{'x' * 255}... (None)"
    assert line(caplog, "/", method="M" * 60_000)[1] == f"200 {'M' * 256}... / (None)"


@pytest.mark.parametrize(("character", "shown"), [("\x1b", r"\x1b"), ("\x9b", r"\x9b"), ("\n", r"\n"), ("é", r"\xe9")])
def test_what_is_not_ascii_is_escaped(caplog: pytest.LogCaptureFixture, character: str, shown: str) -> None:
    assert line(caplog, f"/a{character}b")[1] == f"200 GET /a{shown}b (None)"
