"""Which handler Tornado gives a request to: the WebSockets first, then the application's handlers, then Django."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from tornado.escape import url_unescape
from tornado.routing import AnyMatches, Matcher, PathMatches, Rule
from tornado.web import stream_request_body

from .. import django_app
from ..core.registry import path_of, url_path_of
from ..serving.announcing import why_unknown
from ..serving.prefix import below
from ..serving.suggestions import warn_writer
from ..websocket import WebSocket, endpoint_of, registry
from .bodies import has_body, refuse_body
from .handler import HandshakeHandler, WebSocketHandler, is_handshake, refuse

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest

#: Patterns that match every path.
_CATCH_ALL = {".*", "/.*", "(.*)", "/(.*)"}


class Entry(NamedTuple):
    """The handler of one registered WebSocket, for any ``tornado.web.Application``."""

    path: str | Matcher
    target: type[WebSocketHandler]
    kwargs: dict[str, Any]

    @classmethod
    def of(cls, websocket: WebSocket) -> Entry:
        """That of ``websocket``. A path without parameters stands there as it is, as it has since 2016."""
        path = _Path(websocket) if endpoint_of(websocket).pattern.names else url_path_of(websocket.path)
        return cls(path, WebSocketHandler, {"websocket": websocket})


class _Path(Matcher):
    """Matches the paths of one registered WebSocket, but for those that another has for itself."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = registry.find(_path(request))
        return {} if found is not None and found[0] is self._websocket else None


class _Registered(Matcher):
    """Matches the path of any registered WebSocket."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = registry.find(_path(request))
        if found is None or (endpoint_of(found[0]).is_hidden and not is_handshake(request)):
            return None  # what is no handshake is answered as for a path that nobody serves
        return {"target_kwargs": {"websocket": found[0]}}


class _NotForDjango(Matcher):
    """Matches every WebSocket handshake, and what has a body although only WebSockets live there."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        is_taken = is_handshake(request) or (path_of(_path(request)) is not None and has_body(request))
        return {} if is_taken else None


@stream_request_body
class _Nowhere(HandshakeHandler):
    """Refuses a handshake as it is refused under ASGI, and bodies unread."""

    def prepare(self) -> None:
        if has_body(self.request):
            refuse_body(self, "a WebSocket takes none")
        else:
            refuse(self, why_unknown(registry, _path(self.request)))


def read_handlers(given: Any) -> list[Any]:
    """The handlers in what an application gives: one of them, or several in a list or tuple.

    :raises TypeError: it is neither.
    """
    if given is django_app or is_handler(given):
        return [_called(given)]
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"Expected a list of handlers or a tuple that is one, got {given!r}.")
    handlers = [_called(handler) for handler in given]
    for handler in handlers:
        if not is_handler(handler):
            raise TypeError(f"Expected a handler such as ('/path', MyHandler), got {handler!r}.")
    return handlers


def is_handler(value: Any) -> bool:
    """Whether Tornado takes it as one handler."""
    if isinstance(value, (list, tuple)):
        return len(value) in {2, 3, 4} and isinstance(value[0], (str, Matcher))
    return isinstance(value, Rule)


def rules(handlers: Iterable[Any]) -> list[Any]:
    """What the application is made of: one rule for all WebSockets, those made later too; the others; the rest."""
    others = [handler for handler in handlers if not isinstance(handler, Entry)]
    return in_order([Rule(_Registered(), WebSocketHandler), *others, Rule(_NotForDjango(), _Nowhere)])


def in_order(handlers: Iterable[Any]) -> list[Any]:
    """The same, whatever takes every path last; the order of the rest is kept."""
    return sorted(handlers, key=_place)


def describe(handler: Any) -> str:
    """A handler in words: ``/path -> MyHandler``."""
    matcher, target = (handler.matcher, handler.target) if isinstance(handler, Rule) else handler[:2]
    if isinstance(handler, Entry):
        shown = url_path_of(handler.kwargs["websocket"].path)
    else:
        shown = matcher.regex.pattern if isinstance(matcher, PathMatches) else str(matcher)
    return f"{shown} -> {getattr(target, '__name__', target)}"


def _called(handler: Any) -> Any:
    """What ``django_app()`` gives, where the function itself was given, as some documentation of 2017 had it."""
    if handler is not django_app:
        return handler
    warn_writer(
        "tornado_websockets.django_app is given as a handler without being called; write django_app().",
        DeprecationWarning,
    )
    return django_app()


def _place(handler: Any) -> int:
    """WebSockets first, then the application's handlers, then what refuses handshakes, and last what takes all."""
    matcher = handler.matcher if isinstance(handler, Rule) else handler[0]
    if isinstance(matcher, _Registered):
        return 0
    pattern = matcher.regex.pattern if isinstance(matcher, PathMatches) else matcher
    if isinstance(matcher, AnyMatches) or str(pattern).removesuffix("$") in _CATCH_ALL:
        return 3
    return 2 if isinstance(matcher, _NotForDjango) else 1


def _path(request: HTTPServerRequest) -> str:
    return below(url_unescape(request.path, plus=False))
