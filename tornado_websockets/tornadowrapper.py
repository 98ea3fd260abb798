"""``TornadoWrapper``: registry and settings -> a Tornado server."""

from __future__ import annotations

import re
import warnings
from bisect import insort
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import tornado.escape
from django.conf import settings as django_settings
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.routing import AnyMatches, Matcher, PathMatches, Rule
from tornado.web import Application, RequestHandler, stream_request_body

from . import conf
from .accesslog import log_access
from .bodies import has_body, refuse_body
from .core.registry import PREFIX
from .discovery import discover
from .shutdown import Shutdown
from .websocket import WebSocket, registry
from .websockethandler import WebSocketHandler, is_handshake, refuse

if TYPE_CHECKING:
    import socket
    import ssl

    from tornado.httputil import HTTPServerRequest

#: Settings of the Tornado application, where none are given: peers that have vanished are noticed.
DEFAULT_SETTINGS: dict[str, Any] = {"websocket_ping_interval": 20}

#: Seconds for the head of a request, the wait for it on an open connection included, which proxies and load balancers
#: end after 60; and for a body: 100 MiB at half a megabit a second. The settings of the application may name others.
DEFAULT_TIMES: dict[str, float] = {"idle_connection_timeout": 75, "body_timeout": 1800}

#: Bytes of the head of a request: a line of it may have three, and costs 3 µs, during which nothing else runs.
DEFAULT_HEAD = 16 * 1024

#: Patterns that match every path.
_CATCH_ALL = {".*", "/.*", "(.*)", "/(.*)"}


class TornadoWrapper:
    """The Tornado server of this process: its application, handlers and port, within reach from everywhere.

    :cvar handlers: of the application: those of every ``WebSocket`` first, then the others, a catch-all last.
    :cvar tornado_app: the ``tornado.web.Application``, once started; also ``app``.
    :cvar tornado_server: the ``tornado.httpserver.HTTPServer``, once listening; also ``server``.
    :cvar tornado_port: the port it listens on.
    """

    handlers: ClassVar[list[Any]] = []
    tornado_handlers: ClassVar[list[Any]] = handlers
    tornado_app: ClassVar[Application | None] = None
    tornado_server: ClassVar[HTTPServer | None] = None
    tornado_port: ClassVar[int | None] = None
    app: ClassVar[Application | None] = None
    server: ClassVar[HTTPServer | None] = None
    _urls: ClassVar[list[str]] = []

    @classmethod
    def add_handlers(cls, handlers: list[Any] | tuple[Any, ...]) -> list[Any]:
        """Add one handler (a tuple) or several (a list), before or after the start.

        :returns: all handlers.
        :raises TypeError: it is neither.
        """
        if not isinstance(handlers, (list, tuple)):
            raise TypeError(f"Expected a list of handlers or a tuple that is one, got {handlers!r}.")
        added = [handlers] if _is_handler(handlers) else list(handlers)
        for handler in added:
            if not _is_handler(handler):
                raise TypeError(f"Expected a handler such as ('/path', MyHandler), got {handler!r}.")
        cls.handlers.extend(added)
        cls.handlers.sort(key=_place)
        if cls.tornado_app is not None:
            router = cls.tornado_app.wildcard_router
            router.add_rules(added)
            router.rules.sort(key=_place)
        return cls.handlers

    add_handler = add_handlers

    @classmethod
    def start_app(
        cls,
        tornado_handlers: list[Any] | tuple[Any, ...] | None = None,
        tornado_settings: dict[str, Any] | None = None,
        *,
        handlers: list[Any] | tuple[Any, ...] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Make the Tornado application.

        :param tornado_handlers: handlers besides those of the WebSockets; also ``handlers``.
        :param tornado_settings: settings of the application; also ``settings``.
        :raises TypeError: handlers that are not a list, settings that are not a dict.
        """
        discover()
        given = settings if tornado_settings is None else tornado_settings
        if given is not None and not isinstance(given, dict):
            raise TypeError(f"Expected the settings as a dict, got {given!r}.")
        added = handlers if tornado_handlers is None else tornado_handlers
        cls.add_handlers([] if added is None else added)
        # One rule for all WebSockets, which finds those made later too; the other handlers; what is left.
        others = [handler for handler in cls.handlers if not isinstance(handler, Entry)]
        rules = [Rule(_Registered(), WebSocketHandler), *others, Rule(_NotForDjango(), _Nowhere)]
        _make_loop()
        cls.tornado_app = cls.app = _Application(sorted(rules, key=_place), **{**DEFAULT_SETTINGS, **(given or {})})

    @classmethod
    def listen(cls, tornado_port: int, address: str | None = None, ssl_options: ssl.SSLContext | None = None) -> None:
        """Start the HTTP server.

        :param tornado_port: port to listen on; with 0, the system finds a free one.
        :param address: of one interface; ``None`` for all.
        :param ssl_options: certificate and key, to serve HTTPS and ``wss://``.
        :raises TypeError: :meth:`start_app` was not called, or the port is not an ``int``.
        :raises OSError: the port is taken.
        """
        if cls.tornado_app is None:
            raise TypeError("There is no Tornado application yet: call TornadoWrapper.start_app() before listen().")
        if not isinstance(tornado_port, int):
            raise TypeError(f"Expected the port as an int, got {tornado_port!r}.")
        sockets = bind_sockets(tornado_port, address)
        server = HTTPServer(cls.tornado_app, ssl_options=ssl_options, **_server_options(cls.tornado_app.settings))
        server.add_sockets(sockets)
        cls.tornado_server = cls.server = server
        cls.tornado_port = sockets[0].getsockname()[1]
        cls._urls = [_url("http" if ssl_options is None else "https", socket) for socket in sockets]

    @classmethod
    def loop(cls) -> None:
        """Print what is served, and serve until SIGTERM or SIGINT: clients are told, handlers get time to end."""
        shutdown = Shutdown(cls.tornado_server)
        loop = IOLoop.current()
        loop.add_callback(shutdown.wait_for_signals)
        loop.add_callback(print, cls._description(), flush=True)  # the reference has it print
        loop.start()
        shutdown.leave_threads()

    @classmethod
    def stop(cls) -> None:
        """Take no more connections."""
        if cls.tornado_server is not None:
            cls.tornado_server.stop()

    @classmethod
    def _description(cls) -> str:
        app = cls.tornado_app
        settings = app.settings if app is not None else {}
        return "\n".join(
            [
                f"Tornado serves on {', '.join(cls._urls)}",
                *(f"  handler   {_describe(handler)}" for handler in cls.handlers),
                *(f"  setting   {key} = {_reveal(key, value)}" for key, value in sorted(settings.items())),
            ]
        )


class _Application(Application):
    """Tornado's, with access lines of bounded length."""

    def log_request(self, handler: RequestHandler) -> None:
        """As the settings say; else in our form."""
        if "log_function" in self.settings:
            super().log_request(handler)
        else:
            log_access(handler.get_status(), handler.request)


class Entry(NamedTuple):
    """The handler of one registered WebSocket, for any ``tornado.web.Application``."""

    path: str | Matcher
    target: type[WebSocketHandler]
    kwargs: dict[str, Any]


class _Registered(Matcher):
    """Matches the path of any registered WebSocket."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = registry.find(tornado.escape.url_unescape(request.path, plus=False))
        return None if found is None else {"target_kwargs": {"websocket": found[0]}}


class _NotForDjango(Matcher):
    """Matches every WebSocket handshake, and what has a body although only WebSockets live there."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        path = tornado.escape.url_unescape(request.path, plus=False)
        is_taken = is_handshake(request) or (path.startswith(f"{PREFIX}/") and has_body(request))
        return {} if is_taken else None


@stream_request_body
class _Nowhere(RequestHandler):
    """Refuses a handshake as it is refused under ASGI, and bodies unread."""

    def prepare(self) -> None:
        if has_body(self.request):
            refuse_body(self, "a WebSocket takes none")
        else:
            refuse(self, registry.why_unknown(tornado.escape.url_unescape(self.request.path, plus=False)))


class _Path(Matcher):
    """Matches the paths of one WebSocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        path = tornado.escape.url_unescape(request.path, plus=False)
        matches = path.startswith(PREFIX) and self._websocket.pattern.match(path.removeprefix(PREFIX)) is not None
        return {} if matches else None


def _server_options(settings: dict[str, Any]) -> dict[str, Any]:
    """Of the HTTP server: what it takes from whoever connects.

    Handlers get a body in one piece, unless they stream it, so it is as long as Django lets one be in memory. Those
    that stream set a limit of their own, as Django's does.
    """
    most = conf.get("MAX_BODY_BYTES")
    in_memory = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return {
        "xheaders": settings.get("xheaders", False),
        "max_body_size": most if in_memory is None else min(in_memory, most),
        "max_header_size": settings.get("max_header_size", DEFAULT_HEAD),
        **{name: settings.get(name, seconds) for name, seconds in DEFAULT_TIMES.items()},
    }


def _make_loop() -> None:
    """Let Tornado make the event loop of this thread, if there is none, and asyncio not warn of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        IOLoop.current()


def _entry(websocket: WebSocket) -> Entry:
    path = _Path(websocket) if websocket.pattern.names else re.escape(PREFIX + websocket.path)
    return Entry(path, WebSocketHandler, {"websocket": websocket})


def _is_handler(value: Any) -> bool:
    """Whether Tornado takes it as one handler."""
    if isinstance(value, (list, tuple)):
        return len(value) in {2, 3, 4} and isinstance(value[0], (str, Matcher))
    return isinstance(value, Rule)


def _place(handler: Any) -> int:
    """Ours first, exact paths before patterns, and whatever takes every path last; the order of the rest is kept."""
    matcher = handler.matcher if isinstance(handler, Rule) else handler[0]
    if isinstance(handler, Entry):
        return int(isinstance(matcher, _Path)) - 1
    if isinstance(matcher, _Registered):
        return 0
    pattern = matcher.regex.pattern if isinstance(matcher, PathMatches) else matcher
    if isinstance(matcher, AnyMatches) or str(pattern).removesuffix("$") in _CATCH_ALL:
        return 3
    return 2 if isinstance(matcher, _NotForDjango) else 1


def _describe(handler: Any) -> str:
    if isinstance(handler, Entry):
        return f"{PREFIX}{handler.kwargs['websocket'].path} -> {handler.target.__name__}"
    matcher, target = (handler.matcher, handler.target) if isinstance(handler, Rule) else handler[:2]
    pattern = matcher.regex.pattern if isinstance(matcher, PathMatches) else matcher
    return f"{pattern} -> {getattr(target, '__name__', target)}"


def _reveal(key: str, value: Any) -> str:
    """The value as Django's debug page shows it, whose filter the project may have replaced."""
    from django.views.debug import get_default_exception_reporter_filter

    reporter = get_default_exception_reporter_filter()
    shown = reporter.cleanse_setting(key, value)
    return "..." if shown == reporter.cleansed_substitute else repr(shown)


def _url(scheme: str, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _enlist(websocket: WebSocket, place: int, is_second: bool) -> None:  # noqa: ARG001 others know nothing of it
    handlers = TornadoWrapper.handlers
    if is_second:
        handlers[:] = [*map(_entry, registry), *(handler for handler in handlers if not isinstance(handler, Entry))]
    else:
        insort(handlers, _entry(websocket), key=_place)


registry.listen(_enlist)
