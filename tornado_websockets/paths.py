"""Paths with parameters, in the syntax and with the converters of Django's ``path()``."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .core.registry import MAX_PATH

if TYPE_CHECKING:
    from django.urls.resolvers import RoutePattern

_PARAMETER = re.compile(r"<(?:[^>:]*:)?(?P<name>[^>]*)>")

#: What a handler may take besides the parameters of the path.
HANDLER_ARGUMENTS = frozenset({"self", "socket", "data"})

#: What ``publish`` takes besides them.
_TAKEN = HANDLER_ARGUMENTS | {"event", "on_commit"}


class PathPattern:
    """The path of a WebSocket, such as ``/chat`` or ``/room/<slug:room>``.

    :param text: a leading slash is added where it is missing.
    :raises TypeError: it is not a ``str``.
    :raises ValueError: it is empty or too long, or a parameter has a name that is taken.
    :raises django.core.exceptions.ImproperlyConfigured: it is not a valid route.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"Expected the path of the WebSocket as a str, got {text!r}.")
        if not text.strip():
            raise ValueError("Expected the path of the WebSocket, such as '/chat', got an empty string.")
        self.text = "/" + text.strip().lstrip("/")
        self._route = _route(self.text) if "<" in self.text else None
        self._converters = self._route.converters if self._route else {}
        self.names = frozenset(self._converters)
        if self._route is None:
            _refuse_long(self.text, self.text)
        for name in sorted(self.names & _TAKEN):
            raise ValueError(f"The parameter {name!r} of {self.text!r} has a name that is taken; choose another.")

    def match(self, path: str) -> Mapping[str, Any] | None:
        """The parameters in a concrete path, converted; ``None`` when it is too long, or a path of something else."""
        if len(path) > MAX_PATH:
            return None
        if self._route is None:
            return {} if path == self.text else None
        found = self._route.match(path.removeprefix("/"))
        return found[2] if found else None

    def build(self, parameters: Mapping[str, Any]) -> str:
        """The concrete path for ``parameters``.

        :raises TypeError: one is missing, or is none of this path's.
        :raises ValueError: one has a value that its converter does not take, or the path would be too long.
        """
        if set(parameters) != self.names:
            expected = ", ".join(sorted(self.names)) or "none"
            got = ", ".join(sorted(parameters)) or "none"
            raise TypeError(f"The path {self.text!r} takes the parameters: {expected}; got: {got}.")
        for name, value in parameters.items():
            if value is None:  # most converters would write "None"
                raise ValueError(f"Expected a value for the parameter {name!r} of the path {self.text!r}, got None.")
        if self._route is None:
            return self.text
        try:
            path = _PARAMETER.sub(
                lambda found: str(self._converters[found["name"]].to_url(parameters[found["name"]])), self.text
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"No path {self.text!r} for {dict(parameters)!r}: {error}.") from error
        _refuse_long(path, self.text)
        if self.match(path) is None:
            raise ValueError(f"No path {self.text!r} for {dict(parameters)!r}: {path!r} does not match it.")
        return path


def _refuse_long(path: str, text: str) -> None:
    if len(path) > MAX_PATH:
        raise ValueError(
            f"Expected a path of at most {MAX_PATH} characters for {text[:64]!r}, got {len(path)}: {path[:64]!r}..."
        )


def _route(text: str) -> "RoutePattern":
    from django.core.exceptions import ImproperlyConfigured
    from django.urls.resolvers import RoutePattern  # not needed, and slow to import, where no path has parameters

    route = RoutePattern(text.removeprefix("/"), is_endpoint=True)
    try:
        route.match("")  # this is when Django finds out what is wrong with it
    except re.error as error:
        raise ImproperlyConfigured(f"The path {text!r} is not a valid route: {error}.") from error
    return route
