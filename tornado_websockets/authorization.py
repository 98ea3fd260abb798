"""Authorization: asks the ``authorize`` of an application whether a client may connect, for a limited time."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from . import conf
from .core.admission import log_refusal
from .core.cancellation import is_own_cancellation
from .core.counters import counters
from .core.dispatch import Run, call_in_thread, runs_on_loop
from .core.registry import PREFIX
from .core.workers import Workers
from .database import with_database

Authorize = Callable[[Any], Any]

logger = logging.getLogger("tornado_websockets")

#: Threads in which the sync ``authorize`` of one WebSocket may run at a time.
MOST_THREADS: Final = 8

#: How long each handshake that is being decided may take yet, by the id of its connection.
_deadlines: dict[str, asyncio.Timeout] = {}


class Authorization:
    """Who may connect to one WebSocket.

    A sync ``authorize`` is called in threads that belong to this WebSocket, so that neither its handlers nor the
    handshakes of another WebSocket wait for it.

    :param path: of the WebSocket.
    """

    def __init__(self, path: str) -> None:
        self._workers = Workers(f"{path} authorize", MOST_THREADS, with_database)

    async def is_granted(self, authorize: Authorize, socket: Any, run: Run | None = None) -> bool:
        """Whether ``authorize`` lets ``socket`` connect. Why it does not is logged.

        :param run: calls a sync ``authorize`` instead of our threads.
        """
        seconds: float = conf.get("AUTHORIZE_TIMEOUT")
        deadline = _deadlines[socket.id] = asyncio.timeout(seconds)
        try:
            async with deadline:
                is_granted = bool(await _ask(authorize, socket, run or self._run))
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
                raise
            if not deadline.expired():
                counters.connections_refused += 1
                logger.error("authorize failed (path %.64r, connection %s)", socket.path, socket.id, exc_info=error)
                return False
            is_granted = False
        finally:
            del _deadlines[socket.id]
        if not deadline.expired() and is_granted and not socket.closed:
            return True
        if not deadline.expired():
            log_refusal(PREFIX + socket.path, "it was closed meanwhile" if is_granted else "it is not authorized")
        elif not socket.closed:
            log_refusal(PREFIX + socket.path, f"authorize did not answer within {seconds:g} s (AUTHORIZE_TIMEOUT)")
        return False

    async def _run(self, call: Callable[[], Any]) -> Any:
        outcome = self._workers.run(call)
        try:
            return await outcome
        finally:
            self._workers.drop(outcome)


def abandon(socket: Any) -> None:
    """Wait no more for the answer to ``socket``, whose client has left, if there is one to come. On its event loop."""
    deadline = _deadlines.get(socket.id)
    if deadline is not None and not deadline.expired():
        deadline.reschedule(asyncio.get_running_loop().time())


async def _ask(authorize: Authorize, socket: Any, run: Run) -> Any:
    if runs_on_loop(authorize):
        answer = authorize(socket)
    else:
        answer = await run(partial(call_in_thread, authorize, socket))
    return await answer if inspect.isawaitable(answer) else answer
