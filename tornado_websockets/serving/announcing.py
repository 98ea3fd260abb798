"""What is served, in words: for whoever starts a server, and for whoever asks for a path that is not there."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from django.apps import apps
from django.conf import settings

from ..core.registry import MAX_PATH, path_of, url_path_of
from .suggestions import did_you_mean

#: The logger of ``manage.py runserver``, as daphne has it. Of ours, Django's default ``LOGGING`` shows warnings only.
_logger = logging.getLogger("django.channels.server")

_WHERE_TO_MAKE_THEM: Final = "make them in the module websockets of an app in INSTALLED_APPS"
_WHAT_IS_NOT_INSTALLED: Final = "add 'tornado_websockets' to INSTALLED_APPS, which looks for them in the apps there"

#: Paths that are named in one line.
MOST_NAMED: Final = 20


class _Served(Protocol):
    path: str


class _Registry(Protocol):
    def __iter__(self) -> "Iterator[_Served]": ...

    def why_unknown(self, url_path: str) -> str: ...


def announce(websockets: Iterable[_Served]) -> None:
    """Log the paths of all that is served."""
    _logger.info("WebSockets: %s", _listed(_paths(websockets)))


def why_unknown(registry: "_Registry", url_path: str) -> str:
    """Why nothing serves ``url_path``, for the log; while ``DEBUG`` is on, with what there is instead."""
    reason = registry.why_unknown(url_path)
    path = path_of(url_path)
    if not settings.DEBUG or len(url_path) > MAX_PATH:
        return reason
    paths = _paths(registry)
    question = did_you_mean(url_path if path else url_path_of("/" + url_path.lstrip("/")), paths)
    return f"{reason}. {question}There are: {_listed(paths)}"


def not_found(websockets: Iterable[_Served], path: str) -> str:
    """That no WebSocket is at ``path``, and what there is instead, for whoever names a path in code."""
    every = list(websockets)
    question = did_you_mean(path, [websocket.path for websocket in every])
    return f"There is no WebSocket at {path!r}. {question}There are: {_listed(_paths(every))}."


def _paths(websockets: Iterable[_Served]) -> list[str]:
    return [url_path_of(websocket.path) for websocket in websockets]


def _listed(paths: list[str]) -> str:
    if not paths:
        return f"none; {_WHERE_TO_MAKE_THEM if apps.is_installed('tornado_websockets') else _WHAT_IS_NOT_INSTALLED}"
    more = len(paths) - MOST_NAMED
    return ", ".join(paths[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
