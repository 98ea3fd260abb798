"""Session and user of a handshake, which are only read, for whoever writes an ``asgi.py`` by hand."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.http import parse_cookie

from tornado_websockets.auth.session import SessionUnavailable, load_session
from tornado_websockets.core.connections.transport import ClientGone

from .consumers import headers_of
from .transports.asgi import AsgiTransport, Receive, Scope, Send
from .transports.known import TRANSPORT

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class LoginMiddleware:
    """Puts ``session`` and ``user`` into the scope, where they are not there already.

    Channels' ``AuthMiddlewareStack`` does so too, but may end or move the session that it reads, after a rotation of
    ``SECRET_KEY`` for instance: its user is then logged out of the whole site. And it waits for a thread, even for a
    client without a cookie, that one slow query of anybody's keeps busy.

    :param application: is served inside of it.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "user" not in scope:
            cookies = headers_of(scope).get("cookie", "")
            transport = scope.get(TRANSPORT) or AsgiTransport(receive, send)
            try:
                session, user = await load_session(cookies, transport.has_left)
            except SessionUnavailable:
                await _refuse(scope, receive, send)
                return
            except ClientGone:
                await receive()  # websocket.connect
                with suppress(ClientGone):
                    await transport.refuse()
                return
            scope = {"cookies": parse_cookie(cookies), "session": session, **scope, "user": user}
        await self._application(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with 500 where the server can; it is not the client's fault."""
    await receive()  # websocket.connect
    if "websocket.http.response" in (scope.get("extensions") or {}):
        start: dict[str, Any] = {"type": "websocket.http.response.start", "status": 500, "headers": []}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close"})
