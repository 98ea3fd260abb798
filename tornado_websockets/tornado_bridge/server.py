"""``TornadoWrapper``: registry and settings -> a Tornado server."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.conf import settings as django_settings
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from .. import conf
from ..serving.discovery import discover
from ..websocket import WebSocket, registry
from .accepting import Listener
from .accesslog import log_access
from .reading import is_over, pace_chunks
from .routing import Entry, describe, in_order, read_handlers, rules
from .stopping import Shutdown

if TYPE_CHECKING:
    import socket
    import ssl

    from tornado.http1connection import HTTP1Connection
    from tornado.httputil import HTTPServerRequest

#: Settings of the Tornado application, where none are given: peers that have vanished are noticed.
DEFAULT_SETTINGS: dict[str, Any] = {"websocket_ping_interval": 20}

#: Seconds for the head of a request, the wait for it on an open connection included, which proxies and load balancers
#: end after 60; and for a body: 100 MiB at half a megabit a second. The settings of the application may name others.
DEFAULT_TIMES: dict[str, float] = {"idle_connection_timeout": 75, "body_timeout": 1800}

#: Bytes of the head of a request: a line of it may have three, and costs 3 µs, during which nothing else runs.
DEFAULT_HEAD = 16 * 1024


class _Alias:
    """A class attribute under a second name: what is set by one is found by both.

    :param name: the first.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, wrapper: type, _: type) -> Any:
        return getattr(wrapper, self._name)

    def __set__(self, wrapper: type, value: Any) -> None:
        setattr(wrapper, self._name, value)


class _Spellings(type):
    """The two sets of names that ``TornadoWrapper`` has had. Attributes of a class can only be one by its type."""

    tornado_handlers = _Alias("handlers")
    app = _Alias("tornado_app")
    server = _Alias("tornado_server")


class TornadoWrapper(metaclass=_Spellings):
    """The Tornado server of this process: its application, handlers and port, within reach from everywhere.

    :cvar handlers: of the application, those of the WebSockets included: the newest first, but for a catch-all, which
        comes last; also ``tornado_handlers``. The application itself asks the WebSockets before all others.
    :cvar tornado_app: the ``tornado.web.Application``, once started; also ``app``. Set it to ``None`` to start another.
    :cvar tornado_server: the ``tornado.httpserver.HTTPServer``, once listening; also ``server``.
    :cvar tornado_port: the port it listens on; 0 before it does.
    """

    handlers: ClassVar[list[Any]] = []
    tornado_app: ClassVar[Application | None] = None
    tornado_server: ClassVar[HTTPServer | None] = None
    tornado_port: ClassVar[int] = 0
    _urls: ClassVar[list[str]] = []

    @classmethod
    def add_handlers(cls, handlers: list[Any] | tuple[Any, ...]) -> list[Any]:
        """Add one handler (a tuple) or several (a list), before or after the start, ahead of those that are there.

        :returns: all handlers.
        :raises TypeError: it is neither.
        """
        added = read_handlers(handlers)
        cls.handlers[:] = in_order([*added, *cls.handlers])
        if cls.tornado_app is not None and added:
            router = cls.tornado_app.wildcard_router
            router.add_rules(added)
            router.rules[:] = in_order([*router.rules[-len(added) :], *router.rules[: -len(added)]])
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
        _make_loop()
        cls.tornado_app = _Application(rules(cls.handlers), **{**DEFAULT_SETTINGS, **(given or {})})

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
        sockets = [Listener(bound) for bound in bind_sockets(tornado_port, address)]
        server = HTTPServer(cls.tornado_app, ssl_options=ssl_options, **_server_options(cls.tornado_app.settings))
        server.add_sockets(sockets)
        cls.tornado_server = server
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
                *(f"  handler   {describe(handler)}" for handler in cls.handlers),
                *(f"  setting   {key} = {_reveal(key, value)}" for key, value in sorted(settings.items())),
            ]
        )


class _Application(Application):
    """Tornado's, with access lines of bounded length, bodies in chunks that take turns, and no requests of the gone."""

    def find_handler(self, request: HTTPServerRequest, **options: Any) -> Any:
        """Tornado asks for it when it has read the head of a request."""
        if is_over(request):
            cast("HTTP1Connection", request.connection).detach()
            return HTTPMessageDelegate()  # which does nothing
        pace_chunks(request)
        return super().find_handler(request, **options)

    def log_request(self, handler: RequestHandler) -> None:
        """As the settings say; else in our form."""
        if "log_function" in self.settings:
            super().log_request(handler)
        else:
            log_access(handler.get_status(), handler.request)


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


def _reveal(key: str, value: Any) -> str:
    """The value as Django's debug page shows it, whose filter the project may have replaced."""
    from django.views.debug import get_default_exception_reporter_filter

    reporter = get_default_exception_reporter_filter()
    shown = reporter.cleanse_setting(key, value)
    return "..." if shown == reporter.cleansed_substitute else repr(shown)


def _url(scheme: str, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _enlist(websocket: WebSocket, place: int, is_second: bool) -> None:  # noqa: ARG001 the newest comes first
    handlers = TornadoWrapper.handlers
    if is_second:
        path = websocket.path
        handlers[:] = [
            handler
            for handler in handlers
            if not isinstance(handler, Entry) or handler.kwargs["websocket"].path != path
        ]
    handlers.insert(0, Entry.of(websocket))


registry.listen(_enlist)
