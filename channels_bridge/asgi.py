"""The ASGI application for WebSockets, with everything around it that a deployment needs."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final

from django.apps import apps

from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.logger import logger
from tornado_websockets.serving.announcing import announce, why_unknown
from tornado_websockets.serving.discovery import discover
from tornado_websockets.serving.prefix import below
from tornado_websockets.serving.refusing import log_refusal
from tornado_websockets.websocket import registry

from .consumers import OFFERED, ORDERS_SEEN, offered, refusal_of, wanted_headers
from .login import Application, LoginMiddleware
from .transports.asgi import AsgiTransport, Receive, Scope, Send
from .transports.known import TRANSPORT, transport_for
from .transports.serving import expect_server, join_server

_ELSEWHERE: Final = "In asgi.py, give it to ProtocolTypeRouter as the entry 'websocket'."


def websocket_application() -> Application:
    """Serve every registered WebSocket, for the ``websocket`` entry of a ``ProtocolTypeRouter``.

    Host and origin are checked first; unknown paths are refused with 403 and one line in the log; where
    ``django.contrib.sessions`` and ``django.contrib.auth`` are installed, ``socket.session`` and ``socket.user`` are
    there.

    :raises django.core.exceptions.AppRegistryNotReady: Django is not set up; call ``get_asgi_application()`` first.
    """
    apps.check_apps_ready()
    discover()
    announce(registry)
    if any(True for _ in registry) and not apps.is_installed("tornado_websockets"):
        from tornado_websockets.serving.checks import NOT_INSTALLED

        logger.warning(NOT_INSTALLED)
    expect_server()
    application: Application = _route
    if apps.is_installed("django.contrib.sessions"):
        application = LoginMiddleware(application)
    return _Gate(application)


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 ASGI gives it
    """Say yes to a server that asks whether it may start, or stop, for the ``lifespan`` entry of a router.

    ``uvicorn --lifespan on`` starts no application that does not answer, and hypercorn and granian warn of one. So it
    is known before anybody connects that uvicorn serves: see :func:`.transports.serving.join_server`.
    """
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            join_server()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


class _Gate:
    """Rejects bad hosts, bad origins and unknown paths before session and user are loaded.

    It also comes first to see what the server calls the application with. Looking up a session takes time, in which
    nothing of what the client sends may be parsed.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":  # "lifespan", which servers ask for first; they go on without it
            raise ValueError(f"Expected a scope of the type 'websocket', got {scope['type']!r}. {_ELSEWHERE}")
        transport = transport_for(scope, receive, send)
        await hub.shard().door.enter(transport.has_left)
        served = _checked(scope, transport)
        if served is not None:
            await self._application(served, receive, send)
            return
        await receive()  # websocket.connect
        with suppress(ClientGone):
            await transport.refuse()


# Apart, since all that a coroutine has in hand stays for as long as its client does.
def _checked(scope: Scope, transport: AsgiTransport) -> Scope | None:
    """The scope with what was found out; ``None``, and a line in the log, where the client is refused."""
    headers = wanted_headers(scope)
    reason = refusal_of(scope, headers, transport)
    path = below(scope["path"], transport.root_path(scope))
    found = registry.find(path)
    if reason is None and found is None:
        reason = why_unknown(registry, path)
    if reason is not None or found is None:
        log_refusal(scope["path"], reason or "")
        return None
    websocket, kwargs = found
    route: dict[str, Any] = {"args": (), "kwargs": dict(kwargs)}
    return {
        **scope,
        "url_route": route,
        "websocket": websocket,
        TRANSPORT: transport,
        ORDERS_SEEN: hub.control.last,
        OFFERED: offered(headers),
    }


# No coroutine of its own: each that only waits for another one takes 300 bytes for every client.
def _route(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
    served: Awaitable[None] = scope["websocket"].consumer()(scope, receive, send)
    return served
