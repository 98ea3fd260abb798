"""How a Tornado server stops: its clients are told, and what runs gets time to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tornado.ioloop import IOLoop

from ..conf import stop_times
from ..core.delivery.hub import hub
from ..core.logger import logger
from ..core.protocol.closing import GOING_AWAY
from ..core.stopping import Stop
from ..core.tasks import cancel_others
from .wsgi import finish_answering

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer

#: Seconds that connections get at least to close, in which those that wait for nothing do.
LEAST_CLOSING_SECONDS: Final = 0.2


class Shutdown:
    """The stop of a server, which SIGTERM or SIGINT begins, once; another one has it wait no longer.

    :param server: takes no more clients then.
    """

    def __init__(self, server: HTTPServer | None) -> None:
        self._server = server
        self._stop: Stop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_late = False

    def wait_for_signals(self) -> None:
        """Begin to listen, on the event loop. Only the main thread gets signals; event loops on Windows take none."""
        with suppress(NotImplementedError, RuntimeError):
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self._on_signal)

    def leave_threads(self) -> None:
        """End the process where something did not end in time: Python would wait for its threads, however long."""
        if self._is_late:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(0)

    def _on_signal(self) -> None:
        if self._stop is None:
            self._stop = Stop(hub.shard(), GOING_AWAY, self._close_port, stop_times())
            self._task = asyncio.get_running_loop().create_task(self._run(self._stop))
        else:
            self._stop.hurry()

    def _close_port(self) -> None:
        if self._server is not None:
            self._server.stop()

    async def _run(self, stop: Stop) -> None:
        """End in order: no new clients, a close frame to each, their handlers, the rest, the loop."""
        try:
            await self._stop_serving(stop)
        finally:
            IOLoop.current().stop()

    async def _stop_serving(self, stop: Stop) -> None:
        await stop.tell()
        await stop.end()
        try:
            async with asyncio.timeout(stop.patience):
                await finish_answering()
        except TimeoutError:
            logger.warning("Stopping, although views are still running")
        if self._server is not None:
            await self._close_connections(self._server, stop.patience)
        self._is_late = stop.patience <= 0
        await cancel_others()

    async def _close_connections(self, server: HTTPServer, seconds: float) -> None:
        """Wait for what still serves them for ``seconds`` at most; not by a timeout, whose cancellation it swallows."""
        closing = asyncio.create_task(server.close_all_connections())
        await asyncio.wait([closing], timeout=max(seconds, LEAST_CLOSING_SECONDS))
        if not closing.done():
            logger.warning("Stopping, although requests are still being handled")
