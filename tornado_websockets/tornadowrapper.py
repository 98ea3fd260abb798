"""``TornadoWrapper``: registry and settings -> a Tornado server."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import tornado.escape
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.routing import Matcher, Rule
from tornado.web import Application

from .core.hub import hub
from .core.registry import PREFIX
from .websocket import WebSocket, registry
from .websockethandler import WebSocketHandler, finish_leaving

if TYPE_CHECKING:
    import ssl

    from tornado.httputil import HTTPServerRequest

#: Settings of the Tornado application, where none are given: peers that have vanished are noticed.
DEFAULT_SETTINGS: dict[str, Any] = {"websocket_ping_interval": 20}

#: Seconds that open connections, and their handlers, get when the server is asked to stop.
STOP_TIMEOUT = 5.0

#: Close code of RFC 6455 for a server that stops.
GOING_AWAY = 1001

_CATCH_ALL = ".*"


class TornadoWrapper:
    """The Tornado server of this process: its application, handlers and port, within reach from everywhere.

    :cvar handlers: of the application: those of every ``WebSocket`` first, then the others, a catch-all last.
    :cvar tornado_app: the ``tornado.web.Application``, once started; also ``app``.
    :cvar tornado_server: the ``tornado.httpserver.HTTPServer``, once listening; also ``server``.
    :cvar tornado_port: the port it listens on.
    """

    handlers: ClassVar[list[Any]] = []
    tornado_app: ClassVar[Application | None] = None
    tornado_server: ClassVar[HTTPServer | None] = None
    tornado_port: ClassVar[int | None] = None
    app: ClassVar[Application | None] = None
    server: ClassVar[HTTPServer | None] = None

    @classmethod
    def add_handlers(cls, handlers: list[Any] | tuple[Any, ...]) -> list[Any]:
        """Add one handler (a tuple) or several (a list), before or after the start.

        :returns: all handlers.
        :raises TypeError: it is neither.
        """
        if not isinstance(handlers, (list, tuple)):
            raise TypeError(f"Expected a list of handlers or a tuple that is one, got {handlers!r}.")
        is_one = isinstance(handlers, tuple) and isinstance(next(iter(handlers), None), str)
        cls.handlers.extend([handlers] if is_one else handlers)
        cls.handlers.sort(key=_place)
        if cls.tornado_app is not None:
            cls.tornado_app.wildcard_router.rules.clear()
            cls.tornado_app.wildcard_router.add_rules(cls._rules())
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
        :raises TypeError: handlers that are no list, settings that are no dict.
        """
        given = settings if tornado_settings is None else tornado_settings
        if given is not None and not isinstance(given, dict):
            raise TypeError(f"Expected the settings as a dict, got {given!r}.")
        cls.add_handlers((handlers if tornado_handlers is None else tornado_handlers) or [])
        cls.tornado_app = cls.app = Application(cls._rules(), **{**DEFAULT_SETTINGS, **(given or {})})

    @classmethod
    def listen(cls, tornado_port: int, address: str | None = None, ssl_options: ssl.SSLContext | None = None) -> None:
        """Start the HTTP server.

        :param tornado_port: port to listen on; with 0, the system finds a free one.
        :param address: of one interface; ``None`` for all.
        :param ssl_options: certificate and key, to serve HTTPS and ``wss://``.
        :raises TypeError: :meth:`start_app` was not called, or the port is no ``int``.
        :raises OSError: the port is taken.
        """
        if cls.tornado_app is None:
            raise TypeError("There is no Tornado application yet: call TornadoWrapper.start_app() before listen().")
        if not isinstance(tornado_port, int):
            raise TypeError(f"Expected the port as an int, got {tornado_port!r}.")
        server = HTTPServer(cls.tornado_app, ssl_options=ssl_options)
        server.listen(tornado_port, address or "")
        cls.tornado_server = cls.server = server
        cls.tornado_port = tornado_port

    @classmethod
    def loop(cls) -> None:
        """Print what is served, and serve until SIGTERM or SIGINT: clients are told, handlers get time to end."""
        print(cls._description(), flush=True)  # noqa: T201 the reference has it print
        loop = IOLoop.current()
        loop.add_callback(_stop_on_signals)
        loop.start()

    @classmethod
    def stop(cls) -> None:
        """Take no more connections."""
        if cls.tornado_server is not None:
            cls.tornado_server.stop()

    @classmethod
    def _rules(cls) -> list[Any]:
        """One rule for all WebSockets, which finds those made later too, and the other handlers."""
        return [Rule(_Registered(), WebSocketHandler), *(handler for handler in cls.handlers if not _is_ours(handler))]

    @classmethod
    def _description(cls) -> str:
        app = cls.tornado_app
        settings = app.settings if app is not None else {}
        return "\n".join(
            [
                f"Tornado serves on port {cls.tornado_port}:",
                *(f"  handler   {_describe(handler)}" for handler in cls.handlers),
                *(f"  setting   {key} = {value!r}" for key, value in sorted(settings.items())),
            ]
        )


class _Registered(Matcher):
    """Matches the path of any registered WebSocket."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = registry.find(tornado.escape.url_unescape(request.path, plus=False))
        return None if found is None else {"target_kwargs": {"websocket": found[0]}}


class _Path(Matcher):
    """Matches the paths of one WebSocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        path = tornado.escape.url_unescape(request.path, plus=False)
        is_ours = path.startswith(PREFIX) and self._websocket.pattern.match(path.removeprefix(PREFIX)) is not None
        return {} if is_ours else None


class _Stop:
    """What a signal sets off, once."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stop())

    async def _stop(self) -> None:
        """End in order: no new clients, a close frame to each, their handlers, the rest, the loop."""
        TornadoWrapper.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                await hub.lane().close_all(GOING_AWAY)
                await finish_leaving()
        if TornadoWrapper.tornado_server is not None:
            await TornadoWrapper.tornado_server.close_all_connections()
        IOLoop.current().stop()


def _stop_on_signals() -> None:
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _entry(websocket: WebSocket) -> Any:
    """The handler of one WebSocket, for any ``tornado.web.Application``."""
    kwargs = {"websocket": websocket}
    if websocket.pattern.names:
        return Rule(_Path(websocket), WebSocketHandler, kwargs)
    return (re.escape(PREFIX + websocket.path), WebSocketHandler, kwargs)


def _is_ours(handler: Any) -> bool:
    return _target(handler) is WebSocketHandler


def _place(handler: Any) -> int:
    """Ours first, whatever takes every path last; the sort keeps the order of the rest."""
    if _is_ours(handler):
        return 0
    return 2 if isinstance(handler, (list, tuple)) and handler[:1] == (_CATCH_ALL,) else 1


def _target(handler: Any) -> Any:
    return handler.target if isinstance(handler, Rule) else handler[1]


def _describe(handler: Any) -> str:
    path = handler.target_kwargs["websocket"].path if isinstance(handler, Rule) else handler[0]
    target = _target(handler)
    return f"{path} -> {getattr(target, '__name__', target)}"


def _list_websockets() -> None:
    others = [handler for handler in TornadoWrapper.handlers if not _is_ours(handler)]
    TornadoWrapper.handlers[:] = [*map(_entry, registry), *others]


registry.listen(_list_websockets)
