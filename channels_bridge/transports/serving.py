"""Which server runs this process, and taking part in what it does as early as it can be told."""

import asyncio
import weakref
from functools import cache
from typing import Any

from django.core.signals import request_started

from tornado_websockets.garbage import spare_what_is_there

from .intake.bodies import pace_bodies
from .intake.heads import bound_heads
from .intake.newcomers import pace_newcomers
from .stopping.daphne import DaphneStop, is_daphne_serving, ports_of, reactor_of_daphne, when_daphne_serves
from .stopping.uvicorn import serving_uvicorn, stop_with_uvicorn

#: Event loops that have been looked at.
_loops: "weakref.WeakSet[asyncio.AbstractEventLoop]" = weakref.WeakSet()


def serving_server() -> str | None:
    """The name of the server that this process is run by, ``daphne`` or ``uvicorn``; ``None`` for others."""
    if serving_uvicorn() is not None:
        return "uvicorn"
    return "daphne" if is_daphne_serving() else None


def join_server() -> None:
    """Take part in what daphne or uvicorn does, if one of them runs the running event loop.

    Connections end in order when it stops. From now on bodies that come in small chunks are read in turns, and so are
    new clients of daphne; uvicorn refuses requests whose head is too long; and the garbage collector passes over what
    is there. Of any other server nothing is known; it stops by rules of its own.
    """
    loop = asyncio.get_running_loop()
    if loop in _loops:
        return
    _loops.add(loop)
    server = serving_uvicorn()
    if server is not None:
        stop_with_uvicorn(server)
        bound_heads(getattr(server, "config", None))
    elif is_daphne_serving():
        DaphneStop()
        ports = list(ports_of(reactor_of_daphne()))
        pace_newcomers(ports, loop)
        pace_bodies(ports)
    else:
        return
    spare_what_is_there()


@cache
def expect_server() -> None:
    """The application is being made: :func:`join_server` as soon as something is served.

    On an event loop, on which some versions of uvicorn import it, that is now. Before there is one it is when daphne's
    runs, at uvicorn's start where a router has ``lifespan``, or else at the first request.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        when_daphne_serves(join_server)
        request_started.connect(_on_request)
    else:
        join_server()


async def _on_request(**kwargs: Any) -> None:  # noqa: ARG001 Django says who asked for what
    request_started.disconnect(_on_request)
    join_server()
