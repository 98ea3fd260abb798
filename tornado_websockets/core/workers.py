"""Worker threads for handlers that may block: one WebSocket's own, so that it delays nobody else."""

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async

Call = Callable[[], Any]


class Workers:
    """At most ``concurrency`` threads, made when first needed.

    With one thread (the default of a WebSocket) its handlers can not overlap, by construction.

    :param name: of the threads, for whoever looks at a stack dump.
    :param around: calls what it is given, with whatever must happen before and after in the same thread.
    """

    def __init__(self, name: str, concurrency: int, around: Callable[[Call], Any]) -> None:
        self._name = name
        self._concurrency = concurrency
        self._around = around
        self._run: Callable[[Call], Awaitable[Any]] | None = None
        self._process = 0

    def run(self, call: Call) -> Awaitable[Any]:
        """Call in a worker thread, with the caller's context variables; ``async_to_sync`` finds its way back."""
        if self._run is None or self._process != os.getpid():  # threads do not survive a fork
            executor = ThreadPoolExecutor(self._concurrency, thread_name_prefix=f"WebSocket {self._name}")
            self._run = sync_to_async(self._around, thread_sensitive=False, executor=executor)
            self._process = os.getpid()
        return self._run(call)
