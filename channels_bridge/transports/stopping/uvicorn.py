"""How connections end when uvicorn stops."""

import asyncio
from typing import Any, Final

from tornado_websockets.conf import stop_times
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.closing import SERVICE_RESTART
from tornado_websockets.core.stopping import CLOSE_HANDLER_SECONDS, HANDLER_SECONDS, Stop
from tornado_websockets.core.tasks import keep

from ..recognition import NeededNames, is_a, is_stop_known
from .signals import TakenSignals, owner_of_signals

#: What is needed of uvicorn's server, and documented nowhere; once it is started it also has ``servers``.
NEEDED: Final = NeededNames(
    "config.timeout_graceful_shutdown", "force_exit", "server_state.connections", "should_exit", "started"
)

#: Seconds between two looks at whether uvicorn is about to stop without a signal.
LOOK_INTERVAL: Final = 0.25

#: Seconds that clients have to read what was sent to them, once all their handlers are through.
LAST_READING: Final = 1.0


def serving_uvicorn() -> Any:
    """Uvicorn's server in this process, whose method handles the signals; ``None`` where another one serves."""
    server = owner_of_signals()
    return server if is_a(server, "uvicorn.server", "Server") else None


def stop_with_uvicorn(server: Any) -> None:
    """Take part in how ``server`` stops, from its event loop, unless its class looks different than it is known."""
    if is_stop_known(server, NEEDED, "uvicorn", "server"):
        UvicornStop(server)


class UvicornStop:
    """The stop of uvicorn, which closes connections by itself, all at once, and waits without limit for their handlers.

    To be made on its event loop.

    :param server: uvicorn's.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._stop: Stop | None = None
        self._signals = TakenSignals(self._loop, self._begin, self._hurry)
        self._signals.take()
        self._look()

    def _begin(self) -> None:
        if not self._server.started:  # nobody was served: uvicorn ends its start
            self._signals.hand_on()
        elif self._stop is None:
            self._stop = Stop(hub.shard(), SERVICE_RESTART, self._close_ports, stop_times())
            keep(self._loop.create_task(self._run(self._stop)))

    def _hurry(self) -> None:
        if self._stop is not None:
            self._stop.hurry()

    def _look(self) -> None:
        """Notice a stop that no signal has begun, by whoever has uvicorn's server in hand."""
        if self._stop is not None:
            return
        if self._server.should_exit:
            self._stop = Stop(hub.shard(), SERVICE_RESTART, self._close_ports)
            keep(self._loop.create_task(self._end(self._stop)))
        else:
            self._loop.call_later(LOOK_INTERVAL, self._look)

    def _close_ports(self) -> None:
        for server in self._server.servers:
            server.close()

    async def _run(self, stop: Stop) -> None:
        try:
            await stop.tell()
            await stop.heard()  # it closes everybody at once, without a reason
        finally:
            self._signals.hand_on()
        await self._end(stop, stop.patience)

    async def _end(self, stop: Stop, patience: float = HANDLER_SECONDS) -> None:
        limit = self._server.config.timeout_graceful_shutdown  # then it cancels everything, ``close`` handlers too
        if limit is not None:
            patience = max(limit / 2, limit - CLOSE_HANDLER_SECONDS)
        await asyncio.sleep(2 * LOOK_INTERVAL)  # it tells those who were not told, with the same code
        is_left = False
        try:
            is_left = await stop.end(max(0.0, patience - 2 * LOOK_INTERVAL))
            if is_left:
                await asyncio.sleep(LAST_READING)
                self._cut()
        finally:
            if not is_left:
                self._server.force_exit = True  # as a second Ctrl-C does

    def _cut(self) -> None:
        """Drop WebSockets whose clients do not read: uvicorn waits without limit for what it has for them.

        Requests that are being answered are left to it.
        """
        for connection in list(self._server.server_state.connections):
            if type(connection).__module__.startswith("uvicorn.protocols.websockets."):
                connection.transport.abort()
