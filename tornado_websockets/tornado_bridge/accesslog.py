"""Lines of the logger ``tornado.access``: as Tornado writes them, but for what a stranger could fill the log with."""

import logging

from tornado.httputil import HTTPServerRequest
from tornado.log import access_log

from ..core.stopping import stopping

#: Characters of a method or an address that are shown. Tornado takes 64 KB of both.
_MOST = 256


def log_access(status: int, request: HTTPServerRequest) -> None:
    """Log a request that has been answered.

    503 is an error, but for a process that was asked to stop: that is what a load balancer is to hear.
    """
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    if status == 503 and stopping.has_begun:
        level = logging.INFO
    summary = f"{_shown(request.method)} {_shown(request.uri)} ({request.remote_ip})"
    access_log.log(level, "%d %s %.2fms", status, summary, 1000 * request.request_time())


def _shown(text: str | None) -> str:
    """Escape what is not printable ASCII, and cut what is long."""
    shown = (text or "").encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}..."
