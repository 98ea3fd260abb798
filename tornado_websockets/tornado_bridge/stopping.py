"""How a Tornado server stops: its clients are told, and what runs gets time to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tornado.ioloop import IOLoop

from ..core.delivery.hub import hub
from ..core.logger import logger
from ..core.stopping import HANDLER_SECONDS, stop
from ..core.tasks import cancel_others
from .wsgi import finish_answering

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer


class Shutdown:
    """The stop of a server, which SIGTERM or SIGINT begins, once.

    :param server: takes no more clients then.
    """

    def __init__(self, server: HTTPServer | None) -> None:
        self._server = server
        self._task: asyncio.Task[None] | None = None
        self._is_late = False

    def wait_for_signals(self) -> None:
        """Begin to listen, on the event loop. Only the main thread gets signals; event loops on Windows take none."""
        with suppress(NotImplementedError, RuntimeError):
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self._begin)

    def leave_threads(self) -> None:
        """End the process where something did not end in time: Python would wait for its threads, however long."""
        if self._is_late:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(0)

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stop())

    async def _stop(self) -> None:
        """End in order: no new clients, a close frame to each, their handlers, the rest, the loop."""
        try:
            await self._stop_serving()
        finally:
            IOLoop.current().stop()

    async def _stop_serving(self) -> None:
        if self._server is not None:
            self._server.stop()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HANDLER_SECONDS
        await stop(hub.shard())
        try:
            async with asyncio.timeout_at(deadline):
                await finish_answering()
        except TimeoutError:
            logger.warning("Stopping, although views are still running after %g seconds", HANDLER_SECONDS)
        self._is_late = loop.time() >= deadline
        if self._server is not None:
            await self._server.close_all_connections()
        await cancel_others()
