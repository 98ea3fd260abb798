"""Paths with parameters, in the syntax and with the converters of Django's ``path()``."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import conf
from .core.delivery.group_names import group_name
from .core.handlers.signatures import HANDLER_ARGUMENTS
from .core.registry import MAX_PATH, PREFIX
from .serving.suggestions import warn_writer

if TYPE_CHECKING:
    from django.urls.resolvers import RoutePattern

_PARAMETER = re.compile(r"<(?:[^>:]*:)?(?P<name>[^>]*)>")

#: What other frameworks write for a parameter: ``{room}``, ``{room:int}``, ``:room``, ``[room]``.
_FOREIGN = re.compile(r"(?<=/)(?:\{([^\W\d]\w*)(?::\w+)?\}|:([^\W\d]\w*)|\[([^\W\d]\w*)\])(?![^/])")

_ADDRESS = re.compile(r"\s*(?:ws|http)s?://", re.IGNORECASE)

#: What ``publish`` takes besides them.
_TAKEN = HANDLER_ARGUMENTS | {"on_commit", "using", "fail_silently"}


def group_of(path: str) -> str:
    """The channel-layer group of a concrete path, in the ``NAMESPACE`` of this project."""
    return group_name(path, conf.get("NAMESPACE"))


class PathPattern:
    """The path of a WebSocket, such as ``/chat`` or ``/room/<slug:room>``.

    :param text: a leading slash is added where it is missing.
    :raises TypeError: it is not a ``str``.
    :raises ValueError: it is too long, has ``?``, ``#`` or a bracket without the other, or a parameter has a name that
        is taken; or it is a whole address, ``ws://...``.
    :raises django.core.exceptions.ImproperlyConfigured: it is not a valid route.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"Expected the path of the WebSocket as a str, got {text!r}.")
        _refuse_address(text)
        self.text = "/" + text.strip().lstrip("/")
        _refuse_malformed(self.text)
        _warn_of_misunderstandings(self.text)
        self._route = _route(self.text) if "<" in self.text else None
        self.converters = self._route.converters if self._route else {}
        self.names = frozenset(self.converters)
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
                lambda found: str(self.converters[found["name"]].to_url(parameters[found["name"]])), self.text
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"No path {self.text!r} for {dict(parameters)!r}: {error}.") from error
        _refuse_long(path, self.text)
        if self.match(path) is None:
            raise ValueError(f"No path {self.text!r} for {dict(parameters)!r}: {path!r} does not match it.")
        return path


def _refuse_malformed(text: str) -> None:
    rest = _PARAMETER.sub("", text)
    for sign in "<>?#":
        if sign in rest:
            raise ValueError(
                f"Expected a path such as '/room/<slug:room>', got {text!r}, in which {sign!r} stands for nothing."
            )


def _refuse_address(text: str) -> None:
    if _ADDRESS.match(text):
        raise ValueError(f"Expected a path such as '/chat', got the address {text!r}: hosts are none of it.")


def _warn_of_misunderstandings(text: str) -> None:
    """What is a path, and hardly the one that is meant."""
    if text.startswith(f"{PREFIX}/"):
        warn_writer(f"WebSocket({text!r}) is served at {PREFIX + text!r}: {PREFIX!r} is put before every path.")
    for found in _FOREIGN.finditer(text):
        name = next(filter(None, found.groups()))
        warn_writer(f"WebSocket({text!r}) takes {found[0]!r} literally: a parameter is written '<slug:{name}>'.")


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
