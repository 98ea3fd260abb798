"""How connections end when daphne or uvicorn stops."""

import asyncio
import signal
import weakref
from typing import Any, Final

from tornado_websockets.core.lane import Lane
from tornado_websockets.core.stopping import GOING_AWAY, LAST_SECONDS, PATIENCE, stop

from .recognition import is_a

#: Seconds between two looks at whether uvicorn is about to stop.
LOOK_INTERVAL: Final = 0.25

#: Seconds that clients have to read what was sent to them, once all their handlers are through.
LAST_READING: Final = 1.0

# The event loop alone would not keep tasks alive.
_tasks: "set[asyncio.Task[None]]" = set()

#: Those that will be stopped.
_lanes: "weakref.WeakSet[Lane]" = weakref.WeakSet()


def stop_with_daphne(lane: Lane) -> None:
    """Let clients know when daphne stops. It cancels the applications by itself, but closes no connection."""
    if lane in _lanes:
        return
    _lanes.add(lane)
    from twisted.internet import defer, reactor

    def begin() -> "defer.Deferred[bool]":
        lane.shut_all(GOING_AWAY)  # at once: the applications are cancelled already, and end when the loop runs on
        return defer.Deferred.fromFuture(lane.loop.create_task(stop(lane)))

    reactor.addSystemEventTrigger("before", "shutdown", begin)  # type: ignore[arg-type]


def stop_with_uvicorn(lane: Lane) -> None:
    """Let handlers have an end when uvicorn stops. It closes the connections by itself, but waits without limit."""
    if lane in _lanes:
        return
    _lanes.add(lane)
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)  # whose method handles the signal
    if is_a(server, "uvicorn.server", "Server"):
        _look(server, lane)


def _look(server: Any, lane: Lane) -> None:
    if server.should_exit:
        task = lane.loop.create_task(_stop(server, lane))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    else:
        lane.loop.call_later(LOOK_INTERVAL, _look, server, lane)


async def _stop(server: Any, lane: Lane) -> None:
    limit = server.config.timeout_graceful_shutdown  # then it cancels everything, ``close`` handlers too
    patience = PATIENCE if limit is None else max(limit / 2, limit - LAST_SECONDS)
    await asyncio.sleep(2 * LOOK_INTERVAL)  # it tells the clients first, with a code of its own
    is_left = False
    try:
        is_left = await stop(lane, max(0.0, patience - 2 * LOOK_INTERVAL))
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
