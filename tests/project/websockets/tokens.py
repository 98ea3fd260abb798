"""WebSockets whose clients say by a token who they are."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.authentication import TokenAuthentication
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication

from tornado_websockets import Socket
from tornado_websockets.auth import drf
from tornado_websockets.websocket import WebSocket

logger = logging.getLogger("tests")


class Bot:
    """A user without a database.

    :param name: of it.
    """

    is_authenticated = is_active = True

    def __init__(self, name: str) -> None:
        self.pk = self.name = name

    def __str__(self) -> str:
        return self.name


def by_name(socket: Socket) -> Bot | None:
    """``bot=<name>`` is that one's token; ``bot=broken`` makes trouble, and quotes it."""
    word, _, name = (socket.token or "").partition("=")
    if name == "forbidden":
        raise PermissionDenied(f"{socket.token} is on no list")
    if name.startswith("broken"):
        raise RuntimeError(f"cannot read {socket.token}")
    return Bot(name) if word == "bot" and name else None


async def by_name_soon(socket: Socket) -> Bot | None:
    return by_name(socket)


def ending(socket: Socket) -> Bot | None:
    """The token is a number of seconds, after which it has ended."""
    if socket.token is None:
        return None
    socket.expires_at = datetime.now(UTC) + timedelta(seconds=float(socket.token))
    return Bot(socket.token)


async def who(socket: Socket) -> dict[str, Any]:
    return {
        "user": str(socket.user),
        "token": socket.token is not None,
        "subprotocol": socket.subprotocol,
        "query": socket.query.dict(),
    }


def is_good(socket: Socket) -> bool:
    """Make trouble of those whose name begins with ``bad``, and quote their token."""
    if str(socket.user).startswith("bad"):
        raise LookupError(f"no {socket.token}")
    return True


def quote(socket: Socket) -> None:
    """Fail, because of what quotes the token."""
    try:
        raise LookupError(f"no {socket.token}")
    except LookupError as error:
        raise RuntimeError("of all") from error


for path, options in {
    "/bots": {"authenticate": [by_name], "subprotocols": ("v3.chat", "v2.chat")},
    "/bots-soon": {"authenticate": ["tests.project.websockets.tokens.by_name_soon"]},
    "/bots-or-cookies": {"authenticate": ["session", by_name]},
    "/cookies": {},
    "/jwt": {"authenticate": [drf(JWTAuthentication)]},
    "/jwt-stateless": {"authenticate": [drf(JWTStatelessUserAuthentication)]},
    "/authtoken": {"authenticate": [drf(TokenAuthentication)]},
    "/ending": {"authenticate": [ending]},
    "/quoting": {"authenticate": [by_name], "authorize": is_good},
}.items():
    made = WebSocket(f"/tokens{path}", **options)  # type: ignore[arg-type]
    made.on(who)
    made.on(quote)
