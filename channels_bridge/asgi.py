"""The ASGI application for WebSockets, with everything around it that a deployment needs."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.sessions import SessionMiddlewareStack
from django.apps import apps

from tornado_websockets.core.admission import log_refusal
from tornado_websockets.discovery import discover
from tornado_websockets.websocket import registry

from .consumers import Scope, refusal_of
from .server import Receive, Send
from .servers import hold, root_path

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def websocket_application() -> Application:
    """Serve every registered WebSocket, for the ``websocket`` entry of a ``ProtocolTypeRouter``.

    Host and origin are checked first; unknown paths are refused with 403 and one line in the log; where
    ``django.contrib.sessions`` and ``django.contrib.auth`` are installed, ``socket.session`` and ``socket.user`` are
    there.

    :raises django.core.exceptions.AppRegistryNotReady: Django is not set up; call ``get_asgi_application()`` first.
    """
    apps.check_apps_ready()
    discover()
    application: Application = _route
    if apps.is_installed("django.contrib.auth") and apps.is_installed("django.contrib.sessions"):
        application = AuthMiddlewareStack(application)
    elif apps.is_installed("django.contrib.sessions"):
        application = SessionMiddlewareStack(application)
    return _Gate(application)


class _Gate:
    """Lets only those in who have somewhere to go; sessions and users are looked up behind it."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hold(send)  # before sessions are looked up: that takes time
        reason = refusal_of(scope, send)
        path = _path(scope, send)
        found = registry.find(path)
        if reason is None and found is None:
            reason = registry.why_unknown(path)
        if reason is not None or found is None:
            log_refusal(scope["path"], reason or "")
            await receive()  # websocket.connect
            await send({"type": "websocket.close"})
            return
        websocket, kwargs = found
        route: dict[str, Any] = {"args": (), "kwargs": dict(kwargs)}
        await self._application({**scope, "url_route": route, "websocket": websocket}, receive, send)


async def _route(scope: Scope, receive: Receive, send: Send) -> None:
    await scope["websocket"].consumer()(scope, receive, send)


def _path(scope: Scope, send: Send) -> str:
    """The path below the one that the application is mounted at."""
    path: str = scope["path"]
    root = root_path(scope, send).rstrip("/")
    return path.removeprefix(root) if path.startswith(root + "/") else path
