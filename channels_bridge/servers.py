"""Which server has called, and what is known of it.

Names that the servers do not document are looked for first: with any other server, or a future one that looks
different, connections behave as standard ASGI makes them, and a warning says so.
"""

import functools
from typing import Any

from . import daphne, inflow, uvicorn
from .recognition import is_a, warn_once
from .server import Message, Receive, Send, Server


def server_of(receive: Receive, send: Send) -> "Server":
    """The server that gave an application these two. From now on, what it reads from the client is bounded."""
    owner = _owner_of(send)
    try:
        if _is_daphne(owner):
            return daphne.Daphne(owner, receive)
        if _is_uvicorn(owner):
            return uvicorn.Uvicorn(owner, receive)
    except AttributeError as error:
        _warn_of(error)
        _let_go(owner)
    return Server(receive)


def hold(send: Send) -> None:
    """Let the server parse nothing of what its client sends until the handshake is through, where we know how."""
    owner = _owner_of(send)
    try:
        if _is_daphne(owner):
            daphne.intake_of(owner)
        elif _is_uvicorn(owner):
            inflow.intake_of(owner)
    except AttributeError as error:
        _warn_of(error)


def _let_go(owner: Any) -> None:
    """Let the server parse what its client sends as if we knew nothing of it."""
    intake = daphne.known_intake(owner) if _is_daphne(owner) else inflow.known_intake(owner)
    if intake is not None:
        intake.release()


def _owner_of(send: Send) -> Any:
    while hasattr(getattr(send, "__self__", None), "real_send"):  # the session middleware of Channels
        send = send.__self__.real_send  # type: ignore[attr-defined]
    return send.args[0] if isinstance(send, functools.partial) and send.args else getattr(send, "__self__", None)


def _is_daphne(owner: Any) -> bool:
    return is_a(owner, "daphne.ws_protocol", "WebSocketProtocol")


def _is_uvicorn(owner: Any) -> bool:
    return type(owner).__module__.startswith("uvicorn.protocols.websockets.")


def _warn_of(error: AttributeError) -> None:
    warn_once(f"This version of the server is not known, slow clients are bounded less well: {error}")


def path_refusal(scope: Message, send: Send) -> str | None:
    """Why a path is refused that is not what the client has asked for; ``None`` when it is.

    Daphne takes ``//host/path``, ``http://host/path`` and ``/path;parameters`` for ``/path``, so that a proxy in front
    of it, which decides by what it sees, may be deceived.
    """
    owner = _owner_of(send)
    if _is_daphne(owner) and owner.http_request_uri.partition("?")[0] != scope["raw_path"].decode("latin-1"):
        return "it was asked for as something else"
    return None


def root_path(scope: Message, send: Send) -> str:
    """Where the application is mounted, by the server's configuration."""
    owner = _owner_of(send)
    if _is_daphne(owner):
        return str(owner.server.root_path)  # the scope has what a client may have sent as Daphne-Root-Path
    return str(scope.get("root_path", ""))
