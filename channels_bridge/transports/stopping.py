"""How connections end when daphne or uvicorn stops."""

import asyncio
import signal
import sys
import weakref
from typing import Any, Final

from tornado_websockets.core.delivery.shard import Shard
from tornado_websockets.core.protocol.closing import GOING_AWAY
from tornado_websockets.core.stopping import CLOSE_HANDLER_SECONDS, HANDLER_SECONDS, stop
from tornado_websockets.core.tasks import keep

from .recognition import is_a

#: Seconds between two looks at whether uvicorn is about to stop.
LOOK_INTERVAL: Final = 0.25

#: Seconds that clients have to read what was sent to them, once all their handlers are through.
LAST_READING: Final = 1.0

#: Those that will be stopped, and those whose server stops by rules of its own.
_shards: "weakref.WeakSet[Shard]" = weakref.WeakSet()


def serving_server() -> str | None:
    """The name of the server that this process is run by, ``daphne`` or ``uvicorn``; ``None`` for others."""
    if _serving_uvicorn() is not None:
        return "uvicorn"
    return "daphne" if _is_daphne_serving() else None


def stop_with_server(shard: Shard) -> None:
    """Let the connections of ``shard`` end in order when daphne or uvicorn stops, if one of them serves here."""
    if shard in _shards:
        return
    _shards.add(shard)
    server = _serving_uvicorn()
    if server is not None:
        _look(server, shard)
    elif _is_daphne_serving():
        _stop_with_daphne(shard)


def _serving_uvicorn() -> Any:
    """Uvicorn's server in this process: its method handles the signal."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server if is_a(server, "uvicorn.server", "Server") else None


def _is_daphne_serving() -> bool:
    """Whether Twisted runs here, and daphne is loaded: as an app of Django it is, whatever serves."""
    reactor = sys.modules.get("twisted.internet.reactor")
    return "daphne.server" in sys.modules and bool(getattr(reactor, "running", False))


def _stop_with_daphne(shard: Shard) -> None:
    """Let clients know when daphne stops. It cancels the applications by itself, but closes no connection."""
    from twisted.internet import defer, reactor

    def begin() -> "defer.Deferred[bool]":
        shard.close_all(GOING_AWAY)  # at once: the applications are cancelled already, and end when the loop runs on
        return defer.Deferred.fromFuture(shard.loop.create_task(stop(shard)))

    reactor.addSystemEventTrigger("before", "shutdown", begin)  # type: ignore[arg-type]


def _look(server: Any, shard: Shard) -> None:
    """Stop with uvicorn, which closes the connections by itself, but waits without limit for their handlers."""
    if server.should_exit:
        keep(shard.loop.create_task(_stop(server, shard)))
    else:
        shard.loop.call_later(LOOK_INTERVAL, _look, server, shard)


async def _stop(server: Any, shard: Shard) -> None:
    limit = server.config.timeout_graceful_shutdown  # then it cancels everything, ``close`` handlers too
    patience = HANDLER_SECONDS if limit is None else max(limit / 2, limit - CLOSE_HANDLER_SECONDS)
    await asyncio.sleep(2 * LOOK_INTERVAL)  # it tells the clients first, with a code of its own
    is_left = False
    try:
        is_left = await stop(shard, max(0.0, patience - 2 * LOOK_INTERVAL))
        if is_left:
            await asyncio.sleep(LAST_READING)
            _cut(server)
    finally:
        if not is_left:
            server.force_exit = True  # as a second Ctrl-C does


def _cut(server: Any) -> None:
    """Drop WebSockets whose clients do not read: uvicorn waits without limit for what it has for them.

    Requests that are being answered are left to it.
    """
    for connection in list(server.server_state.connections):
        if type(connection).__module__.startswith("uvicorn.protocols.websockets."):
            connection.transport.abort()
