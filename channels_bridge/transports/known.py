"""Which server is it: the one place that knows.

Names that the servers do not document are looked for before anything is constructed: with any other server, or a
future one that looks different, connections behave as standard ASGI makes them, and a warning says so.

A middleware around the application may have wrapped the server's ``send`` or ``receive``. The server is looked for
behind its ``send``, so that all bounds hold; behind a queue nobody could tell how slow a client is. What is sent goes
through the middleware, since it may count messages, trace them or change them. So each client gets a frame of its own,
which costs a broadcast to many twice as much. The middlewares to which a WebSocket's messages are nothing are passed
over: the session middleware of Channels, and Sentry's.
"""

from typing import Any, Final

from . import daphne, gunicorn, uvicorn
from .asgi import AsgiTransport, Receive, Scope, Send
from .daphne import DaphneTransport, HiddenDaphneTransport, is_daphne
from .granian import GranianTransport, is_granian
from .gunicorn import GunicornTransport, is_gunicorn
from .middleware import is_of_other_server, owner_of, passed_over, search
from .recognition import warn_once
from .serving import join_server, serving_server
from .stopping.gunicorn import stop_with_gunicorn
from .uvicorn import UvicornTransport, is_uvicorn

#: Where a scope has the transport once it is made.
TRANSPORT: Final = "tornado_websockets.transport"


def transport_for(scope: Scope, receive: Receive, send: Send) -> AsgiTransport:
    """The way to the client that the server, or a middleware, gives us these three for.

    Where the server is known, what it reads from the client is bounded from now on.
    """
    made: AsgiTransport | None = scope.get(TRANSPORT)
    if made is not None:
        return made
    join_server()
    protocol = owner_of(passed_over(send))
    if is_known(protocol):
        return _made_for(protocol, receive, send, is_wrapped=False)
    if is_granian(send):
        return GranianTransport(receive, send)
    if is_of_other_server(send):
        return AsgiTransport(receive, send)
    found = search(send, is_known)
    if len(found) == 1:
        return _made_for(found[0], receive, send, is_wrapped=True)
    server = serving_server()
    if server is not None:
        _warn_of_unknown(server)
    kind = HiddenDaphneTransport if server == "daphne" else AsgiTransport
    return kind(receive, send, is_wrapped=True)


def is_known(thing: object) -> bool:
    """Whether that is the protocol of a client of a server that is known."""
    return is_daphne(thing) or is_uvicorn(thing) or is_gunicorn(thing)


def _made_for(protocol: Any, receive: Receive, send: Send, *, is_wrapped: bool) -> AsgiTransport:
    kind: type[AsgiTransport]
    if is_daphne(protocol):
        name, what, kind = daphne.NEEDED.missing_in(protocol), "daphne", HiddenDaphneTransport
        if name is None:
            return DaphneTransport(protocol, receive, send, is_wrapped=is_wrapped)
    elif is_gunicorn(protocol):
        name, what, kind = gunicorn.NEEDED.missing_in(protocol), "gunicorn", AsgiTransport
        if name is None:
            stop_with_gunicorn(protocol.transport.get_protocol())
            return GunicornTransport(protocol, receive, send, is_wrapped=is_wrapped)
    else:
        name, what, kind = uvicorn.NEEDED.missing_in(protocol), "uvicorn, or its --ws,", AsgiTransport
        if name is None:
            return UvicornTransport(protocol, receive, send, is_wrapped=is_wrapped)
    warn_once(f"This version of {what} is not known: its protocol has no {name}. {_LOSSES}")
    return kind(receive, send, is_wrapped=is_wrapped)


_LOSSES: Final = (
    "So what clients send is bounded by the server alone, a client that does not read is noticed late or never (on "
    "daphne its messages are kept without bound), pings and other empty frames are not counted, close codes and "
    "reasons may be lost, and a client that is given up may not be cut off."
)


def _warn_of_unknown(server: str) -> None:
    warn_once(
        f"{server} serves, but it was not found behind the send and receive that the application was called with: a "
        f"middleware hides it. {_LOSSES} Let the middleware wrap them in functions (functools.wraps helps) or in "
        "objects that have the original as an attribute, or take it away."
    )
