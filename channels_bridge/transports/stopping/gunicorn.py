"""How connections end when a worker of gunicorn's own kind for ASGI stops."""

import asyncio
import signal
import weakref
from collections.abc import Callable
from typing import Any, Final

from tornado_websockets.conf import stop_times
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.closing import SERVICE_RESTART
from tornado_websockets.core.stopping import CLOSE_HANDLER_SECONDS, LEAST_HANDLER_SECONDS, Stop, StopTimes
from tornado_websockets.core.tasks import keep

from ..recognition import NeededNames, is_stop_known

#: What is needed of gunicorn's worker, and documented nowhere.
NEEDED: Final = NeededNames("alive", "cfg.graceful_timeout", "handle_exit_signal", "handle_quit_signal", "servers")

#: Seconds between two looks at whether the worker is about to stop without a signal.
LOOK_INTERVAL: Final = 0.25

_known: "weakref.WeakSet[Any]" = weakref.WeakSet()


def stop_with_gunicorn(protocol: Any) -> None:
    """Take part in how the worker stops that serves a client, from its event loop.

    :param protocol: of the connection, in the sense of asyncio.
    """
    worker = getattr(protocol, "worker", None)
    if worker is None or worker in _known:
        return
    _known.add(worker)
    if is_stop_known(worker, NEEDED, "gunicorn", "worker"):
        GunicornStop(worker)


class GunicornStop:
    """The stop of a worker, which by itself tells no client, and waits for them all as long as its parent lets it.

    To be made on its event loop. SIGTERM means no haste however often it comes: the parent repeats it each second.

    :param worker: gunicorn's.
    """

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._stop: Stop | None = None
        self._leave: Callable[[], object] = worker.handle_exit_signal
        self._loop.add_signal_handler(signal.SIGTERM, self._begin)
        for number in (signal.SIGINT, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._hurry)
        self._look()

    def _begin(self) -> None:
        if self._stop is None:
            self._start(stop_times())

    def _hurry(self) -> None:
        """Tell everybody now. Requests that are being answered are not waited for then."""
        self._leave = self._worker.handle_quit_signal
        if self._stop is None:
            self._start(StopTimes(drain=0.0, handlers=LEAST_HANDLER_SECONDS))
        else:
            self._stop.hurry()

    def _start(self, times: StopTimes) -> None:
        self._stop = Stop(hub.shard(), SERVICE_RESTART, self._close_ports, times)
        keep(self._loop.create_task(self._run(self._stop)))

    def _look(self) -> None:
        """Notice a stop that no signal has begun, as after ``--max-requests``."""
        if self._worker.alive:
            self._loop.call_later(LOOK_INTERVAL, self._look)
        elif self._stop is None:
            self._start(StopTimes())

    async def _run(self, stop: Stop) -> None:
        try:
            await self._end(stop)
        finally:
            self._leave()

    async def _end(self, stop: Stop) -> None:
        await stop.tell()
        limit: float = self._worker.cfg.graceful_timeout  # then the parent kills the worker
        await stop.end(min(stop.patience, max(limit / 2, limit - CLOSE_HANDLER_SECONDS)))

    def _close_ports(self) -> None:
        for server in self._worker.servers:
            server.close()
