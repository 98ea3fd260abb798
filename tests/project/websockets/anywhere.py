"""Numbers that are sent from wherever code may run: threads, other event loops, forked processes."""

import asyncio
import contextvars
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

anywhere = WebSocket("/anywhere")

THREADS = 8

Send = Callable[[str, Data], Any]


def publish_numbers(sender: str, count: int) -> None:
    """Publish the numbers below ``count``, signed by ``sender``."""
    _number(anywhere.publish, sender, count)


def publish_from_threads(count: int) -> None:
    """The same from 8 threads, and from the event loop of a ninth."""
    _in_threads(anywhere.publish, count)


def publish_after_fork(count: int) -> None:
    """The same from a forked process and from its parent, at a time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # since Python 3.12, where there are threads
        child = os.fork()
    if child == 0:
        publish_numbers("a forked process", count)
        os._exit(0)
    publish_numbers("its parent", count)
    os.waitpid(child, 0)


@anywhere.on
def emit_from_threads(data: Data) -> None:
    """Emit from 8 threads, and from the event loop of a ninth, all of them started by this handler."""
    _in_threads(anywhere.emit, data["count"])


def _in_threads(send: Send, count: int) -> None:
    async def on_loop() -> None:
        for number in range(count):
            await send("n", {"by": "another loop", "n": number})

    calls: list[Callable[[], None]] = [lambda: asyncio.run(on_loop())]
    calls += [lambda name=f"thread {number}": _number(send, name, count) for number in range(THREADS)]  # type: ignore[misc]
    threads = [threading.Thread(target=contextvars.copy_context().run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _number(send: Send, sender: str, count: int) -> None:
    for number in range(count):
        send("n", {"by": sender, "n": number})
